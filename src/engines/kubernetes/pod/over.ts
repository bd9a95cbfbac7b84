import type { Pod } from '../api/objects.ts';

/**
 * Nothing of a pod runs any more, nor will it. A pod that is deleted before a node has it never gets an end of its own.
 */
export function isOver({ metadata, spec, status }: Pod): boolean {
  const { phase } = status ?? {};
  if (phase === 'Succeeded' || phase === 'Failed') return true;
  if (metadata?.deletionTimestamp === undefined) return false;
  if (spec?.nodeName === undefined) return true;
  // The kubelet has let go of it, or somebody deleted it by force: then its containers may still be ending.
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  return (
    metadata.deletionGracePeriodSeconds === 0 && containers.every(({ state }) => state?.running === undefined)
  );
}
