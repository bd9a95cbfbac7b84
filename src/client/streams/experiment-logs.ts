import type { LogQueryInput } from '../../api/contract.ts';
import type { ExperimentRecord } from '../../experiment/record.ts';
import type { LogFilter } from '../../logs/line.ts';
import type { Client } from '../client.ts';
import { logLines, rawLog, type LogStreamOptions } from './follow-logs.ts';
import { watchExperiments } from './watch.ts';

export interface LogsOf {
  client: Client;
  record: Pick<ExperimentRecord, 'experiment_id' | 'attempt' | 'pods'>;
  follow: boolean;
  signal: AbortSignal;
  /** The connection was lost and is being made again. */
  onReconnect(): void;
}

/** Conditions as flags give them. */
type Wanted = { [Key in keyof LogFilter]?: LogFilter[Key] | undefined };

/** The lines of an experiment's log, as `logLines` gives them. */
export function logLinesOf(logs: LogsOf, wanted: Wanted): AsyncGenerator<Uint8Array> {
  return logLines(streamOf(logs, wanted));
}

/**
 * The raw bytes of one pod: of the attempt that is asked for, else of its present one, and when that is followed
 * of those after it too.
 */
export async function* rawLogOf(
  logs: LogsOf,
  { pod, attempt: wanted }: { pod: string | undefined; attempt: number | undefined },
): AsyncGenerator<Uint8Array> {
  const { record, follow } = logs;
  const present = record.pods.find((known) => known.pod === pod)?.attempt ?? record.attempt;
  let attempt: number | null = wanted ?? present;
  while (attempt !== null) {
    yield* rawLog(streamOf(logs, { pod, attempt }));
    attempt = follow && wanted === undefined ? await attemptAfter(logs, attempt) : null;
  }
  // Bytes have no end in which something could be said of them.
  yield* logLinesOf({ ...logs, follow: false }, { pod, tail: 0 });
}

/** Waits for the next attempt; null when the experiment ends without one. */
async function attemptAfter(
  { client, record, signal, onReconnect }: LogsOf,
  attempt: number,
): Promise<number | null> {
  const query = { id: [record.experiment_id] };
  for await (const summary of watchExperiments({ client, query, signal, onLost: onReconnect })) {
    if (summary.attempt > attempt) return attempt + 1;
  }
  return null;
}

function streamOf({ client, record, follow, signal, onReconnect }: LogsOf, wanted: Wanted): LogStreamOptions {
  const query: LogQueryInput = Object.fromEntries(
    Object.entries(wanted).filter(([, value]) => value !== undefined),
  );
  return { open: (asked) => client.logs(record.experiment_id, asked), query, follow, signal, onReconnect };
}
