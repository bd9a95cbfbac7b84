import type { EnvVariable } from '../../experiment/plan/plan.ts';
import type { DistributedSpec } from '../../manifest/manifest.ts';
import { fromOperator, literal, podField, runField } from '../environment.ts';
import { coordinatorOf, countPods, podGroup, type Distribution } from './distribution.ts';
import { COORDINATOR_PORTS } from '../ports.ts';
import { masterVariables } from './xgboost.ts';

/** One container per pod; the master has rank 0. */
export function planPyTorch({ types }: DistributedSpec): Distribution {
  const pods = countPods(types);
  const env = [...masterVariables(pods), ...(pods > 1 ? torchrunVariables(pods) : [])];
  return {
    groups: types.filter((type) => type.count > 0).map((type) => podGroup(type, env)),
    coordinator: coordinatorOf(types, COORDINATOR_PORTS.pytorch),
    firstPod: '[ "$RANK" = 0 ]',
  };
}

/**
 * torchrun ignores RANK, WORLD_SIZE and MASTER_*; it takes the defaults of its flags from these. Without them
 * a plain `torchrun` in n pods is n trainings of one pod each, which all succeed.
 */
function torchrunVariables(pods: number): EnvVariable[] {
  return [
    fromOperator('PET_NNODES', literal(pods)),
    fromOperator('PET_NODE_RANK', podField('global-job-index')),
    fromOperator('PET_MASTER_ADDR', runField('coordinator-host')),
    fromOperator('PET_MASTER_PORT', runField('coordinator-port')),
    // Lightning ignores RANK: without this every pod would be rank 0 of a training of its own.
    fromOperator('NODE_RANK', podField('global-job-index')),
  ];
}
