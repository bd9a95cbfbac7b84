import type { Spec } from '../../manifest/manifest.ts';
import { planJax } from './jax.ts';
import { planJobSet } from './jobset.ts';
import { planKubeRay } from './kuberay.ts';
import type { Distribution } from './distribution.ts';
import { planPyTorch } from './pytorch.ts';
import type { OperatorName } from '../table.ts';
import { planVertexAi } from './vertexai.ts';
import { planXGBoost } from './xgboost.ts';

/** The part of a manifest that an operator reads. */
type SpecOf<Name extends OperatorName> = Spec & { operator: Name };

const DISTRIBUTIONS: { [Name in OperatorName]: (spec: SpecOf<Name>) => Distribution } = {
  jax: planJax,
  pytorch: planPyTorch,
  xgboost: planXGBoost,
  jobset: planJobSet,
  kuberay: planKubeRay,
  vertexai: planVertexAi,
};

/** What the operator of a manifest makes of it: its groups of pods, and which pod the others find. */
export function distribute(spec: Spec): Distribution {
  // Each reads the spec that its own operator has, which the compiler cannot follow through the table.
  const plan: (spec: never) => Distribution = DISTRIBUTIONS[spec.operator];
  return plan(spec as never);
}
