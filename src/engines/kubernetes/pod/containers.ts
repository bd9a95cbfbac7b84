import type { ContainerState, ContainerStateTerminated, ContainerStatus } from 'kubernetes-types/core/v1.js';
import type { Pod } from '../api/objects.ts';
import type { ContainerView } from '../status/pod-view.ts';

/** Names that our rendering (and KubeRay) give the container that does the work; what others add has other names. */
const MAIN_NAMES: ReadonlySet<string> = new Set(['main', 'ray-head', 'ray-worker', 'ray-job-submitter']);

/** The container that does the pod's work. */
export function mainContainer(pod: Pod): {
  name: string;
  image: string | null;
  status: ContainerStatus | null;
} {
  const containers = pod.spec?.containers ?? [];
  const main = containers.find(({ name }) => MAIN_NAMES.has(name)) ?? containers[0];
  const name = main?.name ?? 'main';
  const status = pod.status?.containerStatuses?.find((each) => each.name === name) ?? null;
  return { name, image: main?.image ?? null, status };
}

/** How its main container ended for good; null: it has not, or nothing is known of it. */
export function mainEnd(pod: Pod): ContainerStateTerminated | null {
  const { status } = mainContainer(pod);
  const ended = status?.state?.terminated ?? null;
  if (ended === null || !isKnown(ended)) return null;
  return isFinal(pod) || startsOnce(pod) ? ended : null;
}

/** How its main container ended last, started again since or not. */
export function lastMainEnd(pod: Pod): ContainerStateTerminated | null {
  const { status } = mainContainer(pod);
  const ended = status?.state?.terminated ?? status?.lastState?.terminated ?? null;
  return ended !== null && isKnown(ended) ? ended : null;
}

/** When its main container first started, as far as its last two states tell (ISO 8601); null: it has not. */
export function mainStart(pod: Pod): string | null {
  const { status } = mainContainer(pod);
  for (const state of [status?.lastState, status?.state]) {
    const start = state === undefined ? null : startOf(state);
    if (start !== null) return start;
  }
  return null;
}

/** Nothing of the pod will ever run again. */
export function isFinal({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

/** The kubelet lost the container; the code it writes then (137) was observed by nobody. */
function isKnown({ reason }: ContainerStateTerminated): boolean {
  return reason !== 'ContainerStatusUnknown';
}

function startsOnce({ spec, metadata }: Pod): boolean {
  const { restartPolicy = 'Never' } = spec ?? {};
  return restartPolicy === 'Never' || metadata?.deletionTimestamp !== undefined;
}

/** A container whose start failed has the start of the epoch. */
function startOf({ running, terminated }: ContainerState): string | null {
  const start = running?.startedAt ?? terminated?.startedAt ?? null;
  return start === null || start.startsWith('1970-') ? null : start;
}

/**
 * The containers whose logs are the pod's: the main one and those before it. Sidecars are somebody else's. In the
 * order in which they start.
 */
export function containerViews(pod: Pod, gone: boolean): ContainerView[] {
  const { name, status } = mainContainer(pod);
  const before = (pod.spec?.initContainers ?? []).filter((each) => !isSidecar(each));
  const statuses = pod.status?.initContainerStatuses ?? [];
  return [
    ...before.map((each) => {
      const found = statuses.find((one) => one.name === each.name);
      return viewOf(pod, { name: each.name, kind: 'init', status: found ?? null, gone });
    }),
    viewOf(pod, { name, kind: 'main', status, gone }),
  ];
}

/** A restart policy of its own marks it; kubernetes-types know a sidecar's only. */
export function isSidecar(container: { restartPolicy?: string }): boolean {
  return container.restartPolicy === 'Always';
}

interface Viewed {
  name: string;
  kind: ContainerView['kind'];
  status: ContainerStatus | null;
  gone: boolean;
}

function viewOf(pod: Pod, { name, kind, status, gone }: Viewed): ContainerView {
  const { state, restartCount = 0 } = status ?? {};
  const started = restartCount > 0 || (state !== undefined && startOf(state) !== null);
  const hasEnded =
    state?.terminated !== undefined && (kind === 'init' ? isInitOver(pod, state) : startsOnce(pod));
  return { name, kind, started, ended: gone || isFinal(pod) || hasEnded, restart: restartCount };
}

/** One that failed is started again, unless the pod is started only once. */
function isInitOver(pod: Pod, { terminated }: ContainerState): boolean {
  return terminated?.exitCode === 0 || startsOnce(pod);
}
