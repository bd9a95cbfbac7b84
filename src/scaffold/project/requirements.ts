import type { ScaffoldOperator } from '../answers/operators.ts';

/** Packages by which an operator is known, in the order in which they decide: Ray starts what else is there. */
const MARKS: readonly { operator: ScaffoldOperator; packages: readonly string[] }[] = [
  { operator: 'kuberay', packages: ['ray'] },
  {
    operator: 'pytorch',
    packages: ['torch', 'lightning', 'pytorch-lightning', 'accelerate', 'deepspeed', 'torchvision'],
  },
  { operator: 'jax', packages: ['jax', 'jaxlib', 'flax', 'optax', 'equinox', 'dm-haiku'] },
  { operator: 'xgboost', packages: ['xgboost', 'xgboost-cpu'] },
];

/** The operator that these packages (names as of PEP 503) are made for; jobset where none says otherwise. */
export function operatorFor(packages: readonly string[]): ScaffoldOperator {
  return MARKS.find((mark) => mark.packages.some((name) => packages.includes(name)))?.operator ?? 'jobset';
}

/** `Ray[default] >=2.9; python_version > "3"` → `ray`; null for what names no package (a path, an option, a comment). */
export function packageName(requirement: string): string | null {
  const name = /^\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:[[<>=!~;@,( ]|$|#)/.exec(requirement)?.[1];
  return name === undefined ? null : name.toLowerCase().replace(/[-_.]+/g, '-');
}

/** `2.23.0` of `ray[default]==2.23.0`; null when it is not pinned. */
export function pinnedVersion(requirements: readonly string[], name: string): string | null {
  const line = requirements.find((requirement) => packageName(requirement) === name);
  return /==\s*(\d[\w.]*)\s*(?:;|#|$)/.exec(line ?? '')?.[1] ?? null;
}

/** The requirements of a file for pip, without comments, options and addresses. */
export function requirementLines(text: string): string[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.replace(/(?:^|\s)#.*$/, '').trim())
    .filter((line) => line !== '' && !line.startsWith('-') && packageName(line) !== null);
}
