import type { Group } from '../../../../experiment/plan/plan.ts';
import type { Finding, Path } from '../../../../manifest/diagnostic.ts';
import { amountPath, typePath } from '../../../../operators/engine-fit.ts';
import type { NodeFacts } from './nodes.ts';
import { parseQuantity } from '../quantity.ts';

interface Asked {
  /** As the pod's container asks for it. */
  requests: Record<string, string>;
  /** Those that its placement leaves. */
  nodes: readonly NodeFacts[];
  engine: string;
}

/** What a pod asks for that no node has as much of; or, when each has its node, that none has all of it. */
export function amountFindings(group: Group, { requests, nodes, engine }: Asked): Finding[] {
  const asked = Object.entries(requests).map(([name, text]) => ({
    name,
    text,
    amount: parseQuantity(text) ?? 0,
  }));
  const has = (node: NodeFacts, name: string) => node.allocatable[name] ?? 0;
  if (nodes.some((node) => asked.every(({ name, amount }) => amount <= has(node, name)))) return [];
  const excessive = asked.filter(({ name, amount }) => nodes.every((node) => amount > has(node, name)));
  if (excessive.length === 0) return [together(group, asked, engine)];
  return excessive.map(({ name, amount }) => {
    const largest = nodes.toSorted((a, b) => has(b, name) - has(a, name))[0];
    const most = largest === undefined ? 0 : has(largest, name);
    const words = wordsOf(name);
    const scope = nodes.length === 1 ? 'the only node it may run on' : 'the largest node it may run on';
    return {
      code: 'engine-too-small',
      path: placeOf(group, name),
      at: 'value',
      message: `a pod asks for ${shown(name, amount)} ${words}; ${most === 0 ? `no node of ${engine} that it may run on has any` : `${scope} in ${engine} (${largest?.name}) has ${shown(name, most)}`}`,
      hint: 'ask for less, or name another engine',
    };
  });
}

function together(group: Group, asked: readonly { name: string; amount: number }[], engine: string): Finding {
  const all = asked.map(({ name, amount }) => `${shown(name, amount)} ${wordsOf(name)}`).join(', ');
  return {
    code: 'engine-too-small',
    path: [...typePath(group, null), 'resources'],
    at: 'key',
    message: `no node of the engine ${engine} has all that a pod asks for: ${all}`,
    hint: 'each is there, on different nodes: ask for less of one of them',
  };
}

function wordsOf(name: string): string {
  if (name === 'cpu') return 'CPUs';
  if (name === 'memory') return 'GB of memory';
  if (name === 'ephemeral-storage') return 'GB of ephemeral storage';
  return name === 'nvidia.com/gpu' ? 'GPUs' : name;
}

/** Amounts as manifests say them: GB are 2^30 bytes. Of nodes no more than there is. */
function shown(name: string, amount: number): string {
  const isBytes = name === 'memory' || name === 'ephemeral-storage';
  return String(Math.floor((isBytes ? amount / 2 ** 30 : amount) * 100) / 100);
}

/** Where the manifest says how much of a resource a pod asks for. */
export function placeOf(group: Group, name: string): Path {
  const resources = [...typePath(group, null), 'resources'];
  if (name === 'cpu') return amountPath(group, 'cpus', null);
  if (name === 'memory') return amountPath(group, 'memory_gb', null);
  if (name === 'ephemeral-storage') return [...resources, 'ephemeralStorageRequest'];
  if (name === 'google.com/tpu') return [...resources, 'accelerators', 'tpu', 'tpuChipsCount'];
  return name.startsWith('nvidia.com/') ? amountPath(group, 'gpus', null) : [...resources, 'rdma', 'devices'];
}
