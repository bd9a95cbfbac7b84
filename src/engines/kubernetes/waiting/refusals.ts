import type { PodWait } from './pending.ts';
import type { Event } from '../api/objects.ts';

/** Reasons of events that say that an object of the experiment cannot be created, whoever was to create it. */
const REFUSED: ReadonlySet<string> = new Set([
  'FailedCreate',
  'JobCreationFailed',
  'HeadlessServiceCreationFailed',
  'PVCCreationFailed',
  'FailedToCreateRayCluster',
  'FailedToCreateRayJobSubmitter',
  'FailedToCreateHeadPod',
  'FailedToCreateWorkerPod',
  'FailedToCreateService',
]);

/** No refusal: the API server, or somebody that it asks, could not answer. Events have no code, so their words decide. */
const PASSING =
  /stream error|INTERNAL_ERROR|connection refused|connection reset|i\/o timeout|context deadline exceeded|etcdserver|try again|EOF$/i;

/**
 * Why a pod that ought to be there is not: the latest refusal about its Job or about the whole workload, as the API
 * server said it, and who can grant it. Null: nothing was refused.
 */
export function whyNotCreated(events: readonly Event[], owners: ReadonlySet<string>): PodWait | null {
  const refused = events.filter(
    ({ reason, involvedObject }) => REFUSED.has(reason ?? '') && owners.has(involvedObject.name ?? ''),
  );
  const last = refused.at(-1);
  if (last === undefined) return null;
  const since = refused[0]?.firstTimestamp ?? refused[0]?.eventTime ?? null;
  const said = `the cluster does not create it: ${last.message ?? last.reason ?? ''}`;
  if (/exceeded quota/.test(last.message ?? '')) {
    const cure = "wait until others have ended, or ask the namespace's administrator to raise the quota";
    return { text: `${said}; ${cure}`, weight: 70, reason: 'Unschedulable', patience: 'endless', since };
  }
  if (/LimitRequestRatio|limit to request ratio/i.test(last.message ?? '')) {
    const cure = 'set resources.cpuLimitRatio to no more than that';
    return { text: `${said}; ${cure}`, weight: 75, reason: 'StartFailed', patience: 'limited', since };
  }
  if (PASSING.test(last.message ?? ''))
    return {
      text: `${said}; its controller tries again`,
      weight: 70,
      reason: null,
      patience: 'endless',
      since,
    };
  const cure = "ask the cluster's administrator to allow it";
  return { text: `${said}; ${cure}`, weight: 75, reason: 'StartFailed', patience: 'limited', since };
}
