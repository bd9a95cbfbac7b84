import type { OperatorName } from '../operators/name.ts';

/** Operators that a new repository can start with, the plainest first. */
export const SCAFFOLD_OPERATORS = [
  'jobset',
  'jax',
  'pytorch',
  'xgboost',
  'kuberay',
] as const satisfies OperatorName[];
export type ScaffoldOperator = (typeof SCAFFOLD_OPERATORS)[number];

/** What the pods ask for. */
export const PROFILES = ['cpu', 'gpu', 'multi-gpu', 'multi-pod'] as const;
export type Profile = (typeof PROFILES)[number];

/** Versions that every library the templates name has wheels for. */
export const PYTHON_VERSIONS = ['3.10', '3.11', '3.12', '3.13'] as const;
export type PythonVersion = (typeof PYTHON_VERSIONS)[number];

/** Taken when neither a flag nor a Python on PATH says otherwise. */
export const USUAL_PYTHON: PythonVersion = '3.12';

/** Everything `local-repo init` needs to know. */
export interface Answers {
  /** As typed; see `projectNames`. */
  name: string;
  operator: ScaffoldOperator;
  profile: Profile;
  python: PythonVersion;
  tensorboard: boolean;
}

/** What was given on the command line; undefined where nothing was. */
export type Given = { [Key in keyof Answers]?: Answers[Key] | undefined };

/** One line about each choice, for prompts and help. */
export const OPERATOR_HINTS: Record<ScaffoldOperator, string> = {
  jobset: 'any number of pod types; the example needs the standard library only',
  jax: 'JAX processes joined by jax.distributed',
  pytorch: 'PyTorch workers joined by torch.distributed',
  xgboost: 'XGBoost workers joined by its tracker',
  kuberay: 'a Ray cluster: head, workers, and your script as a job',
};

export const PROFILE_HINTS: Record<Profile, string> = {
  cpu: 'one pod, CPUs only',
  gpu: 'one pod with one GPU',
  'multi-gpu': 'several GPUs for one experiment',
  'multi-pod': 'several pods, CPUs only',
};

/** `3.12` of `Python 3.12.4`, when it is one that can be chosen; else null. */
export function knownPython(versionText: string): PythonVersion | null {
  const minor = /\b(3\.\d+)\b/.exec(versionText)?.[1];
  return PYTHON_VERSIONS.find((version) => version === minor) ?? null;
}
