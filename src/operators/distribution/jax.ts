import type { EnvVariable } from '../../experiment/plan/plan.ts';
import type { DistributedSpec } from '../../manifest/manifest.ts';
import { fromOperator, literal, podField, runField } from '../environment.ts';
import { coordinatorOf, countPods, podGroup, type Distribution } from './distribution.ts';
import { COORDINATOR_PORTS } from '../ports.ts';

/** One process per pod; the first one coordinates. */
export function planJax({ types }: DistributedSpec): Distribution {
  const env = environment(countPods(types));
  return {
    groups: types.filter((type) => type.count > 0).map((type) => podGroup(type, env)),
    coordinator: coordinatorOf(types, COORDINATOR_PORTS.jax),
    firstPod: '[ "$JAXOPERATOR_PROCESS_ID" = 0 ]',
  };
}

function environment(processes: number): EnvVariable[] {
  return [
    fromOperator('JOB_COMPLETION_INDEX', podField('pod-index')),
    fromOperator('JAXOPERATOR_COORDINATOR_HOST', runField('coordinator-host')),
    fromOperator('JAXOPERATOR_COORDINATOR_ADDRESS', {
      kind: 'coordinator-address',
      host: 'JAXOPERATOR_COORDINATOR_HOST',
    }),
    fromOperator('JAXOPERATOR_NUM_PROCESSES', literal(processes)),
    fromOperator('JAXOPERATOR_PROCESS_ID', podField('global-job-index')),
  ];
}
