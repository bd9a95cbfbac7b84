import { OPERATOR_NAMES, type OperatorName } from '../../operators/table.ts';
import { didYouMean } from '../../base/text/did-you-mean.ts';
import type { Finding, Path } from '../diagnostic.ts';
import { fields, isFields, valueAt } from '../draft.ts';

/** Operators that the platform once had, and what to write today. */
const REMOVED: Readonly<Record<string, string>> = {
  tf: 'it was removed in 0.2.3: use jobset with a type "worker" (TF_CONFIG is no longer set)',
  batchjob:
    'it was removed in 0.2.3: use jobset; "completions" and "parallelisms" say how many pods run, and how many at once',
  ray: 'it was replaced: use kuberay, with types.Head and types.Workers',
  slurm: 'it runs on AWS ParallelCluster only, which is not supported: use jobset',
};

export interface OperatorChoice {
  operator: OperatorName | null;
  /** The operator exists no more: the shape of `spec` is not ours to judge. */
  removed: string | null;
  findings: Finding[];
}

/** Which operator a document is for. A value near a name is an error, and read as that name for what follows. */
export function chooseOperator(root: unknown): OperatorChoice {
  const spec = fields(root)['spec'];
  const written = fields(spec)['operator'];
  if (isOperatorName(written)) return { operator: written, removed: null, findings: [] };
  const at = { path: ['spec', 'operator'], at: 'value' } as const;
  if (typeof written === 'string' && Object.hasOwn(REMOVED, written)) {
    const finding: Finding = {
      ...at,
      code: 'removed-operator',
      message: `the operator "${written}" is not available`,
      hint: REMOVED[written] ?? null,
    };
    return { operator: null, removed: written, findings: [finding] };
  }
  const slurm = slurmJob(root, spec);
  if (slurm) return { operator: null, removed: 'slurm', findings: [slurm] };
  const all = `the operators are ${OPERATOR_NAMES.join(', ')}`;
  if (typeof written !== 'string') {
    if (!isFields(spec)) return { operator: null, removed: null, findings: [] };
    const absent = written === undefined || written === null;
    const finding: Finding = absent
      ? {
          ...at,
          path: ['spec', 'operator'],
          at: written === null ? 'key' : 'value',
          code: 'missing-key',
          message: '"operator" is missing in spec',
          hint: all,
        }
      : { ...at, code: 'wrong-type', message: 'the operator must be a string', hint: all };
    return { operator: null, removed: null, findings: [finding] };
  }
  const meant =
    OPERATOR_NAMES.find((name) => name === didYouMean(written, OPERATOR_NAMES)) ?? firstWord(written);
  const hint = meant === null ? all : `did you mean ${meant}?`;
  return {
    operator: meant,
    removed: null,
    findings: [
      {
        ...at,
        code: 'unknown-operator',
        message: `there is no operator ${JSON.stringify(written.slice(0, 60))}`,
        hint,
      },
    ],
  };
}

/** A job description of Slurm with no operator at all, as trials of that engine were written. */
function slurmJob(root: unknown, spec: unknown): Finding | null {
  if (fields(spec)['operator'] !== undefined) return null;
  const places: Path[] = [['spec', 'types', 'job'], ['job']];
  const path = places.find((place) => 'ntasks' in fields(valueAt(root, place)));
  if (!path) return null;
  const message = 'this describes a job of Slurm, which is not available';
  return { path, at: 'key', code: 'removed-operator', message, hint: REMOVED['slurm'] ?? null };
}

/** `jax  r`: a name with stray characters behind it is not trimmed, but it is clear what was meant. */
function firstWord(text: string): OperatorName | null {
  const word = text
    .trim()
    .split(/[^a-z]/i, 1)[0]
    ?.toLowerCase();
  return OPERATOR_NAMES.find((name) => name === word) ?? null;
}

function isOperatorName(value: unknown): value is OperatorName {
  return OPERATOR_NAMES.some((name) => name === value);
}
