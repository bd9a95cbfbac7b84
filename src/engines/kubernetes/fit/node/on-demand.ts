import type { Taint, Toleration } from 'kubernetes-types/core/v1.js';
import type { Plan, Resources } from '../../../../experiment/plan/plan.ts';
import { CAPACITY_TYPE, renderPlacement } from '../../../../render/kubernetes/pod/placement.ts';
import type { KubernetesSettings } from '../../../../render/kubernetes/settings/settings.ts';
import type { NodeFacts } from './nodes.ts';

/** Groups of a plan whose pods go to on-demand nodes by default; none where nodes are not known. */
export function onDemandGroups(
  { groups }: Pick<Plan, 'groups'>,
  nodes: readonly NodeFacts[] | null,
  settings: KubernetesSettings,
): Set<string> {
  const wanting = groups.filter(({ resources }) => wantsOnDemand(resources, nodes ?? [], settings));
  return new Set(wanting.map(({ name }) => name));
}

/**
 * Whether pods are kept off spot nodes by default: where nodes that they might run on carry Karpenter's label. Where no
 * node would do yet and nodes come when they are needed, any node that carries it tells that Karpenter makes them.
 */
export function wantsOnDemand(
  resources: Resources,
  nodes: readonly NodeFacts[],
  settings: KubernetesSettings,
): boolean {
  if (!settings.on_demand) return false;
  const { nodeSelector = {}, tolerations = [] } = renderPlacement(resources, settings);
  if (nodeSelector[CAPACITY_TYPE] !== undefined) return false;
  const possible = nodes
    .filter(({ labels }) => matches(labels, nodeSelector))
    .filter(({ taints }) => taints.every((taint) => isTolerated(taint, tolerations)));
  const looked = possible.length === 0 && settings.autoscaling ? nodes : possible;
  return looked.some(({ labels }) => labels[CAPACITY_TYPE] !== undefined);
}

export function matches(labels: NodeFacts['labels'], selector: Record<string, string>): boolean {
  return Object.entries(selector).every(([key, value]) => labels[key] === value);
}

/** As the scheduler reads a toleration: without a key it means all of them, without an effect any. */
export function isTolerated(taint: Taint, tolerations: readonly Toleration[]): boolean {
  return tolerations.some(({ key, operator = 'Equal', value = '', effect }) => {
    if (effect !== undefined && effect !== '' && effect !== taint.effect) return false;
    if (key !== undefined && key !== '' && key !== taint.key) return false;
    return operator === 'Exists' || ((key ?? '') !== '' && value === (taint.value ?? ''));
  });
}
