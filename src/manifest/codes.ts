/**
 * What a code means for the verdict. `deprecated`: a warning, which `--strict` turns into an error, because the
 * present platform would refuse it or is known to be about to.
 */
type Weight = 'error' | 'warning' | 'deprecated';

/** Every code a diagnostic can carry. Closed: scripts and `# aichor: ignore CODE` rely on these words. */
export const DIAGNOSTIC_CODES = {
  // the text
  encoding: 'error',
  'too-large': 'error',
  'empty-document': 'error',
  'yaml-syntax': 'error',
  'multiple-documents': 'error',
  'duplicate-key': 'error',
  'unknown-tag': 'error',
  'unsafe-key': 'error',
  'alias-expansion': 'error',
  'more-mistakes': 'error',
  'leading-zero': 'warning',
  'yaml-boolean': 'warning',
  'unquoted-text': 'deprecated',

  // the shape
  'wrong-type': 'error',
  'missing-key': 'error',
  'unknown-key': 'error',
  'misplaced-key': 'error',
  'invalid-value': 'error',
  'out-of-range': 'error',
  'extension-key': 'deprecated',

  // operators
  'unknown-operator': 'error',
  'removed-operator': 'error',
  'operator-mismatch': 'error',
  'old-version': 'deprecated',
  'deprecated-type': 'deprecated',
  'deprecated-key': 'deprecated',
  'conflicting-keys': 'error',
  'missing-workers': 'warning',

  // what belongs together
  'memory-choice': 'error',
  'missing-experiment-id': 'error',
  'missing-product': 'error',
  'pvc-not-attached': 'error',
  'leaves-repository': 'error',
  'tpu-topology': 'error',
  'tpu-multi-host': 'error',
  'type-name': 'error',
  'name-too-long': 'error',
  'duplicate-name': 'error',
  'duplicate-mount-point': 'error',
  'protected-variable': 'error',
  'invalid-variable-name': 'error',
  'too-many-pods': 'error',

  // advice
  'image-mismatch': 'warning',
  'registry-unused': 'warning',
  'deadline-ignored': 'warning',
  'relative-mount-point': 'warning',
  'shm-above-memory': 'warning',
  'parallelisms-above-completions': 'warning',
  'spot-without-restart': 'warning',
  'grace-above-notice': 'warning',
  'rdma-missing': 'warning',
  'variable-not-set': 'warning',
  'standalone-pods': 'warning',
  'volume-not-shareable': 'warning',
  'capability-without-root': 'warning',
  'gpu-type': 'warning',
  'curly-quotes': 'warning',
  'submodules-ignored': 'warning',
  'unknown-ignore-code': 'warning',

  // the engine that is asked about
  'engine-operator': 'error',
  'engine-too-small': 'error',
  'engine-gpu-product': 'error',
  'engine-no-node': 'error',
  'engine-taint': 'error',
  'engine-claim': 'error',
  'engine-storage-class': 'error',
  'engine-capacity': 'warning',
  'engine-scales': 'warning',
  'engine-cordoned': 'warning',
  'engine-queue': 'error',
  'engine-no-queue': 'warning',
  'engine-quota': 'error',
  'engine-quota-full': 'warning',
  'engine-limit-range': 'error',
  'engine-pod-security': 'error',

  // the repository around it
  'context-missing': 'error',
  'dockerfile-missing': 'warning',
  'dockerfile-at-root': 'warning',
  'dockerfile-unreadable': 'error',
  'script-missing': 'warning',
  'dockerfile-refused': 'warning',
  'copy-missing': 'warning',
} as const satisfies Record<string, Weight>;

export type DiagnosticCode = keyof typeof DIAGNOSTIC_CODES;

/** All of them. */
export const DIAGNOSTIC_CODE_NAMES = Object.keys(DIAGNOSTIC_CODES).filter(isDiagnosticCode);

export function isDiagnosticCode(word: string): word is DiagnosticCode {
  return Object.hasOwn(DIAGNOSTIC_CODES, word);
}

export function severityOf(code: DiagnosticCode, strict: boolean): 'error' | 'warning' {
  const weight = DIAGNOSTIC_CODES[code];
  if (weight === 'deprecated') return strict ? 'error' : 'warning';
  return weight;
}
