import type { Condition, KubeObject, QueuedWorkload } from '../api/objects.ts';
import { QUEUE_LABEL } from '../api/objects.ts';
import type { Waiting } from '../status/model.ts';

interface Suspended {
  /** JobSet or RayJob. */
  workload: KubeObject | null;
  /** As its controller says it. */
  message: string | null;
  queued: QueuedWorkload | null;
}

/** Who holds a workload back, and why: a queue in its own words, or somebody by hand. */
export function tellSuspended({ workload, message, queued }: Suspended): Waiting {
  const queue = workload?.metadata?.labels?.[QUEUE_LABEL] ?? queued?.spec?.queueName;
  const waiting = { reason: null, patience: 'endless', since: null, pod: null } as const;
  if (queue === undefined) {
    const said = message === null || message === 'jobset is suspended' ? '' : ` (${message})`;
    const text = `the workload is suspended: whoever did that in the cluster has to let it go on${said}`;
    return { ...waiting, message: text, suspended: `it was suspended in the cluster${said}` };
  }
  const why = evictionOf(queued);
  // Its queue says only a moment later that it has taken the room back, too.
  if (why !== null && queued !== null && hasRoom(queued))
    return {
      ...waiting,
      message: `taken back by the queue ${queue}: ${why}`,
      suspended: `suspended by the queue ${queue}: ${why}`,
    };
  return {
    ...waiting,
    message: `queued in the cluster (queue ${queue}${placeOf(queued)}) ${reasonOf(queued)}`,
    suspended: `suspended by the queue ${queue}${why === null ? '' : `: ${why}`}`,
  };
}

/** Told to these numbers: far behind, each step would be a change to be told of. */
const FAR = [1000, 500, 200, 100, 50, 20, 10];

function placeOf(queued: QueuedWorkload | null): string {
  const place = queued?.place;
  if (place === undefined) return '';
  const far = FAR.find((each) => place > each);
  return far === undefined ? `, place ${place}` : `, place above ${far}`;
}

/** Its queue has let it go on. */
export function hasRoom(queued: QueuedWorkload): boolean {
  return conditionOf(queued, 'QuotaReserved', 'True') !== null;
}

function reasonOf(queued: QueuedWorkload | null): string {
  const said = conditionOf(queued, 'QuotaReserved', 'False')?.message?.trim() ?? '';
  if (queued?.spec?.active === false)
    return `but no longer considered there: ${said || 'it was deactivated'}`;
  if (queued !== null && hasRoom(queued)) return reasonWithRoom(queued);
  return said === '' ? 'until there is room' : `until there is room: ${said}`;
}

/** Its quota is reserved; others may have to agree, who make nodes for it or ask somebody. */
function reasonWithRoom({ status }: QueuedWorkload): string {
  const open = (status?.admissionChecks ?? []).filter(({ state }) => state !== 'Ready');
  const [check] = [...open.filter(({ state }) => state !== 'Pending'), ...open];
  if (check === undefined) return 'where there is room for it now';
  const { name, state, message = '' } = check;
  const said = message.trim() === '' ? '' : `: ${message.trim()}`;
  return `where there is room for it, until the admission check ${name} agrees (${state})${said}`;
}

/** What its queue took it back for; null: it did not, or does not say. */
function evictionOf(queued: QueuedWorkload | null): string | null {
  const evicted = conditionOf(queued, 'Evicted', 'True');
  return evicted?.message ?? evicted?.reason ?? null;
}

function conditionOf(queued: QueuedWorkload | null, type: string, status: string): Condition | null {
  const conditions = queued?.status?.conditions ?? [];
  return conditions.find((each) => each.type === type && each.status === status) ?? null;
}
