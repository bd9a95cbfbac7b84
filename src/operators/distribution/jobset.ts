import type { EnvVariable } from '../../experiment/plan/plan.ts';
import type { JobSetSpec, PodType } from '../../manifest/manifest.ts';
import { fromOperator, literal, podField, runField } from '../environment.ts';
import { podGroup, type Distribution } from './distribution.ts';

/** Groups of jobs side by side; pods tell their places apart by job index and pod index. */
export function planJobSet({ types }: JobSetSpec): Distribution {
  const jobs = types.reduce((sum, type) => sum + type.count, 0);
  return {
    groups: types.filter((type) => type.count > 0).map((type) => podGroup(type, environment(type, jobs))),
    coordinator: null,
    firstPod: '[ "$JOB_GLOBAL_INDEX-$JOB_COMPLETION_INDEX" = 0-0 ]',
  };
}

function environment(type: PodType, jobs: number): EnvVariable[] {
  return [
    fromOperator('JOB_COMPLETION_INDEX', podField('pod-index')),
    fromOperator('JOB_INDEX', podField('job-index')),
    fromOperator('JOB_GLOBAL_INDEX', podField('global-job-index')),
    fromOperator('GLOBAL_REPLICAS', literal(jobs)),
    fromOperator('REPLICATED_JOB_NAME', literal(type.name)),
    fromOperator('REPLICATED_JOB_REPLICAS', literal(type.count)),
    fromOperator('JOBSET_NAME', runField('object-name')),
  ];
}
