import type { PodSpec, Toleration } from 'kubernetes-types/core/v1.js';
import type { Resources } from '../../../experiment/plan/plan.ts';
import { gpuProductLabel } from './resources.ts';
import type { KubernetesSettings } from '../settings/settings.ts';

/** Karpenter's label of nodes: whether they are taken away when others pay more. */
export const CAPACITY_TYPE = 'karpenter.sh/capacity-type';

const ON_DEMAND = { [CAPACITY_TYPE]: 'on-demand' };

interface PlacementDefaults {
  /** The nodes that it may run on are told apart by Karpenter's label. Default: they are not. */
  onDemand?: boolean;
}

/** On which nodes a pod may run: the cluster's defaults, what its accelerator needs, and over both the user's. */
export function renderPlacement(
  resources: Resources,
  settings: KubernetesSettings,
  { onDemand = false }: PlacementDefaults = {},
): Pick<PodSpec, 'nodeSelector' | 'tolerations'> {
  const nodeSelector = {
    ...(onDemand ? ON_DEMAND : {}),
    ...settings.selectors,
    ...acceleratorSelectors(resources, settings),
    ...resources.selectors,
  };
  const tolerations = [
    ...acceleratorTolerations(resources),
    ...resources.tolerations.map((each) => ({ ...each })),
  ];
  return {
    ...(Object.keys(nodeSelector).length > 0 ? { nodeSelector } : {}),
    ...(tolerations.length > 0 ? { tolerations } : {}),
  };
}

function acceleratorSelectors(resources: Resources, settings: KubernetesSettings): Record<string, string> {
  const selectors: Record<string, string> = {};
  if (resources.gpus > 0 && resources.gpu_product !== null) {
    selectors[settings.gpu.product_label] = gpuProductLabel(resources.gpu_product, settings);
  }
  if (resources.tpu) {
    selectors['cloud.google.com/gke-tpu-accelerator'] = resources.tpu.type;
    selectors['cloud.google.com/gke-tpu-topology'] = resources.tpu.topology;
  }
  return selectors;
}

/** Nodes with accelerators are kept free of other pods by a taint with the accelerator's resource name. */
function acceleratorTolerations(resources: Resources): Toleration[] {
  const gpu: Toleration = { key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' };
  const tpu: Toleration = { key: 'google.com/tpu', operator: 'Exists', effect: 'NoSchedule' };
  return [...(resources.gpus > 0 ? [gpu] : []), ...(resources.tpu ? [tpu] : [])];
}
