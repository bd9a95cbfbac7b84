import {
  explainPodEnd,
  type EndedPod,
  type Explanation,
  type PodEnd,
} from '../../../experiment/failure/explain.ts';
import type { Plan } from '../../../experiment/plan/plan.ts';
import { BUILD_CONTAINERS } from '../../../render/kubernetes/build/build-job.ts';
import { failedInit, lastMainEnd } from './containers.ts';
import { conditionOf } from './disruption.ts';
import { isOutOfMemory } from './out-of-memory.ts';
import { sayEnd, wasNotStarted } from './say-end.ts';
import type { SeenPod } from './seen-pod.ts';
import { explainEviction } from './explain-eviction.ts';
import type { PodView } from '../status/model.ts';

/** How a pod that has ended did so, in the terms of both engines. */
export function endOf(pod: SeenPod, gone: boolean): PodEnd {
  const ended = lastMainEnd(pod);
  const init = ended === null ? failedInit(pod) : null;
  if (init !== null) return notStarted(`${sayInit(init.name)} ${sayEnd(init.end)}`);
  if (ended === null) {
    const detail = gone || hadContainer(pod) ? null : pod.message;
    return detail === null ? { how: 'vanished' } : notStarted(detail);
  }
  if (wasNotStarted(ended)) return notStarted(ended.message ?? ended.reason ?? '');
  return { how: 'exited', code: ended.exitCode };
}

/** For the container or any process in it. */
export function wasOutOfMemory(pod: SeenPod): boolean {
  const end = lastMainEnd(pod);
  return end !== null && isOutOfMemory(end);
}

/** When a pod that has ended did so (ISO 8601), as exactly as its object tells. */
export function endedAt(pod: SeenPod): string | null {
  const ended = lastMainEnd(pod) ?? failedInit(pod)?.end ?? pod.main.state?.terminated;
  const finished = ended?.finishedAt;
  const ready = conditionOf(pod, 'Ready');
  const changed = ready?.status === 'False' ? ready.lastTransitionTime : undefined;
  return finished ?? pod.deletion?.at ?? changed ?? null;
}

/** Exit code of the main container; null: it never ran, or nobody saw its code. */
export function exitCodeOf({ end }: Pick<PodView, 'end'>): number | null {
  return end?.end.how === 'exited' ? end.end.code : null;
}

type Ended = Pick<PodView, 'pod' | 'byItself' | 'disrupted' | 'source' | 'end'> & { end: EndedPod };

/** Reason and sentence for a pod that failed, whoever ended it. */
export function explainEnd(view: Ended, plan: Plan): Explanation {
  const { end, pod, source } = view;
  if (!view.byItself && !end.evidence.out_of_memory) {
    const node = source?.node ?? null;
    const evicted = { pod, group: end.group, disruption: view.disrupted, code: exitCodeOf(view), node };
    return explainEviction(evicted, plan);
  }
  // What an init container lacks is nothing that the command is started with.
  const isCommand = source !== null && lastMainEnd(source) !== null;
  return end.end.how === 'not-started' && isCommand ? explainNotStarted(end) : explainPodEnd(end);
}

/** What a runtime says when there is no such program, or it is none. */
const ABSENT = /executable file not found|no such file or directory/i;
const NOT_EXECUTABLE = /permission denied|exec format error|is a directory/i;

function explainNotStarted(ended: EndedPod): Explanation {
  const { pod, end } = ended;
  const detail = end.how === 'not-started' ? end.detail : '';
  const path = /exec: "([^"]*)"/.exec(detail)?.[1];
  if (path === undefined) return explainPodEnd(ended);
  if (ABSENT.test(detail)) {
    return {
      reason: 'CommandNotFound',
      explanation: `${pod}: the image has no ${path}, which the command is started with (exit 128); use an image that has a shell`,
    };
  }
  if (NOT_EXECUTABLE.test(detail)) {
    return {
      reason: 'CommandNotExecutable',
      explanation: `${pod}: ${path} of the image, which the command is started with, cannot be executed (exit 128): ${detail}; check that the image was built for the nodes' architecture`,
    };
  }
  return explainPodEnd(ended);
}

/** `its init container x, which the cluster added,`; ours and KubeRay's are not called that. */
export function sayInit(name: string): string {
  return `its init container ${name}${isOwnInit(name) ? '' : ', which the cluster added,'}`;
}

/** Of a build, or KubeRay's. */
export function isOwnInit(name: string): boolean {
  return name === WAIT_FOR_HEAD || name === BUILD_CONTAINERS.upload;
}

/** KubeRay's, in worker pods. */
export const WAIT_FOR_HEAD = 'wait-gcs-ready';

function notStarted(detail: string): PodEnd {
  return { how: 'not-started', detail, disk_full: /no space left on device/i.test(detail) };
}

function hadContainer({ main }: SeenPod): boolean {
  return main.state?.terminated !== undefined || main.state?.running !== undefined;
}
