import { ExperimentFailure } from '../../../experiment/failure/failure.ts';
import { renderBuildJob } from '../../../render/kubernetes/build/build-job.ts';
import { nameOf, type Rendering } from '../../../render/kubernetes/rendering.ts';
import { isClusterError } from '../api/cluster-error.ts';
import type { Cluster } from '../api/cluster.ts';
import { explainRefusal } from '../api/explain-refusal.ts';
import { isUnreachable } from '../api/insist.ts';
import { EXPERIMENT_LABEL, RESOURCES, type Job } from '../api/objects.ts';

interface WantedBuild {
  rendering: Rendering;
  dockerfile: string;
}

/**
 * The Job of a build, which may have been created before.
 *
 * @throws ExperimentFailure when the cluster does not take it, or the name is another experiment's; ClusterError when
 * it cannot be reached
 */
export async function applyBuild(cluster: Cluster, { rendering, dockerfile }: WantedBuild): Promise<Job> {
  const { experimentId } = rendering;
  const name = nameOf(rendering, 'build');
  const resource = RESOURCES.jobs;
  try {
    const there = await cluster.get<Job>(resource, name);
    if (there !== null && there.metadata?.deletionTimestamp === undefined)
      return ours(there, { experimentId, name });
    return await cluster.apply<Job>(resource, renderBuildJob(rendering, dockerfile));
  } catch (error) {
    if (!isClusterError(error) || isUnreachable(error)) throw error;
    const { explanation } = await explainRefusal(cluster, { verb: 'patch', resource, name, error });
    throw new ExperimentFailure({ reason: 'BuildFailed', explanation }, { cause: error });
  }
}

function ours(job: Job, { experimentId, name }: { experimentId: string; name: string }): Job {
  const owner = job.metadata?.labels?.[EXPERIMENT_LABEL];
  if (owner === experimentId) return job;
  const whose = owner === undefined ? 'is of no experiment' : `belongs to experiment ${owner}`;
  throw new ExperimentFailure({
    reason: 'BuildFailed',
    explanation: `there is a Job ${name} already, which ${whose}; delete it and resubmit`,
  });
}
