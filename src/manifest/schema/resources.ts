import * as z from 'zod';
import { count, filledText, optional, required, textMap } from './field.ts';

const gpu = z.strictObject({
  count: required(count(0), 'GPUs per pod; 0 asks for none.'),
  type: optional(z.string(), 'Always `gpu`.', 'gpu'),
  product: optional(
    filledText(),
    "The GPU's name as the engine's nodes are labelled with it, for example `NVIDIA-A100-SXM4-80GB`; MIG slices are products too.",
  ),
});

const tpu = z.strictObject({
  type: required(filledText(), 'TPU node type, for example `tpu-v5-lite-podslice`.'),
  topology: required(
    z.string().regex(/^\d+x\d+(x\d+)?$/, { error: 'must look like `2x2` or `2x2x4`' }),
    'Chips of a slice along each axis, for example `2x2`.',
  ),
  tpuChipsCount: required(count(1), 'Chips per VM. A slice has (product of the topology) ÷ this many VMs.'),
});

const toleration = z.strictObject({
  key: optional(
    z.string(),
    'Taint key; leave it out together with `operator: Exists` to tolerate everything.',
  ),
  operator: optional(z.enum(['Equal', 'Exists', 'Lt', 'Gt']), 'How key and value are compared.', 'Equal'),
  value: optional(z.string(), 'Taint value.'),
  effect: optional(
    z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']),
    'Taint effect; left out: every effect.',
  ),
  tolerationSeconds: optional(z.int(), 'With `NoExecute`: how long the pod may stay.'),
});

const accelerators = z.strictObject({
  gpu: optional(gpu, 'GPUs of each pod.'),
  tpu: optional(tpu, 'TPU slice: jax for one host, kuberay for several.'),
});

const rdma = z.strictObject({
  devices: optional(
    z.array(filledText()),
    'RDMA network devices, for example `sriov_a`; of use with more than one pod.',
  ),
});

/** What one pod asks for. */
export const resources = z.strictObject({
  cpus: required(z.number().gt(0), 'CPUs of each pod.'),
  memory: optional(z.number().gt(0), 'Memory of each pod in GB. Either this or `ramRatio`.'),
  ramRatio: optional(z.number().gt(0), 'Memory of each pod in GB per CPU. Either this or `memory`.'),
  cpuLimitRatio: optional(
    z.number().gte(1),
    'CPU limit as a multiple of `cpus`; 1 pins the limit to the request.',
    2,
  ),
  shmSizeGB: optional(z.number().gte(0), 'Size of /dev/shm in GB; counts against the memory. 0: none.'),
  accelerators: optional(accelerators, 'GPUs or TPUs.'),
  rdma: optional(rdma, 'Fast networking between pods.'),
  extraSelectors: optional(
    textMap(),
    'Further node labels that a node must have, for example `karpenter.sh/capacity-type: spot`.',
  ),
  extraTolerations: optional(z.array(toleration), 'Node taints that the pods tolerate.'),
  ephemeralStorageRequest: optional(
    filledText(),
    'Local disk asked for, a Kubernetes quantity such as `20Gi`.',
  ),
  ephemeralStorageLimit: optional(filledText(), 'Local disk at most, a Kubernetes quantity such as `50Gi`.'),
});

export type WrittenResources = z.infer<typeof resources>;
