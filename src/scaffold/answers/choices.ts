/** What the pods of a new repository may ask for, and the Python it may have. */

/** What the pods ask for. */
export const PROFILES = ['cpu', 'gpu', 'multi-gpu', 'multi-pod'] as const;
export type Profile = (typeof PROFILES)[number];

/** Versions that every library the templates name has wheels for. */
export const PYTHON_VERSIONS = ['3.10', '3.11', '3.12', '3.13'] as const;
export type PythonVersion = (typeof PYTHON_VERSIONS)[number];

/** Taken when neither a flag nor a Python on PATH says otherwise. */
export const USUAL_PYTHON: PythonVersion = '3.12';

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

/** How the pods of a jobset wait for each other. */
export const PATTERNS = ['wait-for-all', 'coordinator'] as const;
export type Pattern = (typeof PATTERNS)[number];
