import type { Duplex } from 'node:stream';
import { AichorError } from '../../../errors.ts';
import type { ServiceName } from '../../../experiment/link.ts';
import { JUPYTER_PORT, RAY_DASHBOARD_PORT, TENSORBOARD_PORT } from '../../../operators/ports.ts';
import type { Cluster } from '../api/cluster.ts';
import { conditionOf } from '../pod/disruption.ts';
import { EXPERIMENT_LABEL, RESOURCES, type Pod } from '../api/objects.ts';
import { see, type SeenPod } from '../pod/seen-pod.ts';

/** Where each service is: in the pod that this label names, on this port of it. */
const PLACES: Record<ServiceName, { label: string; value: string; port: number }> = {
  tensorboard: { label: 'aichor.io/component', value: 'tensorboard', port: TENSORBOARD_PORT },
  ray: { label: 'ray.io/node-type', value: 'head', port: RAY_DASHBOARD_PORT },
  jupyter: { label: 'ray.io/node-type', value: 'head', port: JUPYTER_PORT },
};

/** The pod of an experiment that a service is in, and ready; the latest of several. Pure. */
export function servingPod(pods: readonly SeenPod[], name: ServiceName): SeenPod | null {
  const { label, value } = PLACES[name];
  return (
    pods
      .filter(
        (pod) =>
          pod.labels[label] === value &&
          pod.deletion === null &&
          conditionOf(pod, 'Ready')?.status === 'True',
      )
      .toSorted((a, b) => (a.createdAt ?? '').localeCompare(b.createdAt ?? ''))
      .at(-1) ?? null
  );
}

/** Label selector of the pods that may have it. */
export function serviceSelector(experimentId: string, name: ServiceName): string {
  const { label, value } = PLACES[name];
  return `${EXPERIMENT_LABEL}=${experimentId},${label}=${value}`;
}

/**
 * A connection to a service of an experiment, through the API server: whoever may not forward ports of the pod gets
 * none. Throws AichorError `not_found` when nothing serves it, ClusterError when the cluster does not let us.
 */
export async function reachService(
  cluster: Cluster,
  experimentId: string,
  name: ServiceName,
): Promise<Duplex> {
  const labelSelector = serviceSelector(experimentId, name);
  const { items } = await cluster.list<Pod>(RESOURCES.pods, { labelSelector });
  const pod = servingPod(items.map(see), name)?.name;
  if (pod !== undefined) return cluster.forward(pod, PLACES[name].port);
  throw new AichorError('not_found', `nothing serves ${name} of experiment ${experimentId} now`, {
    hint: `open it again: aichor experiments open ${experimentId} ${name}`,
  });
}
