import type { EngineFinding } from '../../engine.ts';
import type { Looked } from './looked.ts';
import { isClusterError } from '../api/cluster-error.ts';
import { isHeld } from '../api/finalizer.ts';
import { EXPERIMENT_LABEL, RESOURCES } from '../api/objects.ts';
import { containersOf, see, type SeenPod } from '../pod/seen-pod.ts';
import { counted } from '../../../base/text/plural.ts';
import { warning } from './finding.ts';

/** For so long a pod's own control plane may need to read its log and let it go. */
const PATIENCE_MS = 600_000;

/** Pods that were to be deleted and are held by a control plane that is gone. */
export async function checkLeftovers({ cluster, now }: Looked): Promise<EngineFinding[]> {
  const pods = await listPods(cluster);
  const held = pods.filter((pod) => isHeld(pod) && isForgotten(pod, now));
  if (held.length === 0) return [];
  const names = held.slice(0, 3).map(({ name }) => name);
  const more = held.length > names.length ? ', …' : '';
  return [
    warning({
      name: 'leftovers',
      message: `${counted(held.length, 'pod')} held by a control plane that is gone: ${names.join(', ')}${more}`,
      hint: 'they are let go of as soon as an experiment runs on this engine',
    }),
  ];
}

async function listPods(cluster: Looked['cluster']): Promise<SeenPod[]> {
  try {
    return (await cluster.listAs(RESOURCES.pods, see, { labelSelector: EXPERIMENT_LABEL })).items;
  } catch (error) {
    if (isClusterError(error, 403)) return [];
    throw error;
  }
}

function isForgotten(pod: SeenPod, now: Date): boolean {
  if (pod.deletion === null) return false;
  const ended = containersOf(pod).every(({ state }) => state?.running === undefined);
  return ended && now.getTime() - Date.parse(pod.deletion.at) > PATIENCE_MS;
}
