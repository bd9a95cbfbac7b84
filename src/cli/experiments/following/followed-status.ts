import type { LogsOf } from '../../../client/streams/experiment-logs.ts';
import type { ExperimentRecord } from '../../../experiment/record.ts';
import type { LiveLines } from '../../print/experiments/live-lines.ts';
import type { Talk } from '../../runtime/talk.ts';
import { createStatusLine } from './status-line.ts';
import { waitForEnd } from '../wait.ts';

interface FollowedStatus {
  logs: LogsOf & { record: ExperimentRecord };
  live: LiveLines;
  talk: Talk;
  write(text: string): Promise<void>;
}

/**
 * A row below the lines of a log that is followed: where the experiment stands, how long already, and since when nothing
 * came. Gives the lines to be shown on instead, and the end of it, which leaves nothing on the screen.
 */
export function withStatus({ logs, live, talk, write }: FollowedStatus): {
  live: LiveLines;
  stop(): Promise<void>;
} {
  const { client, record, signal } = logs;
  const over = new AbortController();
  let text: string | null = null;
  const draw = (next: string | null) => {
    text = next;
    // A terminal that is gone is noticed by who writes the log.
    write(live.status(next)).catch(() => undefined);
  };
  const own: Talk = {
    ...talk,
    // The bars that the line would have below it are shown already.
    progress: (message) => draw(message.split('\n', 1)[0] ?? ''),
    settle: () => draw(null),
    notice(message) {
      write(live.clear()).catch(() => undefined);
      talk.notice(message);
      draw(text);
    },
  };
  const status = createStatusLine(own, record);
  const watched = waitForEnd({
    client,
    ids: [record.experiment_id],
    timeout: null,
    signal: AbortSignal.any([signal, over.signal]),
    onChange: (summary) => status.change(summary),
    onLost: () => undefined,
    // What goes wrong here goes wrong with the log as well, which tells it.
  }).catch(() => undefined);
  return {
    live: {
      ...live,
      show(lines) {
        for (const line of lines) status.line(line);
        return live.show(lines);
      },
    },
    async stop() {
      over.abort();
      await watched;
      status.stop();
      await write(live.clear());
    },
  };
}
