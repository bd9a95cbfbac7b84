import type { Client } from '../../client/client.ts';
import { AichorError } from '../../errors.ts';
import type { ExperimentRecord, Metrics } from '../../experiment/record.ts';
import type { PointRecord } from '../../metrics/metric-record.ts';
import type { Screen } from '../runtime/screen.ts';
import type { Drawn } from './plot.ts';

/** What `experiments metrics` prints: what the record has; with `--series` the points, of one name alone when one was given. */
export type MetricsDocument =
  | { experiment_id: string; metrics: Metrics; progress: ExperimentRecord['progress'] }
  | { experiment_id: string; metrics: { name: string; series: PointRecord[] }[] }
  | { name: string; series: PointRecord[] };

interface Wanted {
  names: readonly string[];
  series: boolean;
  plot: boolean;
  svg?: string | undefined;
}

/** The document, and what is to be drawn. Throws AichorError `not_found` for a name that there is not. */
export async function metricsDocument(
  client: Pick<Client, 'metrics'>,
  record: ExperimentRecord,
  { names, series, plot, svg }: Wanted,
): Promise<{ printed: MetricsDocument; drawn: Drawn[] }> {
  const { experiment_id: id, progress } = record;
  if (!series && !plot && svg === undefined)
    return { printed: { experiment_id: id, metrics: chosen(record, names), progress }, drawn: [] };
  const { metrics } = await client.metrics(id, names);
  const [only] = metrics;
  if (!series)
    return { printed: { experiment_id: id, metrics: chosen(record, names), progress }, drawn: metrics };
  const printed = names.length === 1 && only !== undefined ? only : { experiment_id: id, metrics };
  return { printed, drawn: metrics };
}

function chosen({ experiment_id: id, metrics }: ExperimentRecord, names: readonly string[]): Metrics {
  if (names.length === 0) return metrics;
  return Object.fromEntries(
    names.map((name) => {
      const metric = Object.hasOwn(metrics, name) ? metrics[name] : undefined;
      if (metric !== undefined) return [name, metric];
      const known = Object.keys(metrics).slice(0, 20).join(', ');
      throw new AichorError('not_found', `experiment ${id} has no metric ${JSON.stringify(name)}`, {
        hint: known === '' ? NOTHING_YET : `it has ${known}`,
      });
    }),
  );
}

const NOTHING_YET =
  'nothing has been read of metrics yet: tensorboardX keeps values for up to two minutes (flush_secs)';

/** The same for people. */
export async function metricsView(document: MetricsDocument, screen: Screen): Promise<string> {
  if (!('metrics' in document)) return drawnAll([document], screen);
  const { metrics } = document;
  if (Array.isArray(metrics)) return drawnAll(metrics, screen);
  if (Object.keys(metrics).length === 0) return `no metrics yet (${NOTHING_YET})`;
  const { metricsTable } = await import('./table.ts');
  return metricsTable(metrics, screen);
}

async function drawnAll(all: readonly Drawn[], screen: Screen): Promise<string> {
  const { plotText } = await import('./plot.ts');
  return all.map((drawn) => plotText(drawn, screen.width)).join('\n\n');
}
