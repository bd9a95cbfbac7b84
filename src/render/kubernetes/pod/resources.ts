import type { ResourceRequirements } from 'kubernetes-types/core/v1.js';
import type { Resources } from '../../../experiment/plan/plan.ts';
import { cpuQuantity, memoryQuantity } from './quantities.ts';
import type { KubernetesSettings } from '../settings/settings.ts';

const GPU_RESOURCE = 'nvidia.com/gpu';
const TPU_RESOURCE = 'google.com/tpu';

/** Requests and limits: memory is both, CPUs may burst to their limit, devices are whole and both. */
export function renderResources(resources: Resources, settings: KubernetesSettings): ResourceRequirements {
  const memory = memoryQuantity(resources.memory_gb);
  const { request, limit } = resources.ephemeral_storage;
  const devices = deviceQuantities(resources, settings);
  return {
    requests: {
      cpu: cpuQuantity(resources.cpus),
      memory,
      ...(request === null ? {} : { 'ephemeral-storage': request }),
      ...devices,
    },
    limits: {
      cpu: cpuQuantity(resources.cpu_limit),
      memory,
      ...(limit === null ? {} : { 'ephemeral-storage': limit }),
      ...devices,
    },
  };
}

function deviceQuantities(resources: Resources, settings: KubernetesSettings): Record<string, string> {
  const devices: Record<string, string> = {};
  if (resources.gpus > 0) devices[gpuResource(resources, settings)] = String(resources.gpus);
  if (resources.tpu) devices[TPU_RESOURCE] = String(resources.tpu.chips);
  for (const device of resources.rdma_devices) devices[`${settings.rdma.resource_prefix}/${device}`] = '1';
  return devices;
}

/** A MIG slice (`…-MIG-3g.40gb`) is the plain GPU resource, or one of its own where the cluster mixes sizes. */
function gpuResource(resources: Resources, { gpu }: KubernetesSettings): string {
  const slice = sliceOf(resources.gpu_product);
  return slice !== null && gpu.mig === 'mixed' ? `nvidia.com/mig-${slice}` : GPU_RESOURCE;
}

function sliceOf(product: string | null): string | null {
  return product?.match(/-MIG-(.+)$/)?.[1] ?? null;
}

/** The product as the node's label says it. */
export function gpuProductLabel(product: string, { gpu }: KubernetesSettings): string {
  return gpu.mig === 'mixed' ? product.replace(/-MIG-.+$/, '') : product;
}
