import type { Usage, UsageHistory } from '../../api/contract.ts';
import type { Engine } from '../../engines/engine.ts';
import type { MetricsReading } from '../metrics/read.ts';
import type { Log } from '../ports.ts';
import { stateOf, type ExperimentStore } from '../store/store.ts';

/** What asking for the present use of resources needs. */
export interface UsageReading {
  store: Pick<ExperimentStore, 'resolve' | 'state'>;
  engines: ReadonlyMap<string, Engine>;
  log: Log;
}

/** What the pods of an experiment take now. An engine that cannot say says nothing: nobody's work depends on it. */
export async function usageOf({ store, engines, log }: UsageReading, ref: string): Promise<Usage> {
  const id = store.resolve(ref);
  const { record, ended } = stateOf(store, id);
  const engine = engines.get(record.engine);
  if (ended || engine?.usage === undefined) return { pods: [] };
  try {
    return { pods: await engine.usage(id) };
  } catch (error) {
    log.warn({ err: error, experiment_id: id }, 'what the pods take is not known');
    return { pods: [] };
  }
}

/** What the pods of an experiment took, of one that has ended, too. */
export async function usageHistory({ store, metrics }: MetricsReading, ref: string): Promise<UsageHistory> {
  const id = store.resolve(ref);
  return { experiment_id: id, samples: await metrics.usage(id) };
}
