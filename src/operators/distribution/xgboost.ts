import type { EnvVariable } from '../../experiment/plan/plan.ts';
import type { DistributedSpec } from '../../manifest/manifest.ts';
import { fromOperator, literal, podField, runField } from '../environment.ts';
import { coordinatorOf, countPods, podGroup, type Distribution } from './distribution.ts';
import { COORDINATOR_PORTS } from '../ports.ts';

/** One worker per pod; rank 0 hosts the tracker. */
export function planXGBoost({ types }: DistributedSpec): Distribution {
  const env = masterVariables(countPods(types));
  return {
    groups: types.filter((type) => type.count > 0).map((type) => podGroup(type, env)),
    coordinator: coordinatorOf(types, COORDINATOR_PORTS.xgboost),
    firstPod: '[ "$RANK" = 0 ]',
  };
}

/** What XGBoost and PyTorch have in common. Ranks and world size count pods, not processes or GPUs. */
export function masterVariables(pods: number): EnvVariable[] {
  return [
    fromOperator('JOB_COMPLETION_INDEX', podField('pod-index')),
    fromOperator('MASTER_ADDR', runField('coordinator-host')),
    fromOperator('MASTER_PORT', runField('coordinator-port')),
    fromOperator('WORLD_SIZE', literal(pods)),
    fromOperator('RANK', podField('global-job-index')),
  ];
}
