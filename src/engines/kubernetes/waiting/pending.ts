import type { ContainerStatus } from 'kubernetes-types/core/v1.js';
import type { EndedPod } from '../../../experiment/explain.ts';
import type { Reason } from '../../../experiment/status.ts';
import { isSidecar, mainContainer } from '../pod/containers.ts';
import { conditionOf } from '../pod/disruption.ts';
import type { Event, Pod } from '../api/objects.ts';
import { uidOf } from '../pod/labels.ts';
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
}

/** Weights below this are of what always comes before a pod runs. */
export const CALM_WEIGHT = 20;

/** What is known of a pod that waits. */
export interface WaitingPod {
  pod: Pod;
  group: EndedPod['group'];
  /** Of the experiment, oldest first. */
  events: readonly Event[];
}

/** Why a pod that is there does not run; null: it runs, has run, or will at once. */
export function whyPending({ pod, group, events }: WaitingPod): PodWait | null {
  if (pod.status?.phase !== 'Pending' && pod.status?.phase !== undefined) return null;
  const own = events.filter(({ involvedObject }) => involvedObject.uid === uidOf(pod));
  return whyUnscheduled(pod, group) ?? whyInInit(pod, own) ?? whyNotStarted(pod, own);
}

function whyUnscheduled(pod: Pod, group: EndedPod['group']): PodWait | null {
  const scheduled = conditionOf(pod, 'PodScheduled');
  if (scheduled?.status !== 'False') return null;
  const since = scheduled.lastTransitionTime ?? null;
  if (scheduled.reason === 'SchedulingGated') {
    const gates = pod.spec?.schedulingGates?.map(({ name }) => name).join(', ');
    const text = `held back by the scheduling gate ${gates ?? '(unnamed)'}, until whoever set it takes it away`;
    return { text, weight: 50, reason: null, patience: 'endless', since };
  }
  if (scheduled.reason !== 'Unschedulable') return null;
  const { message = 'no node takes it' } = scheduled;
  const hint = schedulingHint({ message, group, selectors: pod.spec?.nodeSelector ?? {} });
  const text = `${message}${hint === null ? '' : ` (${hint})`}`;
  return { text, weight: 60, reason: 'Unschedulable', patience: 'endless', since };
}

interface Trouble {
  weight: number;
  reason: Reason;
  patience: PodWait['patience'];
  says: (message: string, image: string | null) => string;
}

const PULL: Trouble = {
  weight: 80,
  reason: 'ImageNotFound',
  patience: 'limited',
  says: (message) =>
    `its image cannot be pulled: ${message}; check that it was pushed, and that the cluster may pull it (pull_secret of the engine)`,
};
const CONFIG: Trouble = {
  weight: 85,
  reason: 'StartFailed',
  patience: 'limited',
  says: (message) => `its container cannot be made: ${message}`,
};

/** Reasons for which a container waits that are troubles. */
const TROUBLES: Readonly<Record<string, Trouble>> = {
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

function whyInInit(pod: Pod, events: readonly Event[]): PodWait | null {
  const own = (pod.spec?.initContainers ?? []).filter((container) => !isSidecar(container));
  for (const { name, image } of own) {
    const status = pod.status?.initContainerStatuses?.find((each) => each.name === name);
    const { state } = status ?? {};
    if (state?.terminated?.exitCode === 0) continue;
    const trouble = troubleOf(pod, { status, image: image ?? null, events });
    if (trouble !== null) return trouble;
    const failed =
      state?.terminated ?? (state?.waiting === undefined ? undefined : status?.lastState?.terminated);
    if (failed !== undefined) return initFailed(name, failed.exitCode, status?.restartCount ?? 0);
    if (state?.running === undefined) return null;
    return { ...CALM, text: name === 'wait-gcs-ready' ? GCS : `its init container ${name} runs`, since: state.running.startedAt ?? null }; // prettier-ignore
  }
  return null;
}

const GCS = 'for the head of the Ray cluster to be ready';
/** Weight of pods that have a node, whose container is not there yet. */
export const PREPARING = 8;

const CALM = { weight: 10, reason: null, patience: 'endless' } as const;

function initFailed(name: string, code: number, restarts: number): PodWait {
  const again = restarts > 0 ? `, ${restarts + 1} times so far` : '';
  const text = `its init container ${name} ended with code ${code}${again}; its log says why`;
  return { text, weight: 40, reason: null, patience: 'endless', since: null };
}

interface Looked {
  status: ContainerStatus | undefined;
  image: string | null;
  events: readonly Event[];
}

function troubleOf(pod: Pod, { status, image, events }: Looked): PodWait | null {
  const { reason = '', message } = status?.state?.waiting ?? {};
  const trouble = TROUBLES[reason];
  if (trouble === undefined) return null;
  const { weight, patience } = trouble;
  const first = events.find((event) => event.reason === 'Failed' || event.reason === 'BackOff');
  const since = timeOf(first) ?? pod.status?.startTime ?? pod.metadata?.creationTimestamp ?? null;
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

function whyNotStarted(pod: Pod, events: readonly Event[]): PodWait | null {
  const { status, image } = mainContainer(pod);
  const trouble = troubleOf(pod, { status: status ?? undefined, image, events });
  if (trouble !== null) return trouble;
  if (status !== null && status.state?.waiting === undefined && status.state !== undefined) return null;
  const since = pod.metadata?.creationTimestamp ?? null;
  if (pod.spec?.nodeName === undefined) return { ...CALM, weight: 5, text: 'for a node', since };
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
