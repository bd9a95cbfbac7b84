import type { Answers, Profile, ScaffoldOperator } from './answers.ts';

/** One type of pods in the manifest that is written. */
export interface PodType {
  name: string;
  /** Left out of the manifest for kuberay's head, which has none. */
  count: number | null;
  cpus: number;
  /** GB of memory for each CPU. */
  ramRatio: number;
  /** 0: the key is left out. */
  shmSizeGB: number;
  gpus: number;
}

const SMALL = { cpus: 1, ramRatio: 2, shmSizeGB: 0, gpus: 0 };
const ONE_GPU = { cpus: 8, ramRatio: 4, shmSizeGB: 8, gpus: 1 };
const FOUR_GPUS = { cpus: 32, ramRatio: 4, shmSizeGB: 32, gpus: 4 };

const RESOURCES: Record<Profile, Omit<PodType, 'name' | 'count'>> = {
  cpu: SMALL,
  gpu: ONE_GPU,
  'multi-gpu': FOUR_GPUS,
  'multi-pod': SMALL,
};

/** The types of `spec.types` for an operator and a profile, in the manifest's order. */
export function podTypes({ operator, profile }: Pick<Answers, 'operator' | 'profile'>): PodType[] {
  const resources = RESOURCES[profile];
  if (operator === 'jobset' && profile === 'multi-pod') {
    return [
      { name: 'master', count: 1, ...resources },
      { name: 'worker', count: 3, ...resources },
    ];
  }
  if (operator === 'kuberay') {
    return [
      { name: 'Head', count: null, ...SMALL },
      { name: 'worker', count: profile === 'multi-pod' ? 2 : 1, ...resources },
    ];
  }
  // XGBoost uses one GPU in a process: several GPUs are several pods.
  if (operator === 'xgboost' && profile === 'multi-gpu') return [{ name: 'worker', count: 4, ...ONE_GPU }];
  return [{ name: 'worker', count: profile === 'multi-pod' ? 2 : 1, ...resources }];
}

/**
 * The command of the manifest. PyTorch uses one process for each GPU, which its launcher starts; everything else
 * is one process in a pod.
 */
export function command(
  { operator, profile }: { operator: ScaffoldOperator; profile: Profile },
  main: string,
): string {
  if (operator === 'pytorch' && profile === 'multi-gpu') {
    return `python -u -m torch.distributed.run --nproc_per_node=${FOUR_GPUS.gpus} ${main}`;
  }
  return `python -u ${main}`;
}
