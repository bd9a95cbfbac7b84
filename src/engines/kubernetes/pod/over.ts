import { containersOf, type SeenPod } from './seen-pod.ts';

/**
 * Nothing of a pod runs any more, nor will it. A pod that is deleted before a node has it never gets an end of its own.
 */
export function isOver(pod: SeenPod): boolean {
  if (isFinal(pod)) return true;
  if (pod.deletion === null) return false;
  if (pod.node === null) return true;
  // The kubelet has let go of it, or somebody deleted it by force: then its containers may still be ending.
  return pod.deletion.graceS === 0 && containersOf(pod).every(({ state }) => state?.running === undefined);
}

/** Nothing of the pod will ever run again. */
export function isFinal({ phase }: SeenPod): boolean {
  return phase === 'Succeeded' || phase === 'Failed';
}
