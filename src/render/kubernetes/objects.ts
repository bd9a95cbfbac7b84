import { ENGINE_OPERATORS, workloadKind } from '../../operators/table.ts';
import type { Deployment } from 'kubernetes-types/apps/v1.js';
import type { Job } from 'kubernetes-types/batch/v1.js';
import type { PersistentVolumeClaim, Service } from 'kubernetes-types/core/v1.js';
import { AichorError } from '../../errors.ts';
import { renderBuildJob } from './build/build-job.ts';
import type { JobSet } from './jobset-types.ts';
import { renderJobSet } from './jobset.ts';
import type { RayJob } from './rayjob-types.ts';
import { renderRayJob } from './rayjob.ts';
import type { Rendering } from './rendering.ts';
import { renderTensorBoard } from './tensorboard.ts';
import { renderSharedVolume } from './pod/volumes.ts';

export type KubernetesObject = JobSet | RayJob | PersistentVolumeClaim | Job | Deployment | Service;

/**
 * Every object of an experiment, in the order in which they are applied: the build while its image is still to come,
 * what pods wait for, the workload, what stands beside it; none for a plan without pods. Values of secrets stand in
 * none of them.
 *
 * @throws AichorError `engine_unavailable` for vertexai
 */
export function renderKubernetes(rendering: Rendering): KubernetesObject[] {
  if (rendering.plan.groups.length === 0) return [];
  const build = isBuilt(rendering) ? renderBuildJob(rendering) : null;
  const volume = renderSharedVolume(rendering);
  const workload = renderWorkload(rendering);
  return [build, volume, workload, ...renderTensorBoard(rendering)].filter((object) => object !== null);
}

/** Whether the experiment's image is built by itself, and is not there yet. */
function isBuilt({ plan, image }: Rendering): boolean {
  return plan.builder.skip_build === null && image === undefined;
}

function renderWorkload(rendering: Rendering): JobSet | RayJob | null {
  const { operator } = rendering.plan;
  switch (workloadKind(operator)) {
    case 'jobset':
      return renderJobSet(rendering);
    case 'rayjob':
      return renderRayJob(rendering);
    case null:
      throw new AichorError('engine_unavailable', `the operator ${operator} runs on Google Vertex AI only`, {
        hint: `use ${ENGINE_OPERATORS.join(', ')}`,
      });
  }
}
