import { counted } from '../../../base/text/plural.ts';
import type { EngineFinding } from '../../engine.ts';
import type { Looked } from './looked.ts';
import { totalOf } from '../fit/capacity.ts';
import { gpuProducts, listNodes, type NodeFacts } from '../fit/node/nodes.ts';
import { addedAgain, ok, warning } from './finding.ts';

/** What the nodes have together, which GPUs, and what keeps pods away from them. Nothing where they are hidden. */
export async function checkNodes({ engine, cluster, settings }: Looked): Promise<EngineFinding[]> {
  const nodes = await listNodes(cluster);
  if (nodes === null) return [];
  const open = nodes.filter(({ schedulable }) => schedulable);
  const autoscaled = settings.autoscaling ? '; more come when they are needed' : '';
  if (open.length === 0) {
    const said = {
      name: 'nodes',
      message: `none of ${counted(nodes.length, 'node')} takes pods${closedNodes(nodes)}${autoscaled}`,
    };
    if (settings.autoscaling) return [ok(said)];
    const hint = `a cluster admin adds nodes; where they come when they are needed: ${addedAgain(engine)} and --set autoscaling=true`;
    return [warning({ ...said, hint })];
  }
  const { cpus, memory_gb, gpus } = totalOf(nodes);
  const closed = closedNodes(nodes);
  const message = `${counted(open.length, 'node')}: ${cpus} CPUs, ${memory_gb} GB of memory, ${counted(gpus, 'GPU')}${closed}${autoscaled}`;
  return [
    ok({ name: 'nodes', message }),
    ...checkProducts(engine, open, settings.gpu.product_label),
    ...checkTaints(open),
  ];
}

function closedNodes(nodes: readonly NodeFacts[]): string {
  const names = nodes.filter(({ cordoned }) => cordoned).map(({ name }) => name);
  return names.length === 0
    ? ''
    : `; closed (cordoned): ${names.slice(0, 5).join(', ')}${names.length > 5 ? ', …' : ''}`;
}

function checkProducts(engine: string, nodes: readonly NodeFacts[], label: string): EngineFinding[] {
  const products = gpuProducts(nodes, label);
  const unknown = products.get(null);
  const known = [...products].filter(
    (entry): entry is [string, { nodes: number; gpus: number }] => entry[0] !== null,
  );
  const name = 'GPU products';
  const listed = known.map(([product, sum]) => `${product} (${sum.gpus} on ${counted(sum.nodes, 'node')})`);
  return [
    ...(listed.length === 0 ? [] : [ok({ name, message: listed.join(', ') })]),
    ...(unknown === undefined
      ? []
      : [
          warning({
            name,
            message: `${counted(unknown.nodes, 'node')} with ${counted(unknown.gpus, 'GPU')} ${unknown.nodes === 1 ? 'has' : 'have'} no label ${label}: no manifest can ask for them`,
            hint: `a cluster admin installs the GPU feature discovery; or set the label that tells products here: ${addedAgain(engine)} and --set gpu.product_label=LABEL`,
          }),
        ]),
  ];
}

function checkTaints(nodes: readonly NodeFacts[]): EngineFinding[] {
  const counts = new Map<string, number>();
  for (const { taints } of nodes)
    for (const { key, value, effect } of taints) {
      const taint = `${key}${value === undefined || value === '' ? '' : `=${value}`}:${effect}`;
      counts.set(taint, (counts.get(taint) ?? 0) + 1);
    }
  if (counts.size === 0) return [];
  const listed = [...counts].map(([taint, number]) => `${taint} (${counted(number, 'node')})`).join(', ');
  const free = nodes.filter(({ taints }) => taints.length === 0).length;
  const said = { name: 'taints', message: `${listed}; ${counted(free, 'node')} without` };
  if (free > 0) return [ok(said)];
  return [
    warning({
      ...said,
      hint: 'pods without accelerators run only with extraTolerations in the manifest',
    }),
  ];
}
