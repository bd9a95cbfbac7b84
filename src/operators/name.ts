/** Operators of manifest version 0.2.3, as `spec.operator` spells them. */
export const OPERATOR_NAMES = ['jax', 'pytorch', 'xgboost', 'jobset', 'kuberay', 'vertexai'] as const;
export type OperatorName = (typeof OPERATOR_NAMES)[number];
