import type { ContainerStateTerminated } from 'kubernetes-types/core/v1.js';
import type { EndedPod } from '../../../experiment/failure/explain.ts';
import type { Reason } from '../../../experiment/status.ts';
import { conditionOf } from '../pod/disruption.ts';
import type { Event } from '../api/objects.ts';
import type { SeenContainer, SeenPod } from '../pod/seen-pod.ts';
import { sayEnd, wasNotStarted } from '../pod/say-end.ts';
import { isOwnInit, sayInit, WAIT_FOR_HEAD } from '../pod/pod-end.ts';
import { schedulingHint } from './unschedulable.ts';

/** Why one pod does not run. */
export interface PodWait {
  /** What it waits for; the pod's name is put before it. */
  text: string;
  /** How bad it is: the largest of several pods is told. */
  weight: number;
  /** What the experiment fails with when it lasts; null: it may take any time. */
  reason: Reason | null;
  /** `none`: it can never heal. `limited`: it might. `endless`: it is normal. */
  patience: 'none' | 'limited' | 'endless';
  /** ISO 8601; null: unknown. */
  since: string | null;
  /** What the pod printed last says why. */
  quotes?: boolean;
}

/** Weights below this are of what always comes before a pod runs. */
export const CALM_WEIGHT = 20;

/** What is known of a pod that waits. */
export interface WaitingPod {
  pod: SeenPod;
  group: EndedPod['group'];
  /** Of the experiment, oldest first. */
  events: readonly Event[];
}

/** Why a pod that is there does not run; null: it runs, has run, or will at once. */
export function whyPending({ pod, group, events }: WaitingPod): PodWait | null {
  if (pod.phase !== 'Pending') return null;
  const own = events.filter(({ involvedObject }) => involvedObject.uid === pod.uid);
  return whyUnscheduled(pod, group) ?? whyInInit(pod, own) ?? whyNotStarted(pod, own);
}

function whyUnscheduled(pod: SeenPod, group: EndedPod['group']): PodWait | null {
  const scheduled = conditionOf(pod, 'PodScheduled');
  if (scheduled?.status !== 'False') return null;
  const since = scheduled.lastTransitionTime ?? null;
  if (scheduled.reason === 'SchedulingGated') {
    const gates = pod.gates.join(', ') || '(unnamed)';
    const text = `held back by the scheduling gate ${gates}, until whoever set it takes it away`;
    return { text, weight: 50, reason: null, patience: 'endless', since };
  }
  if (scheduled.reason !== 'Unschedulable') return null;
  const { message = 'no node takes it' } = scheduled;
  const hint = schedulingHint({ message, group, selectors: pod.selectors });
  const text = `${message}${hint === null ? '' : ` (${hint})`}`;
  return { text, weight: 60, reason: 'Unschedulable', patience: 'endless', since };
}

interface StartTrouble {
  weight: number;
  reason: Reason;
  patience: PodWait['patience'];
  says: (message: string, image: string | null) => string;
}

const PULL: StartTrouble = {
  weight: 80,
  reason: 'ImageNotFound',
  patience: 'limited',
  says: (message) =>
    `its image cannot be pulled: ${message}; check that it was pushed, and that the cluster may pull it (pull_secret of the engine)`,
};
/** The kubelet looks at the image's own user before anything runs, and has only its message for it. */
const NOT_ROOT =
  '; give the image a user with a number other than 0 (USER 1000), or set spec.securityContext.runAsUser';
const CONFIG: StartTrouble = {
  weight: 85,
  reason: 'StartFailed',
  patience: 'limited',
  says: (message) =>
    `its container cannot be made: ${message}${/runAsNonRoot/.test(message) ? NOT_ROOT : ''}`,
};

/** Reasons for which a container waits that are troubles. */
const TROUBLES: Readonly<Record<string, StartTrouble>> = {
  ErrImagePull: PULL,
  ImagePullBackOff: PULL,
  ErrImageNeverPull: {
    ...PULL,
    weight: 100,
    patience: 'none',
    says: (message) =>
      `${message}; put the image on the nodes, or let the engine pull it (image_pull_policy of the engine)`,
  },
  InvalidImageName: {
    ...PULL,
    weight: 100,
    patience: 'none',
    says: (message, image) => `${image ?? 'its image'} is no name of an image: ${message}; see builder.image`,
  },
  RegistryUnavailable: PULL,
  ImageInspectError: PULL,
  CreateContainerConfigError: CONFIG,
  CreateContainerError: CONFIG,
  RunContainerError: CONFIG,
};

function whyInInit(pod: SeenPod, events: readonly Event[]): PodWait | null {
  for (const container of pod.sidecars) {
    const { name, state, lastState, restarts } = container;
    const trouble = troubleOf(pod, container, events);
    if (trouble !== null) return ofAdded(name, trouble);
    const failed = state?.running === undefined ? lastState?.terminated : undefined;
    if (failed !== undefined) {
      const says = `kubectl logs ${pod.name} -c ${name} says why`;
      return initFailed(`its sidecar ${name}, which the cluster added,`, failed, { restarts, says });
    }
  }
  for (const container of pod.init) {
    const { name, state, lastState, restarts } = container;
    if (state?.terminated?.exitCode === 0) continue;
    const trouble = troubleOf(pod, container, events);
    if (trouble !== null) return isOwnInit(name) ? trouble : ofAdded(name, trouble);
    const failed = state?.terminated ?? (state?.waiting === undefined ? undefined : lastState?.terminated);
    if (failed !== undefined)
      return initFailed(sayInit(name), failed, { restarts, says: 'its log says why' });
    if (state?.running === undefined) return null;
    const since = state.running.startedAt ?? null;
    if (name === WAIT_FOR_HEAD) return { ...CALM, text: GCS, since };
    return { ...CALM, weight: CALM_WEIGHT, text: `${sayInit(name)} runs`, since };
  }
  return null;
}

/** Of a container that is not the manifest's: it is named, and the manifest has no cure for it. */
function ofAdded(name: string, { text, ...trouble }: PodWait): PodWait {
  return { ...trouble, text: `container ${name}, which the cluster added: ${text}` };
}

const GCS = 'for the head of the Ray cluster to be ready';
/** Weight of pods that have a node, whose container is not there yet. */
export const PREPARING = 8;

const CALM = { weight: 10, reason: null, patience: 'endless' } as const;

function initFailed(
  who: string,
  end: ContainerStateTerminated,
  { restarts, says }: { restarts: number; says: string },
): PodWait {
  const again = restarts > 0 ? `, ${restarts + 1} times so far` : '';
  const text = `${who} ${sayEnd(end)}${again}${wasNotStarted(end) ? '' : `; ${says}`}`;
  return { text, weight: 40, reason: null, patience: 'endless', since: null };
}

function troubleOf(pod: SeenPod, { state, image }: SeenContainer, events: readonly Event[]): PodWait | null {
  const { reason = '', message } = state?.waiting ?? {};
  const trouble = TROUBLES[reason];
  if (trouble === undefined) return null;
  const { weight, patience } = trouble;
  const first = events.find((event) => event.reason === 'Failed' || event.reason === 'BackOff');
  const since = timeOf(first) ?? pod.startedAt ?? pod.createdAt;
  return { text: trouble.says(message ?? reason, image), weight, patience, reason: trouble.reason, since };
}

/** Kept by the API server for an hour, so that the first may be gone: its time is in the later ones too. */
function timeOf(event: Event | undefined): string | null {
  return event?.firstTimestamp ?? event?.eventTime ?? null;
}

/** What a node meets before it has a container to start, by the reasons of its events. */
const BEFORE_START: Readonly<Record<string, string>> = {
  FailedMount: 'a volume cannot be mounted',
  FailedAttachVolume: 'a volume cannot be attached to its node',
  FailedMapVolume: 'a volume cannot be mapped',
  FailedCreatePodSandBox: "its node cannot set up the pod's network",
  FailedPodSandBoxStatus: "its node cannot see the pod's network",
  NetworkNotReady: "its node's network is not ready",
};

function whyNotStarted(pod: SeenPod, events: readonly Event[]): PodWait | null {
  const trouble = troubleOf(pod, pod.main, events);
  if (trouble !== null) return trouble;
  for (const container of pod.beside) {
    const added = troubleOf(pod, container, events);
    // The command runs all the same, and is what counts.
    if (added !== null) return { ...ofAdded(container.name, added), reason: null, patience: 'endless' };
  }
  const { state } = pod.main;
  if (state !== null && state.waiting === undefined) return null;
  const since = pod.createdAt;
  if (pod.node === null) return { ...CALM, weight: 5, text: 'for a node', since };
  const last = events.findLast(({ reason }) => BEFORE_START[reason ?? ''] !== undefined);
  if (last === undefined)
    return {
      ...CALM,
      weight: PREPARING,
      text: 'for its node to pull the image and prepare its volumes',
      since,
    };
  const text = `${BEFORE_START[last.reason ?? ''] ?? ''}: ${last.message ?? ''}`;
  return { text, weight: 45, reason: null, patience: 'endless', since: timeOf(last) };
}
