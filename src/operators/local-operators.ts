import type { OperatorName } from './name.ts';

/** What the embedded engine can run; the others need a cluster. */
export const LOCAL_OPERATORS: readonly OperatorName[] = ['jobset', 'jax', 'pytorch', 'xgboost', 'kuberay'];
