import type { OperatorName } from './name.ts';

/** What engines can run, the embedded one and clusters alike; vertexai runs on Google Vertex AI only. */
export const ENGINE_OPERATORS: readonly OperatorName[] = ['jobset', 'jax', 'pytorch', 'xgboost', 'kuberay'];
