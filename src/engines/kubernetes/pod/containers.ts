import type { ContainerState, ContainerStateTerminated } from 'kubernetes-types/core/v1.js';
import { isFinal, isOver } from './over.ts';
import type { SeenContainer, SeenPod } from './seen-pod.ts';

/** A container of a pod object, as far as its log is concerned. */
export interface ContainerView {
  name: string;
  /** `main`: runs the command (or a Ray node, or hands the job in); `init`: before it. */
  kind: 'main' | 'init';
  /** There is, or was, a process: its log can be asked for. */
  started: boolean;
  /** It ended and will not be started again. */
  ended: boolean;
  /** How often Kubernetes has started it again in this pod. */
  restart: number;
}

/** How its main container ended for good; null: it has not, or nothing is known of it. */
export function mainEnd(pod: SeenPod): ContainerStateTerminated | null {
  const ended = pod.main.state?.terminated ?? null;
  if (ended === null || !isKnown(ended)) return null;
  return isFinal(pod) || startsOnce(pod) ? ended : null;
}

/** How its main container ended last, started again since or not. */
export function lastMainEnd({ main }: SeenPod): ContainerStateTerminated | null {
  const ended = main.state?.terminated ?? main.lastState?.terminated ?? null;
  return ended !== null && isKnown(ended) ? ended : null;
}

/** When its main container first started, as far as its last two states tell (ISO 8601); null: it has not. */
export function mainStart({ main }: SeenPod): string | null {
  for (const state of [main.lastState, main.state]) {
    const start = state === null ? null : startOf(state);
    if (start !== null) return start;
  }
  return null;
}

/**
 * The init container that the pod failed of: `main` will never start. Null: there is none, or it is started again.
 */
export function failedInit(pod: SeenPod): { name: string; end: ContainerStateTerminated } | null {
  if (!isFinal(pod) && !startsOnce(pod)) return null;
  for (const { name, state } of pod.init) {
    const end = state?.terminated;
    if (end !== undefined && end.exitCode !== 0 && isKnown(end)) return { name, end };
  }
  return null;
}

/** How the pod ended by what it was given to do: of its main container, or of one that had to end before it. */
export function ownEnd(pod: SeenPod): ContainerStateTerminated | null {
  return mainEnd(pod) ?? failedInit(pod)?.end ?? null;
}

/** A sidecar that Kubernetes ends with the command takes less than this; or it does not end. */
const SIDECAR_MS = 2_000;

/**
 * Containers beside the main one that somebody added and that keep the pod from ending, though its work is done: ordinary
 * ones, and sidecars that do not end although Kubernetes has told them to.
 */
export function straysOf(pod: SeenPod, now: Date): readonly SeenContainer[] {
  const end = mainEnd(pod);
  if (isFinal(pod) || end === null) return [];
  const beside = pod.beside.filter(({ state }) => state?.terminated === undefined);
  const isLate = now.getTime() >= Date.parse(end.finishedAt ?? '') + SIDECAR_MS;
  return isLate ? [...pod.sidecars.filter(({ state }) => state?.running !== undefined), ...beside] : beside;
}

/** Nothing of it that is the experiment's runs any more, nor will it: what is left is somebody else's, and is told to end. */
export function isWorkOver(pod: SeenPod): boolean {
  return isOver(pod) || (pod.deletion !== null && mainEnd(pod) !== null);
}

/** `container a, which the cluster added,`; `containers a and b, …`. */
export function namedStrays(strays: readonly Pick<SeenContainer, 'name'>[]): string {
  const names = strays.map(({ name }) => name);
  const [last] = names.slice(-1);
  if (names.length < 2) return `container ${last}, which the cluster added,`;
  return `containers ${names.slice(0, -1).join(', ')} and ${last}, which the cluster added,`;
}

/** The kubelet lost the container; the code it writes then (137) was observed by nobody. */
function isKnown({ reason }: ContainerStateTerminated): boolean {
  return reason !== 'ContainerStatusUnknown';
}

function startsOnce({ restartPolicy, deletion }: SeenPod): boolean {
  return restartPolicy === 'Never' || deletion !== null;
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
export function containerViews(pod: SeenPod, gone: boolean): ContainerView[] {
  const isOver = gone || isFinal(pod);
  return [
    ...pod.init.map((each) => viewOf(each, 'init', isOver || isInitOver(pod, each))),
    viewOf(pod.main, 'main', isOver || (pod.main.state?.terminated !== undefined && startsOnce(pod))),
  ];
}

function viewOf({ name, state, restarts }: SeenContainer, kind: ContainerView['kind'], ended: boolean) {
  const started = restarts > 0 || (state !== null && startOf(state) !== null);
  return { name, kind, started, ended, restart: restarts };
}

/** One that failed is started again, unless the pod is started only once. */
function isInitOver(pod: SeenPod, { state }: SeenContainer): boolean {
  return state?.terminated !== undefined && (state.terminated.exitCode === 0 || startsOnce(pod));
}
