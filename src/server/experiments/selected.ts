import type { BulkResult, Selection } from '../../api/contract.ts';
import { AichorError, isAichorError } from '../../errors.ts';
import type { ExperimentSummary } from '../../experiment/record.ts';
import type { IdConditions } from '../store/conditions.ts';
import type { ExperimentStore } from '../store/store.ts';

/**
 * What a selection means: ids as they were named, or every experiment of this sweep with these labels (or all) that the deed can be
 * done to; `only` says which those are, so that what is not meant does not become an error.
 */
function selectedRefs(store: ExperimentStore, selection: Selection, only: IdConditions): string[] {
  const { ids, labels, sweep, all } = selection;
  const given = [ids, labels ?? sweep, all].filter((part) => part !== undefined);
  if (given.length !== 1) {
    throw new AichorError('usage', 'say which experiments are meant in exactly one way', {
      hint: 'give ids, or --label and --sweep, or --all',
    });
  }
  if (ids !== undefined) return [...new Set(ids)];
  return store.ids({ ...only, label: labels ?? [], ...(sweep !== undefined && { sweep }) });
}

/** What came of a deed to one experiment: it, or why it refused. */
export type Outcome = ExperimentSummary | AichorError;

interface Deed {
  selection: Selection;
  only: IdConditions;
  /** Does it to some experiments: what came of each, in their order. */
  act(ids: readonly string[]): Promise<Outcome[]>;
}

/** How many experiments are dealt with in one turn of the event loop. */
const SLICE = 100;

/** Does something to each selected experiment; one that refuses does not keep it from the others. */
export async function toSelected(
  store: ExperimentStore,
  { selection, only, act }: Deed,
): Promise<BulkResult> {
  const result: BulkResult = { experiments: [], errors: [] };
  const done = new Set<string>();
  const refs = selectedRefs(store, selection, only);
  for (let at = 0; at < refs.length; at += SLICE) {
    const slice = refs.slice(at, at + SLICE);
    const resolved = await outcomes(slice, (ref) => store.resolve(ref));
    for (const [index, id] of resolved.entries())
      if (isAichorError(id)) result.errors.push(refusal(slice[index] ?? '', id));
    const ids = [...new Set(resolved.filter((id) => typeof id === 'string'))].filter((id) => !done.has(id));
    for (const id of ids) done.add(id);
    for (const [index, outcome] of (await act(ids)).entries()) {
      if (isAichorError(outcome)) result.errors.push(refusal(ids[index] ?? '', outcome));
      else result.experiments.push(outcome);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  return result;
}

/** One after the other; what is refused is a value. */
export async function outcomes<T>(
  ids: readonly string[],
  act: (id: string) => T | Promise<T>,
): Promise<(T | AichorError)[]> {
  const all: (T | AichorError)[] = [];
  for (const id of ids) {
    try {
      all.push(await act(id));
    } catch (error) {
      if (!isAichorError(error)) throw error;
      all.push(error);
    }
  }
  return all;
}

function refusal(id: string, { code, message, hint }: AichorError): BulkResult['errors'][number] {
  return { id, code, message, hint };
}
