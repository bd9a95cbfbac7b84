import { objectName } from '../../operators/object-name.ts';
import type { PodStatus } from '../../experiment/status.ts';
import type { Waiting, WorkloadView } from './attempt-view.ts';
import type { Observed } from './objects.ts';
import { whyPending, type PodWait } from './pending.ts';
import { whyNotCreated } from './refusals.ts';
import type { Sight } from './sight.ts';

const QUEUE_LABEL = 'kueue.x-k8s.io/queue-name';

/** A pod that waits, and why. */
export interface WaitingPodView {
  sight: Sight;
  wait: PodWait;
}

interface Around {
  experimentId: string;
  observed: Observed;
  workload: WorkloadView;
  sights: readonly Sight[];
}

/** Those of the pods that are to run now and do not, each with its reason. */
export function waitingPods(around: Around): WaitingPodView[] {
  if (around.workload.state !== 'live' && around.workload.state !== 'missing') return [];
  return around.sights.flatMap((sight) => {
    const wait = whyWaits(sight, around);
    return wait === null ? [] : [{ sight, wait }];
  });
}

const SOON: PodWait = { text: 'to be created', weight: 1, reason: null, patience: 'endless', since: null };

function whyWaits(sight: Sight, { observed, sights, experimentId }: Around): PodWait | null {
  const { latest, isOver, group } = sight;
  if (latest !== null) {
    if (isOver || latest.object.deleting) return null;
    return whyPending({ pod: latest.source, group, events: observed.events });
  }
  if (observed.jobset === null && observed.rayjob === null) return null;
  if (comesLater(sight, sights)) return null;
  return whyNotCreated(observed.events, ownersOf(sight, observed, experimentId)) ?? SOON;
}

/** A pod of a later wave starts when one before it has ended; the submitter when the whole cluster is up. */
function comesLater({ planned, group }: Sight, sights: readonly Sight[]): boolean {
  if (group.role === 'submitter') return true;
  return planned.wave > 0 && sights.some((each) => isBefore(each, planned) && !each.isOver);
}

function isBefore({ planned }: Sight, later: Sight['planned']): boolean {
  return planned.global_job_index === later.global_job_index && planned.wave < later.wave;
}

/** Names of the objects whose controllers were to create it. */
function ownersOf({ planned }: Sight, { rayjob }: Observed, experimentId: string): ReadonlySet<string> {
  const workload = objectName(experimentId);
  const cluster = rayjob?.status?.rayClusterName ?? workload;
  return new Set([workload, cluster, `${workload}-${planned.type}-${planned.job_index}`]);
}

/** The worst of what pods wait for, with how many there are of it; null: none waits for anything. */
export function tellWaiting(
  waiting: readonly WaitingPodView[],
  around: Around & { statuses: ReadonlyMap<string, PodStatus> },
): Waiting | null {
  const { workload, observed } = around;
  if (workload.state === 'suspended') return tellSuspended(workload, observed);
  const weight = Math.max(0, ...waiting.map(({ wait }) => wait.weight));
  const worst = waiting.filter(({ wait }) => wait.weight === weight);
  const [first] = worst;
  if (first === undefined) return null;
  const { text, reason, patience } = first.wait;
  const since = worst.flatMap(({ wait }) => wait.since ?? []).toSorted()[0] ?? null;
  const message = `${whoWaits(worst, waiting.length, around)}${/^(?:for|to) /.test(text) ? ' ' : ': '}${text}`;
  return { message, reason, patience, since, pod: first.sight.planned.pod };
}

function whoWaits(
  worst: readonly WaitingPodView[],
  waiting: number,
  { statuses, sights }: { statuses: ReadonlyMap<string, PodStatus>; sights: readonly Sight[] },
): string {
  const running = [...statuses.values()].filter((status) => status === 'Running').length;
  const [first] = worst.map(({ sight }) => sight.planned.pod);
  const before = running === 0 ? '' : `${running} of ${sights.length} pods running; `;
  if (worst.length === 1) return `${before}${first} waits`;
  const count = running === 0 ? `${worst.length} of ${sights.length} pods` : `${worst.length}`;
  const all = waiting === worst.length && running + waiting === sights.length && running > 0;
  return `${before}${all ? 'the rest' : count} wait (${first}, …)`;
}

function tellSuspended({ message }: WorkloadView, { jobset, rayjob }: Observed): Waiting {
  const queue = (jobset ?? rayjob)?.metadata?.labels?.[QUEUE_LABEL];
  const said = message === null || message === 'jobset is suspended' ? '' : ` (${message})`;
  const text =
    queue === undefined
      ? `the workload is suspended: whoever did that in the cluster has to let it go on${said}`
      : `queued in the cluster (queue ${queue}) until there is room${said}`;
  return { message: text, reason: null, patience: 'endless', since: null, pod: null };
}
