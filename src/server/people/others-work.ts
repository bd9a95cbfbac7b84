import type { Deed } from '../../api/team/audit-contract.ts';
import type { ExperimentStore } from '../store/store.ts';
import type { AuditTable } from '../store/tables/audit.ts';
import type { Caller } from './caller.ts';

interface Noting {
  store: Pick<ExperimentStore, 'state'>;
  audit: Pick<AuditTable, 'add'>;
}

interface Meant {
  deed: Extract<Deed, `experiment.${string}`>;
  ids: readonly string[];
  /** Which of them it can be done to: those that live, or those that have ended. */
  live: boolean;
}

/** Writes down what is about to be done to experiments that others submitted. What people do to their own is their affair. */
export function noteOthersWork(
  { store, audit }: Noting,
  { name }: Pick<Caller, 'name'>,
  { deed, ids, live }: Meant,
): void {
  const others = ids.flatMap((id) => {
    const state = store.state(id);
    return state === null || state.ended === live || state.record.submitted_by === name ? [] : [state.record];
  });
  audit.add(
    others.map(({ experiment_id: subject, submitted_by, project, message }) => ({
      by: name,
      deed,
      subject,
      details: { submitted_by, project, message: message.slice(0, 200) },
    })),
  );
}
