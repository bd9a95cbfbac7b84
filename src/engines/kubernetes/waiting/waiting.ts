import { counted } from '../../../base/text/plural.ts';
import type { PodView, Sight, Waiting, WorkloadView } from '../status/model.ts';
import type { Observed } from '../watch/observed.ts';
import type { Workload } from '../workload/workload.ts';
import { whyCrashing, whyInitCrashing } from './crash-loop.ts';
import { CALM_WEIGHT, PREPARING, whyPending, type PodWait } from './pending.ts';
import { whyHeld } from './held.ts';
import { whyImageLacks } from './ray-image.ts';
import { whyNotCreated } from './refusals.ts';
import { tellSuspended } from './suspended.ts';

/** A pod that waits, and why. */
export interface WaitingPodView {
  sight: Sight;
  wait: PodWait;
}

interface Around {
  experimentId: string;
  observed: Observed;
  workload: Workload;
  view: WorkloadView;
  sights: readonly Sight[];
  now: Date;
}

/** Those of the pods that are to run now and do not, each with its reason. */
export function waitingPods(around: Around): WaitingPodView[] {
  if (around.view.state !== 'live' && around.view.state !== 'missing') return [];
  const waves = wavesNow(around.sights);
  return around.sights.flatMap((sight) => {
    const wait = whyWaits(sight, around, waves);
    return wait === null ? [] : [{ sight, wait }];
  });
}

const SOON: PodWait = { text: 'to be created', weight: 1, reason: null, patience: 'endless', since: null };

function whyWaits(sight: Sight, around: Around, waves: WavesNow): PodWait | null {
  const { observed, workload, experimentId } = around;
  const { latest, isOver, group } = sight;
  if (latest !== null) {
    if (latest.object.deleting) return null;
    if (isOver) return whyHeld(sight, around.now);
    const { source } = latest;
    const isStarting = !workload.copes(observed);
    const lacks = isStarting ? whyImageLacks(source, observed.events) : null;
    return (
      lacks ??
      whyCrashing(source, isStarting) ??
      whyInitCrashing(source, isStarting) ??
      whyPending({ pod: source, group, events: observed.events })
    );
  }
  if (workload.object(observed) === null) return null;
  if (comesLater(sight, waves)) return null;
  return whyNotCreated(observed.events, workload.owners(sight, observed, experimentId)) ?? SOON;
}

/** Of each job, by its index over all groups, the first wave that has pods that have not ended. */
type WavesNow = ReadonlyMap<number, number>;

function wavesNow(sights: readonly Sight[]): WavesNow {
  const waves = new Map<number, number>();
  for (const { planned, isOver } of sights) {
    const { global_job_index: job, wave } = planned;
    if (!isOver) waves.set(job, Math.min(wave, waves.get(job) ?? wave));
  }
  return waves;
}

/** A pod of a later wave starts when one before it has ended; the submitter when the whole cluster is up. */
function comesLater({ planned, group }: Sight, waves: WavesNow): boolean {
  return group.role === 'submitter' || planned.wave > (waves.get(planned.global_job_index) ?? 0);
}

interface AllPods extends Around {
  /** In the order of the sights. */
  pods: readonly Pick<PodView, 'pod' | 'fact'>[];
}

/** The worst of what pods wait for, with how many there are of it; null: none waits for anything. */
export function tellWaiting(waiting: readonly WaitingPodView[], around: AllPods): Waiting | null {
  if (around.view.state === 'suspended') {
    const { workload, observed, view } = around;
    return tellSuspended({
      workload: workload.object(observed),
      message: view.message,
      queued: observed.queued,
    });
  }
  const weight = Math.max(0, ...waiting.map(({ wait }) => wait.weight));
  const worst = waiting.filter(({ wait }) => wait.weight === weight);
  const [first] = worst;
  if (first === undefined) return null;
  const { text, reason, patience, quotes = false } = first.wait;
  const since = worst.flatMap(({ wait }) => wait.since ?? []).toSorted()[0] ?? null;
  const message =
    weight < CALM_WEIGHT ? tellStart(around, weight) : `${whoWaits(worst, waiting, around)}: ${text}`;
  return { message, reason, patience, since, pod: first.sight.planned.pod, ...(quotes && { quotes }) };
}

/** The usual way to a running experiment, in the words of the embedded engine where it goes the same way. */
function tellStart({ pods: all, sights }: AllPods, weight: number): string {
  const statuses = new Map(all.map(({ pod, fact }) => [pod, fact.status]));
  const nodes = sights.filter(({ group }) => group.role === 'head' || group.role === 'worker-group');
  const pods = nodes.length > 0 ? nodes : sights;
  const running = pods.filter(({ planned }) => statuses.get(planned.pod) === 'Running').length;
  const count = counted(pods.length, nodes.length > 0 ? 'node' : 'pod');
  if (nodes.length > 0 && running === nodes.length) return `the Ray cluster of ${count} is up`;
  const so =
    nodes.length > 0 ? `the Ray cluster starts: ${running} of ${count}` : `${running} of ${count} running`;
  return weight === PREPARING ? `${so}; for the rest the image is pulled and volumes are prepared` : so;
}

function whoWaits(
  worst: readonly WaitingPodView[],
  waiting: readonly WaitingPodView[],
  { pods, sights }: AllPods,
): string {
  // A node of Ray that has started runs, whatever became of its container.
  const waits = new Set(waiting.map(({ sight }) => sight.planned.pod));
  const running = pods.filter(({ pod, fact }) => fact.status === 'Running' && !waits.has(pod)).length;
  const [first] = worst.map(({ sight }) => sight.planned.pod);
  const before = running === 0 ? '' : `${running} of ${sights.length} pods running; `;
  if (worst.length === 1) return `${before}${first} waits`;
  const isRest = running > 0 && waits.size === worst.length && running + waits.size === sights.length;
  const count = running === 0 ? `${worst.length} of ${sights.length} pods` : `${worst.length}`;
  return `${before}${isRest ? 'the rest' : count} wait (${first}, …)`;
}
