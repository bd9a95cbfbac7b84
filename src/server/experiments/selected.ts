import type { BulkResult, Selection } from '../../api/contract.ts';
import { AichorError, isAichorError } from '../../errors.ts';
import type { ExperimentSummary } from '../../experiment/record.ts';
import type { IdConditions } from '../store/conditions.ts';
import type { ExperimentStore } from '../store/store.ts';

/**
 * What a selection means: ids as they were named, or every experiment with these labels (or all) that the deed can be
 * done to; `only` says which those are, so that what is not meant does not become an error.
 */
function selectedRefs(store: ExperimentStore, selection: Selection, only: IdConditions): string[] {
  const given = [selection.ids, selection.labels, selection.all].filter((part) => part !== undefined);
  if (given.length !== 1) {
    throw new AichorError('usage', 'say which experiments are meant in exactly one way', {
      hint: 'give ids, or --label, or --all',
    });
  }
  if (selection.ids !== undefined) return [...new Set(selection.ids)];
  return store.ids({ ...only, label: selection.labels ?? [] });
}

interface Deed {
  selection: Selection;
  only: IdConditions;
  /** Does it to one experiment; throws AichorError when that one refuses. */
  act(id: string): ExperimentSummary | Promise<ExperimentSummary>;
}

/** Does something to each selected experiment; one that refuses does not keep it from the others. */
export async function toSelected(
  store: ExperimentStore,
  { selection, only, act }: Deed,
): Promise<BulkResult> {
  const result: BulkResult = { experiments: [], errors: [] };
  const done = new Set<string>();
  for (const ref of selectedRefs(store, selection, only)) {
    try {
      const id = store.resolve(ref);
      if (done.has(id)) continue;
      done.add(id);
      result.experiments.push(await act(id));
    } catch (error) {
      if (!isAichorError(error)) throw error;
      result.errors.push(refusal(ref, error));
    }
  }
  return result;
}

function refusal(id: string, { code, message, hint }: AichorError): BulkResult['errors'][number] {
  return { id, code, message, hint };
}
