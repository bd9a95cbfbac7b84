import type { OperatorName } from '../../operators/table.ts';
import type { Pattern, Profile } from './choices.ts';

/** One type of pods in the manifest that is written. */
export interface ScaffoldPodType {
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

/** What a new repository of an operator begins with; its program is `templates/main/<operator>.py.eta`. */
interface ScaffoldedOperator {
  /** One line for who chooses. */
  hint: string;
  /** What pyproject.toml declares (PEP 508). `onGpu`: the builds that bring CUDA. */
  libraries(choice: { onGpu: boolean }): string[];
  /** The types of `spec.types`, in the manifest's order. */
  types(profile: Profile): ScaffoldPodType[];
  /** What starts the program in a pod; `main` is what Python is given: `train.py`, `-m my_exp.main`. */
  command(profile: Profile, main: string): string;
  /** Flags of the image's `uv sync`. */
  syncFlags: string;
}

const SMALL = { cpus: 1, ramRatio: 2, shmSizeGB: 0, gpus: 0 };
const ONE_GPU = { cpus: 8, ramRatio: 4, shmSizeGB: 8, gpus: 1 };
const FOUR_GPUS = { cpus: 32, ramRatio: 4, shmSizeGB: 32, gpus: 4 };

const RESOURCES: Record<Profile, Omit<ScaffoldPodType, 'name' | 'count'>> = {
  cpu: SMALL,
  gpu: ONE_GPU,
  'multi-gpu': FOUR_GPUS,
  'multi-pod': SMALL,
};

/** One process in each pod of one type. */
const USUAL = {
  types: (profile: Profile): ScaffoldPodType[] => [
    { name: 'worker', count: profile === 'multi-pod' ? 2 : 1, ...RESOURCES[profile] },
  ],
  command: (_profile: Profile, main: string) => `python -u ${main}`,
  syncFlags: '--no-dev --no-install-project',
};

/** Operators that a new repository can start with, the plainest first. */
const OPERATORS = {
  jobset: {
    ...USUAL,
    hint: 'any number of pod types; the example needs the standard library only',
    libraries: () => [],
    types: (profile) =>
      profile === 'multi-pod'
        ? [
            { name: 'master', count: 1, ...SMALL },
            { name: 'worker', count: 3, ...SMALL },
          ]
        : USUAL.types(profile),
  },
  jax: {
    ...USUAL,
    hint: 'JAX processes joined by jax.distributed',
    // 0.5.3 is the first whose processes can add up numbers on CPUs without being told how.
    libraries: ({ onGpu }) =>
      onGpu
        ? ["jax[cuda12]>=0.5.3; sys_platform == 'linux'", "jax>=0.5.3; sys_platform != 'linux'", 'numpy']
        : ['jax>=0.5.3', 'numpy'],
  },
  pytorch: {
    ...USUAL,
    hint: 'PyTorch workers joined by torch.distributed',
    libraries: () => ['torch>=2.2'],
    // One process for each GPU, which its launcher starts.
    command: (profile, main) =>
      profile === 'multi-gpu'
        ? `python -u -m torch.distributed.run --nproc_per_node=${FOUR_GPUS.gpus} ${main}`
        : USUAL.command(profile, main),
  },
  xgboost: {
    ...USUAL,
    hint: 'XGBoost workers joined by its tracker',
    libraries: ({ onGpu }) =>
      onGpu
        ? ['numpy', 'xgboost>=2.1']
        : ['numpy', "xgboost-cpu>=2.1; sys_platform == 'linux'", "xgboost>=2.1; sys_platform != 'linux'"],
    // XGBoost uses one GPU in a process: several GPUs are several pods.
    types: (profile) =>
      profile === 'multi-gpu' ? [{ name: 'worker', count: 4, ...ONE_GPU }] : USUAL.types(profile),
  },
  kuberay: {
    ...USUAL,
    hint: 'a Ray cluster: head, workers, and your script as a job',
    libraries: () => [`ray[default]==${RAY_VERSION}`],
    types: (profile) => [{ name: 'Head', count: null, ...SMALL }, ...USUAL.types(profile)],
    // The image's own Python has pip and the like, which an exact sync would take away.
    syncFlags: '--no-dev --no-install-project --inexact',
  },
} as const satisfies Partial<Record<OperatorName, ScaffoldedOperator>>;

export type ScaffoldOperator = keyof typeof OPERATORS;
export const SCAFFOLD_OPERATORS = Object.keys(OPERATORS) as [ScaffoldOperator, ...ScaffoldOperator[]];
export const SCAFFOLDED: Readonly<Record<ScaffoldOperator, ScaffoldedOperator>> = OPERATORS;

/** The types of a jobset whose pods wait for each other: three pods that ask for what the profile says. */
export function patternTypes(pattern: Pattern, profile: Profile): ScaffoldPodType[] {
  const each = RESOURCES[profile];
  return pattern === 'wait-for-all'
    ? [{ name: 'worker', count: 3, ...each }]
    : [
        { name: 'coordinator', count: 1, ...SMALL },
        { name: 'worker', count: 2, ...each },
      ];
}

/**
 * Ray of the cluster and of the image must be the same: the manifest says it, pyproject.toml pins it. The newest that there
 * was, for every Python that can be chosen, when the templates were tried.
 */
export const RAY_VERSION = '2.60.0';
