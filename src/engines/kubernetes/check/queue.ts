import type { EngineFinding } from '../../engine.ts';
import type { Looked } from './looked.ts';
import { isClusterError } from '../api/cluster-error.ts';
import { RESOURCES, type Condition, type KubeObject } from '../api/objects.ts';
import { addedAgain, missing, ok, warning } from './finding.ts';

interface LocalQueue extends KubeObject {
  spec?: { clusterQueue?: string };
  status?: { conditions?: Condition[] };
}

/** Kueue's queue, where one is set. */
export async function checkQueue({ engine, cluster, settings }: Looked): Promise<EngineFinding[]> {
  const { queue } = settings;
  if (queue === null) return [];
  const name = `queue: ${queue}`;
  const { namespace } = cluster;
  const hint = `a cluster admin installs Kueue and creates the LocalQueue ${queue} in ${namespace}; or ${addedAgain(engine)} without --queue`;
  try {
    const found = await cluster.get<LocalQueue>(RESOURCES.localQueues, queue);
    if (found === null)
      return [missing({ name, message: `there is no LocalQueue ${queue} in ${namespace}`, hint })];
    const active = found.status?.conditions?.find(({ type }) => type === 'Active');
    const leads = `leads to ${found.spec?.clusterQueue ?? 'no ClusterQueue'}`;
    if (active?.status !== 'False') return [ok({ name, message: leads })];
    const why = active.message ?? active.reason ?? 'it does not say why';
    return [
      warning({
        name,
        message: `${leads}, but is not active: ${why}`,
        hint: 'a cluster admin looks after it',
      }),
    ];
  } catch (error) {
    if (isClusterError(error, 403)) return [ok({ name, message: 'this user may not look at it' })];
    if (isClusterError(error, 404)) return [missing({ name, message: 'Kueue is not installed', hint })];
    throw error;
  }
}
