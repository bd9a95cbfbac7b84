import type { Spec } from '../manifest/manifest.ts';
import { planJax } from './jax.ts';
import { planJobSet } from './jobset.ts';
import { planKubeRay } from './kuberay.ts';
import type { OperatorName } from './name.ts';
import type { Distribution } from './operator.ts';
import { planPyTorch } from './pytorch.ts';
import { planVertexAi } from './vertexai.ts';
import { planXGBoost } from './xgboost.ts';

/** The part of a manifest that an operator reads. */
type SpecOf<Name extends OperatorName> = Spec & { operator: Name };

export const OPERATORS = {
  jax: planJax,
  pytorch: planPyTorch,
  xgboost: planXGBoost,
  jobset: planJobSet,
  kuberay: planKubeRay,
  vertexai: planVertexAi,
} satisfies { [Name in OperatorName]: (spec: SpecOf<Name>) => Distribution };

export function distribute(spec: Spec): Distribution {
  switch (spec.operator) {
    case 'jax':
    case 'pytorch':
    case 'xgboost':
      return OPERATORS[spec.operator](spec);
    case 'jobset':
      return OPERATORS.jobset(spec);
    case 'kuberay':
      return OPERATORS.kuberay(spec);
    case 'vertexai':
      return OPERATORS.vertexai(spec);
  }
}
