import type { BulkResult, Selection } from '../../api/contract.ts';
import { AichorError } from '../../errors.ts';
import { stateOf, type ExperimentStore } from '../store/store.ts';
import type { Supervisor } from '../supervision/supervisor.ts';
import { summaryNow } from './get.ts';
import { toSelected } from './selected.ts';

/** What cancelling needs. */
export interface Cancelling {
  store: ExperimentStore;
  supervisor: Pick<Supervisor, 'cancel'>;
  now(): Date;
}

/**
 * Returns when the wish is recorded; the end comes later (at once for one that waits). Asking again is no mistake as
 * long as it lives; on a terminal one it is a `conflict`.
 */
export async function cancelExperiments(by: Cancelling, selection: Selection): Promise<BulkResult> {
  return toSelected(by.store, { selection, only: { live: true }, act: (id) => cancel(by, id) });
}

function cancel({ store, supervisor, now }: Cancelling, id: string) {
  const { ended, record } = stateOf(store, id);
  if (ended) {
    throw new AichorError('conflict', `experiment ${id} has ended already: ${record.status}`, {
      hint: 'there is nothing left to cancel',
    });
  }
  return summaryNow(supervisor.cancel(id), now());
}
