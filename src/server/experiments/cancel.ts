import type { BulkResult, Selection } from '../../api/contract.ts';
import { AichorError } from '../../errors.ts';
import type { ControlPlane } from '../control-plane.ts';
import { stateOf, summaryNow } from './get.ts';
import { toSelected } from './selected.ts';

/**
 * Returns when the wish is recorded; the end comes later (at once for one that waits). Asking again is no mistake as
 * long as it lives; on a terminal one it is a `conflict`.
 */
export async function cancelExperiments(plane: ControlPlane, selection: Selection): Promise<BulkResult> {
  return toSelected(plane.store, { selection, only: { live: true }, act: (id) => cancel(plane, id) });
}

function cancel({ store, supervisor, now }: ControlPlane, id: string) {
  const { ended, record } = stateOf(store, id);
  if (ended) {
    throw new AichorError('conflict', `experiment ${id} has ended already: ${record.status}`, {
      hint: 'there is nothing left to cancel',
    });
  }
  return summaryNow(supervisor.cancel(id), now());
}
