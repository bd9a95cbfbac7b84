import type { BulkResult, Selection } from '../../api/contract.ts';
import { AichorError, isAichorError } from '../../errors.ts';
import type { ExperimentState } from '../../experiment/state.ts';
import type { Caller } from '../people/caller.ts';
import { noteOthersWork } from '../people/others-work.ts';
import type { AuditTable } from '../store/tables/audit.ts';
import { stateOf, type ExperimentStore } from '../store/store.ts';
import type { Supervisor } from '../supervision/supervisor.ts';
import { summaryNow, type Times } from './get.ts';
import { outcomes, toSelected, type Outcome } from './selected.ts';

/** What cancelling needs. */
export interface Cancelling {
  store: ExperimentStore;
  supervisor: Pick<Supervisor, 'cancel'>;
  audit: Pick<AuditTable, 'add'>;
  engines: Times['engines'];
  now(): Date;
}

/**
 * Returns when the wish is recorded; the end comes later (at once for one that waits). Asking again is no mistake as
 * long as it lives; on a terminal one it is a `conflict`.
 */
export async function cancelExperiments(
  by: Cancelling,
  selection: Selection,
  caller: Caller,
): Promise<BulkResult> {
  const act = (ids: readonly string[]) => {
    noteOthersWork(by, caller, { deed: 'experiment.cancel', ids, live: true });
    return cancel(by, ids);
  };
  return toSelected(by.store, { selection, only: { live: true }, act });
}

async function cancel(by: Cancelling, ids: readonly string[]): Promise<Outcome[]> {
  const { store, supervisor } = by;
  const found = await outcomes(ids, (id) => liveState(store, id));
  const states = supervisor.cancel(ids.filter((_id, index) => !isAichorError(found[index])));
  return found.map((before, index) => {
    if (isAichorError(before)) return before;
    return summaryNow(by, states.get(ids[index] ?? '') ?? before);
  });
}

function liveState(store: ExperimentStore, id: string): ExperimentState {
  const state = stateOf(store, id);
  if (!state.ended) return state;
  throw new AichorError('conflict', `experiment ${id} has already ended: ${state.record.status}`, {
    hint: 'there is nothing left to cancel',
  });
}
