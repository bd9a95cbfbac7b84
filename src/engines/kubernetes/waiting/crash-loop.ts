import { lastMainEnd } from '../pod/containers.ts';
import type { SeenPod } from '../pod/seen-pod.ts';
import { isOwnInit, sayInit } from '../pod/pod-end.ts';
import { sayEnd } from '../pod/say-end.ts';
import type { PodWait } from './pending.ts';

/** With KubeRay's pause between two starts, that is more than a minute. */
const ENOUGH_RESTARTS = 3;

/**
 * A Ray node whose container ends again and again. Kubernetes goes on with that for ever, and KubeRay waits for it; so
 * it fails the experiment when the cluster never came to be. Once the job runs, it is Ray's to cope. Null: it does not.
 */
export function whyCrashing(pod: SeenPod, isStarting: boolean): PodWait | null {
  const { state, restarts } = pod.main;
  const end = lastMainEnd(pod);
  if (state?.waiting?.reason !== 'CrashLoopBackOff' || end === null) return null;
  const isMemory = end.reason === 'OOMKilled';
  return {
    text: `its container ${sayEnd(end)}, ${restarts + 1} times so far; its log says why`,
    weight: 90,
    reason: isMemory ? 'OutOfMemory' : 'NonZeroExit',
    patience: isStarting && restarts >= ENOUGH_RESTARTS ? 'none' : 'endless',
    since: end.finishedAt ?? null,
  };
}

/**
 * Likewise what somebody added to come before it, and that ends badly again and again: the pods of a JobSet fail of that at once. Null: it
 * does not, or the job runs.
 */
export function whyInitCrashing({ init }: SeenPod, isStarting: boolean): PodWait | null {
  const {
    name,
    restarts = 0,
    lastState,
  } = init.find((each) => !isOwnInit(each.name) && each.state?.waiting?.reason === 'CrashLoopBackOff') ?? {};
  const end = lastState?.terminated;
  if (!isStarting || name === undefined || end === undefined || restarts < ENOUGH_RESTARTS) return null;
  return {
    text: `${sayInit(name)} ${sayEnd(end)}, ${restarts + 1} times so far`,
    weight: 90,
    reason: 'StartFailed',
    patience: 'none',
    since: end.finishedAt ?? null,
    quotes: true,
  };
}
