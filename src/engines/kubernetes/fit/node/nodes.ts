import type { Node, Taint } from 'kubernetes-types/core/v1.js';
import { isClusterError } from '../../api/cluster-error.ts';
import type { Cluster } from '../../api/cluster.ts';
import { RESOURCES } from '../../api/objects.ts';
import { parseQuantity } from '../quantity.ts';

/** A node as far as it matters for what can run there. */
export interface NodeFacts {
  name: string;
  labels: Readonly<Record<string, string>>;
  /** Those that keep pods away. */
  taints: readonly Taint[];
  /** What pods may ask for: cores, bytes, devices, by the names of the resources. */
  allocatable: Readonly<Record<string, number>>;
  /** Ready, and not cordoned. */
  schedulable: boolean;
  /** Ready, but closed to new pods by somebody, until it is opened again. */
  cordoned: boolean;
}

/** Every node; null when this user may not list them. Throws ClusterError for the rest. */
export async function listNodes(cluster: Cluster): Promise<NodeFacts[] | null> {
  try {
    return (await cluster.list<Node>(RESOURCES.nodes)).items.map(nodeFacts);
  } catch (error) {
    if (isClusterError(error, 403)) return null;
    throw error;
  }
}

const CORDONED = 'node.kubernetes.io/unschedulable';

/** As they would be if nobody had cordoned any. */
export function uncordoned(nodes: readonly NodeFacts[]): NodeFacts[] {
  return nodes.map((node) => ({ ...node, schedulable: node.schedulable || node.cordoned }));
}

export function nodeFacts({ metadata, spec, status }: Node): NodeFacts {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';
  return {
    name: metadata?.name ?? '',
    labels: metadata?.labels ?? {},
    // That a node is cordoned is a taint of it too, and no pod's to tolerate.
    taints: (spec?.taints ?? []).filter(
      ({ key, effect }) => effect !== 'PreferNoSchedule' && key !== CORDONED,
    ),
    allocatable: amounts(status?.allocatable ?? status?.capacity ?? {}),
    schedulable: ready && spec?.unschedulable !== true,
    cordoned: ready && spec?.unschedulable === true,
  };
}

function amounts(quantities: Record<string, string>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(quantities).map(([name, quantity]) => [name, parseQuantity(quantity) ?? 0]),
  );
}

/** GPUs of a node, slices of them included. */
export function gpusOf({ allocatable }: NodeFacts): number {
  return Object.entries(allocatable)
    .filter(([name]) => name === 'nvidia.com/gpu' || name.startsWith('nvidia.com/mig-'))
    .reduce((sum, [, amount]) => sum + amount, 0);
}

/** Nodes with GPUs by their product, as the label says it; under null those without that label. */
export function gpuProducts(
  nodes: readonly NodeFacts[],
  label: string,
): Map<string | null, { nodes: number; gpus: number }> {
  const products = new Map<string | null, { nodes: number; gpus: number }>();
  for (const node of nodes) {
    const gpus = gpusOf(node);
    if (gpus === 0) continue;
    const product = node.labels[label] ?? null;
    const sum = products.get(product) ?? { nodes: 0, gpus: 0 };
    products.set(product, { nodes: sum.nodes + 1, gpus: sum.gpus + gpus });
  }
  return products;
}
