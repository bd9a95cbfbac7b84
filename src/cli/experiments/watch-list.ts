import type { ListQueryInput } from '../../api/contract.ts';
import type { Client } from '../../client/client.ts';
import { watchExperiments } from '../../client/streams/watch.ts';
import type { ExperimentSummary } from '../../experiment/record.ts';
import { isTerminal } from '../../experiment/status.ts';
import { onAlternateScreen, wholeScreen } from '../print/alternate-screen.ts';
import { statusCounts } from '../print/experiments/ended.ts';
import { experimentsTable } from '../print/experiments/list.ts';
import type { Screen } from '../runtime/screen.ts';

interface ListWatch {
  client: Client;
  query: ListQueryInput;
  columns: string | undefined;
  signal: AbortSignal;
  /** The terminal as it is now, drawn over and over; null: a line for each change. */
  screen: (() => Screen) | null;
  /** A change as a line of data. */
  line(summary: ExperimentSummary): string;
  write(text: string): Promise<void>;
  onLost(): void;
}

/** Ages go on while nothing changes. */
const DRAW_EVERY_MS = 1000;

/**
 * Shows a list and its changes until the signal is aborted. On a terminal that is the usual end, and no error: it returns.
 */
export async function showChanges({ screen, line, write, columns, ...watch }: ListWatch): Promise<void> {
  if (screen === null) {
    for await (const summary of watchExperiments(watch)) await write(`${line(summary)}\n`);
    return;
  }
  const shown = new Map<string, ExperimentSummary>();
  const draw = () =>
    write(watchedScreen([...shown.values()], { now: new Date(), screen: screen(), columns }));
  await onAlternateScreen(write, watch.signal, async () => {
    const clock = setInterval(() => void draw().catch(() => undefined), DRAW_EVERY_MS);
    try {
      for await (const summary of watchExperiments(watch)) {
        shown.set(summary.experiment_id, summary);
        await draw();
      }
    } finally {
      clearInterval(clock);
    }
  });
}

interface Watched {
  now: Date;
  screen: Screen;
  columns: string | undefined;
}

/** One screen: what lives first, then the newest; as many rows as fit, and a last line with how many there are of each. */
export function watchedScreen(
  experiments: readonly ExperimentSummary[],
  { now, screen, columns }: Watched,
): string {
  const height = screen.height ?? 24;
  const order = (one: ExperimentSummary) => (isTerminal(one.status) ? 2 : one.status === 'Waiting' ? 1 : 0);
  const inOrder = [...experiments].sort(
    (a, b) => order(a) - order(b) || (a.created_at < b.created_at ? 1 : -1),
  );
  // The head of the table, the totals, and no newline at the end, which would scroll.
  const rows = inOrder.slice(0, Math.max(1, height - 2));
  const hidden = inOrder.length - rows.length;
  const more = hidden > 0 ? `, ${hidden} not shown` : '';
  const totals =
    experiments.length === 0 ? '' : screen.colors.dim(`${statusCounts(inOrder)}${more} · Ctrl-C ends`);
  const lines = [...experimentsTable(rows, now, screen, columns).split('\n'), totals].slice(0, height);
  return wholeScreen(lines);
}
