import { counted } from '../../../../base/text/plural.ts';
import type { Taint, Toleration } from 'kubernetes-types/core/v1.js';
import type { Group } from '../../../../experiment/plan/plan.ts';
import { didYouMean } from '../../../../base/text/did-you-mean.ts';
import type { Finding, Path } from '../../../../manifest/diagnostic.ts';
import { typePath } from '../../../../operators/engine-fit.ts';
import { CAPACITY_TYPE, renderPlacement } from '../../../../render/kubernetes/pod/placement.ts';
import { gpuProductLabel, renderResources } from '../../../../render/kubernetes/pod/resources.ts';
import type { KubernetesSettings } from '../../../../render/kubernetes/settings/settings.ts';
import { amountFindings } from './fit-amounts.ts';
import { gpuProducts, type NodeFacts } from './nodes.ts';
import { isTolerated, matches, wantsOnDemand } from './on-demand.ts';

interface Where {
  nodes: readonly NodeFacts[];
  engine: string;
  settings: KubernetesSettings;
}

/**
 * Why no node can take a pod of a group; nothing when one can. Selectors, taints and amounts are looked at in turn, each
 * among the nodes that those before it leave: what leaves none is said. A GPU that does not exist is left out of the rest.
 */
export function groupFindings(group: Group, { nodes, engine, settings }: Where): Finding[] {
  const open = nodes.filter(({ schedulable }) => schedulable);
  const resources = [...typePath(group, null), 'resources'];
  if (open.length === 0) {
    const message = `the engine ${engine} has no node that takes pods (${counted(nodes.length, 'node')} in all)`;
    return [
      {
        code: 'engine-no-node',
        path: resources,
        at: 'key',
        message,
        hint: 'try again when its nodes are ready',
      },
    ];
  }
  const product = productFinding(group, { nodes: open, engine, settings });
  const onDemand = wantsOnDemand(group.resources, open, settings);
  const { nodeSelector = {}, tolerations = [] } = renderPlacement(group.resources, settings, { onDemand });
  if (product !== null) delete nodeSelector[settings.gpu.product_label];
  return [
    ...(product === null ? [] : [product]),
    ...placeFindings(group, { nodeSelector, tolerations }, { nodes: open, engine, settings }),
  ];
}

interface Placement {
  nodeSelector: Record<string, string>;
  tolerations: readonly Toleration[];
}

function placeFindings(
  group: Group,
  { nodeSelector, tolerations }: Placement,
  { nodes: open, engine, settings }: Where,
): Finding[] {
  const selected = open.filter(({ labels }) => matches(labels, nodeSelector));
  if (selected.length === 0) return [selectorFinding(group, nodeSelector, { nodes: open, engine, settings })];
  const usable = selected.filter(({ taints }) => taints.every((taint) => isTolerated(taint, tolerations)));
  if (usable.length === 0) return [taintFinding(group, selected, tolerations)];
  const requests = renderResources(group.resources, settings).requests ?? {};
  return amountFindings(group, { requests, nodes: usable, engine });
}

/** A GPU that no node has. Null: some has it, or none is named. */
function productFinding(group: Group, { nodes, engine, settings }: Where): Finding | null {
  const { gpus, gpu_product: product } = group.resources;
  if (gpus === 0 || product === null) return null;
  const label = gpuProductLabel(product, settings);
  const key = settings.gpu.product_label;
  if (nodes.some(({ labels }) => labels[key] === label)) return null;
  const known = [...gpuProducts(nodes, key).keys()].filter((name) => name !== null).sort();
  const meant = didYouMean(label, known);
  const there = known.length === 0 ? `it has no GPUs with the label ${key}` : `it has ${known.join(', ')}`;
  return {
    code: 'engine-gpu-product',
    at: 'value',
    path: [...typePath(group, null), 'resources', 'accelerators', 'gpu', 'product'],
    message: `the engine ${engine} has no GPU ${JSON.stringify(label)}`,
    hint: meant === null ? there : `did you mean "${meant}"? ${there}`,
  };
}

/** Selectors that no node has, or that no node has together. */
function selectorFinding(
  group: Group,
  selector: Record<string, string>,
  { nodes, engine, settings }: Where,
): Finding {
  const pairs = Object.entries(selector);
  const alone = pairs.find(([key, value]) => !nodes.some(({ labels }) => labels[key] === value));
  const said = { code: 'engine-no-node', at: 'value' } as const;
  if (alone === undefined) {
    const all = pairs.map(([key, value]) => `${key}=${value}`).join(' and ');
    const path = [...typePath(group, null), 'resources', 'extraSelectors'];
    const message = `no node of the engine ${engine} has all of ${all}`;
    return { ...said, path, message, hint: 'each of them is there, on different nodes' };
  }
  const [key, value] = alone;
  const values = [...new Set(nodes.flatMap(({ labels }) => labels[key] ?? []))].sort();
  const meant = didYouMean(value, values);
  const there = values.length === 0 ? 'no node has that label' : `there are ${values.join(', ')}`;
  const { path, whose } = selectorPlace(group, key, settings);
  return {
    ...said,
    path,
    message: `no node of the engine ${engine} has the label ${key}=${value}${whose}`,
    hint: meant === null ? there : `did you mean "${meant}"? ${there}`,
  };
}

/** Who asked for a label: the manifest, what its accelerators need, or the engine's own settings. */
function selectorPlace(
  group: Group,
  key: string,
  settings: KubernetesSettings,
): { path: Path; whose: string } {
  const resources = [...typePath(group, null), 'resources'];
  if (Object.hasOwn(group.resources.selectors, key))
    return { path: [...resources, 'extraSelectors', key], whose: '' };
  if (key === 'cloud.google.com/gke-tpu-accelerator')
    return { path: [...resources, 'accelerators', 'tpu', 'type'], whose: '' };
  if (key === 'cloud.google.com/gke-tpu-topology')
    return { path: [...resources, 'accelerators', 'tpu', 'topology'], whose: '' };
  const isSetting = Object.hasOwn(settings.selectors, key);
  if (key === CAPACITY_TYPE && !isSetting)
    return {
      path: resources,
      whose:
        ', which pods get by default where nodes carry that label (extraSelectors, or on_demand of the engine)',
    };
  return { path: resources, whose: isSetting ? ", which the engine's settings ask for" : '' };
}

function taintFinding(
  group: Group,
  nodes: readonly NodeFacts[],
  tolerations: readonly Toleration[],
): Finding {
  const unwanted = nodes.map(({ taints }) => taints.filter((taint) => !isTolerated(taint, tolerations)));
  const fewest = unwanted.toSorted((a, b) => a.length - b.length)[0] ?? [];
  const names = [...new Set(unwanted.flat().map(taintName))].sort();
  const which = counted(nodes.length, 'node');
  return {
    code: 'engine-taint',
    at: 'value',
    path: [...typePath(group, null), 'resources', 'extraTolerations'],
    message: `${which} would do, but ${nodes.length === 1 ? 'it keeps' : 'they keep'} pods away that do not tolerate ${names.join(', ')}`,
    hint: `set extraTolerations: [${fewest.map(tolerationFor).join(', ')}]`,
  };
}

function taintName({ key, value, effect }: Taint): string {
  return `${key}${value === undefined || value === '' ? '' : `=${value}`}:${effect}`;
}

function tolerationFor({ key, value, effect }: Taint): string {
  return value === undefined || value === ''
    ? `{key: "${key}", operator: Exists, effect: ${effect}}`
    : `{key: "${key}", operator: Equal, value: "${value}", effect: ${effect}}`;
}
