import type { Group } from '../../experiment/plan/plan.ts';
import type { VertexAiSpec, VertexWorkerPool } from '../../manifest/manifest.ts';
import type { Distribution } from './distribution.ts';

/**
 * Google's worker pools, named as Vertex AI names them. CPUs and memory are those of the machine type, which
 * only Google knows: they are given as 0. Neither of our engines runs this operator.
 */
export function planVertexAi({ workerPoolSpecs }: VertexAiSpec): Distribution {
  return {
    groups: workerPoolSpecs.map(poolGroup).filter((group) => group.replicas > 0),
    coordinator: null,
    firstPod: null,
  };
}

function poolGroup(pool: VertexWorkerPool, index: number): Group {
  return {
    name: `workerpool${index}`,
    role: 'pod',
    replicas: pool.replicaCount,
    completions: 1,
    parallelism: 1,
    resources: {
      cpus: 0,
      memory_gb: 0,
      cpu_limit: 0,
      shm_gb: 0,
      gpus: pool.acceleratorCount,
      gpu_product: pool.acceleratorType,
      tpu: null,
      rdma_devices: [],
      selectors: { machineType: pool.machineType },
      tolerations: [],
      ephemeral_storage: { request: null, limit: null },
    },
    env: [],
    ray_start_params: {},
  };
}
