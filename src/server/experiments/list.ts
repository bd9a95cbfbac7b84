import type { ExperimentList, ListQuery } from '../../api/contract.ts';
import { atTime } from '../../experiment/summary.ts';
import type { ExperimentReading } from './get.ts';

/** One page, newest first. */
export function listExperiments({ store, now }: ExperimentReading, query: ListQuery): ExperimentList {
  const { experiments, next_cursor } = store.list(query);
  const time = now().toISOString();
  return { experiments: experiments.map((experiment) => atTime(experiment, time)), next_cursor };
}
