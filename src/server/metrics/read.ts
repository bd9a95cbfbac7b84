import type { ExperimentMetrics } from '../../api/contract.ts';
import { AichorError } from '../../errors.ts';
import type { ExperimentStore } from '../store/store.ts';
import type { MetricsService } from './metrics.ts';

/** What reading of metrics needs. */
export interface MetricsReading {
  store: Pick<ExperimentStore, 'resolve'>;
  metrics: Pick<MetricsService, 'series' | 'usage'>;
}

/** Names that a hint lists. */
const LISTED = 20;

/** The series of an experiment; with names, only these. Throws AichorError `not_found` for a name that there is not. */
export async function experimentMetrics(
  { store, metrics }: MetricsReading,
  ref: string,
  names: readonly string[],
): Promise<ExperimentMetrics> {
  const id = store.resolve(ref);
  const all = await metrics.series(id);
  const missing = names.find((name) => all.every((one) => one.name !== name));
  if (missing !== undefined) {
    const known = all.slice(0, LISTED).map(({ name }) => name);
    throw new AichorError('not_found', `experiment ${id} has no metric ${JSON.stringify(missing)}`, {
      hint:
        known.length === 0
          ? 'nothing has been read of metrics yet; docs/metrics.md says where they are looked for'
          : `it has ${known.join(', ')}`,
    });
  }
  return {
    experiment_id: id,
    metrics: names.length === 0 ? all : all.filter(({ name }) => names.includes(name)),
  };
}
