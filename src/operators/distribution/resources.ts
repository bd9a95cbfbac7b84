import type { Resources } from '../../experiment/plan/plan.ts';
import type { PodResources } from '../../manifest/manifest.ts';

/** Amounts for one pod. Products of decimal fractions are freed of their binary noise (0.1 × 3 is 0.3). */
export function planResources(resources: PodResources): Resources {
  const { gpu, tpu } = resources;
  return {
    cpus: resources.cpus,
    memory_gb: withoutNoise(resources.memory),
    cpu_limit: withoutNoise(resources.cpus * resources.cpuLimitRatio),
    shm_gb: resources.shmSizeGB,
    gpus: gpu?.count ?? 0,
    gpu_product: gpu?.product ?? null,
    tpu: tpu && { type: tpu.type, topology: tpu.topology, chips: tpu.tpuChipsCount },
    rdma_devices: [...resources.rdmaDevices],
    selectors: { ...resources.extraSelectors },
    tolerations: resources.extraTolerations.map((toleration) => ({ ...toleration })),
    ephemeral_storage: { request: resources.ephemeralStorageRequest, limit: resources.ephemeralStorageLimit },
  };
}

/** VMs of one TPU slice: product of its topology over the chips of a VM; 1 without a TPU. */
export function hostsPerSlice({ tpu }: PodResources): number {
  if (tpu === null) return 1;
  const chips = tpu.topology.split('x').reduce((product, side) => product * Number(side), 1);
  return Math.max(1, Math.round(chips / tpu.tpuChipsCount));
}

/** Bytes of an amount of manifest gigabytes: whole MiB, a GB read as 1024 of them. */
export function bytesOf(gigabytes: number): number {
  return Math.round(gigabytes * 1024) * 2 ** 20;
}

function withoutNoise(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
