import type { PodResources, Toleration } from '../manifest.ts';
import type { WrittenResources } from '../schema/resources.ts';

export function normaliseResources(written: WrittenResources): PodResources {
  const { gpu, tpu } = written.accelerators ?? {};
  return {
    cpus: written.cpus,
    memory: written.memory ?? rounded(written.cpus * (written.ramRatio ?? 0)),
    cpuLimitRatio: written.cpuLimitRatio ?? 2,
    shmSizeGB: written.shmSizeGB ?? 0,
    gpu: gpu && gpu.count > 0 ? { count: gpu.count, product: gpu.product ?? '' } : null,
    tpu: tpu ?? null,
    rdmaDevices: written.rdma?.devices ?? [],
    extraSelectors: written.extraSelectors ?? {},
    extraTolerations: (written.extraTolerations ?? []).map(toleration),
    ephemeralStorageRequest: written.ephemeralStorageRequest ?? null,
    ephemeralStorageLimit: written.ephemeralStorageLimit ?? null,
  };
}

function toleration(written: NonNullable<WrittenResources['extraTolerations']>[number]): Toleration {
  const { key, operator, value, effect, tolerationSeconds } = written;
  return {
    ...(typeof key === 'string' && { key }),
    ...(typeof operator === 'string' && { operator }),
    ...(typeof value === 'string' && { value }),
    ...(typeof effect === 'string' && { effect }),
    ...(typeof tolerationSeconds === 'number' && { tolerationSeconds }),
  };
}

/** 0.1 × 3 is 0.3 here. */
function rounded(amount: number): number {
  return Number(amount.toPrecision(12));
}
