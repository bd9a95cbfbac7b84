import type { ListQueryInput } from '../../api/contract.ts';
import type { Client } from '../../client/client.ts';
import { watchExperiments } from '../../client/watch.ts';
import type { ExperimentSummary } from '../../experiment/record.ts';
import { experimentsTable } from '../print/experiments/list.ts';
import type { Screen } from '../runtime/screen.ts';

interface ListWatch {
  client: Client;
  query: ListQueryInput;
  signal: AbortSignal;
  /** Where a table is drawn over and over; null: JSON lines. */
  screen: Screen | null;
  write(text: string): Promise<void>;
  onLost(): void;
}

/** Shows a list and its changes until the signal is aborted. */
export async function showChanges({ screen, write, ...watch }: ListWatch): Promise<void> {
  const drawing = screen && createDrawing(screen, watch.query.limit);
  for await (const summary of watchExperiments(watch)) {
    await write(drawing ? drawing(summary, new Date()) : `${JSON.stringify(summary)}\n`);
  }
}

/** Draws the whole table anew over the one before. */
function createDrawing(screen: Screen, limit: unknown): (summary: ExperimentSummary, now: Date) => string {
  const shown = new Map<string, ExperimentSummary>();
  let lines = 0;
  return (summary, now) => {
    shown.set(summary.experiment_id, summary);
    const newest = [...shown.values()]
      .sort((a, b) => (a.created_at < b.created_at ? 1 : -1))
      .slice(0, Number(limit));
    const drawn = experimentsTable(newest, now, screen);
    const back = lines === 0 ? '' : `\u001B[${lines}A\u001B[J`;
    lines = drawn.split('\n').length;
    return `${back}${drawn}\n`;
  };
}
