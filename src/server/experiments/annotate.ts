import type { Annotation, BulkResult } from '../../api/contract.ts';
import { stateOf, type ExperimentStore } from '../store/store.ts';
import { summaryNow, type Times } from './get.ts';
import { outcomes, toSelected } from './selected.ts';

/** What annotating needs. */
export interface Annotating {
  store: ExperimentStore;
  engines: Times['engines'];
  now(): Date;
}

/** Sets and removes labels of experiments, and their note; whether they run or have ended. Nothing else changes. */
export async function annotateExperiments(
  by: Annotating,
  { set_labels: labels, note, ...selection }: Annotation,
): Promise<BulkResult> {
  const { store } = by;
  const one = (id: string) => {
    stateOf(store, id);
    return summaryNow(by, store.annotate(id, { labels, note }));
  };
  return toSelected(store, { selection, only: {}, act: (ids) => outcomes(ids, one) });
}
