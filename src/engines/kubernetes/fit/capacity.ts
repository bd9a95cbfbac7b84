import type { EngineCapacity } from '../../engine.ts';
import type { Cluster } from '../api/cluster.ts';
import { gpusOf, listNodes, type NodeFacts } from './node/nodes.ts';
import { serverVersion } from '../api/server-version.ts';
import { troubleOf } from './trouble.ts';

const UNKNOWN = { cpus: null, memory_gb: null, gpus: null, max_experiments: null };

/** What all nodes have together that take pods. What cannot be reached is not healthy, and says why. */
export async function clusterCapacity(connect: () => Promise<Cluster>): Promise<EngineCapacity> {
  try {
    const cluster = await connect();
    // Asked once, where a list would be asked for again and again: who waits wants to know it soon.
    await serverVersion(cluster);
    const nodes = await listNodes(cluster);
    if (nodes !== null) return { ...totalOf(nodes), max_experiments: null, healthy: true, message: null };
    const message = 'nodes cannot be listed with these rights: what there is in all is not known';
    return { ...UNKNOWN, healthy: true, message };
  } catch (error) {
    const { message, hint } = troubleOf(error);
    return { ...UNKNOWN, healthy: false, message: `${message}; ${hint}` };
  }
}

/** Cores, GiB and GPUs of the nodes that take pods. */
export function totalOf(nodes: readonly NodeFacts[]): { cpus: number; memory_gb: number; gpus: number } {
  const open = nodes.filter(({ schedulable }) => schedulable);
  const sum = (amountOf: (node: NodeFacts) => number) =>
    open.reduce((total, node) => total + amountOf(node), 0);
  return {
    cpus: rounded(sum(({ allocatable }) => allocatable['cpu'] ?? 0)),
    memory_gb: rounded(sum(({ allocatable }) => allocatable['memory'] ?? 0) / 2 ** 30),
    gpus: sum(gpusOf),
  };
}

function rounded(amount: number): number {
  return Math.round(amount * 100) / 100;
}
