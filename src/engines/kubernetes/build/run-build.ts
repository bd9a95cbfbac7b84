import { join } from 'node:path';
import { AichorError } from '../../../errors.ts';
import type { Notice } from '../../../experiment/record.ts';
import { crashPoint } from '../../../base/io/crash-point.ts';
import { nameOf, type Rendering } from '../../../render/kubernetes/rendering.ts';
import type { BuildContext, BuildResult } from '../../engine.ts';
import { createWake, type Wake } from '../../../base/async/wake.ts';
import { applyBuild } from './apply-build.ts';
import type { ClusterDeps, Connected } from '../deps.ts';
import { insist } from '../api/insist.ts';
import { EXPERIMENT_LABEL, RESOURCES, type Job } from '../api/objects.ts';
import { createPodLogs } from '../logs/pod-logs.ts';
import { workloadOf } from '../workload/choose-workload.ts';
import { createUploader } from './upload/uploader.ts';
import type { BuildOrder } from './building.ts';
import { watchBuild } from './watch-build.ts';

/** Has the image built by a Job. What it printed is in the build's log on return. */
export async function runBuild(deps: ClusterDeps, order: BuildOrder): Promise<BuildResult> {
  const { detach, stop } = order.context;
  const wake = createWake();
  for (const signal of [detach, stop]) signal.addEventListener('abort', wake.call);
  try {
    return await build(deps, order, wake);
  } catch (error) {
    if (detach.aborted)
      throw new AichorError('interrupted', 'the build goes on without us', { cause: error });
    await endBuild(deps, order.context);
    if (stop.aborted)
      throw new AichorError('experiment_cancelled', 'the build was stopped', { cause: error });
    throw error;
  } finally {
    for (const signal of [detach, stop]) signal.removeEventListener('abort', wake.call);
  }
}

async function build(deps: ClusterDeps, order: BuildOrder, wake: Wake): Promise<BuildResult> {
  const { context, dockerfile } = order;
  const reach = reachOf(context);
  const { cluster, observatory } = await insist(() => deps.connected(), reach);
  const rendering = renderingOf(deps, context);
  const applied = await insist(() => applyBuild(cluster, { rendering, dockerfile }), reach);
  crashPoint('cluster-build-created');
  const notices: Notice[] = [];
  const workload = workloadOf(context.plan).watched;
  const view = observatory.open(context.experimentId, wake.call, { workload });
  const uploader = createUploader(order, { cluster, signals: reach.signals, onChange: wake.call });
  const logs = createPodLogs({
    cluster,
    sink: context.logs,
    log: deps.log,
    directory: join(context.directory, 'build'),
    onProblem: (problem) => notices.push(problem),
  });
  const jobName = nameOf(rendering, 'build');
  const building = {
    ...order,
    deps,
    cluster,
    rendering,
    jobName,
    applied,
    view,
    wake,
    logs,
    uploader,
    notices,
  };
  try {
    return await watchBuild(building);
  } catch (error) {
    // Its log ends when its pod is gone, not before.
    if (!context.detach.aborted) await endBuild(deps, context);
    throw error;
  } finally {
    await (context.detach.aborted ? logs.close() : logs.end());
    view.close();
  }
}

/** Removes the Job and its pod; idempotent. */
export async function endBuild(deps: ClusterDeps, context: BuildContext): Promise<void> {
  const name = nameOf(renderingOf(deps, context), 'build');
  const { tell } = reachOf(context);
  await insist(() => deps.connected().then((connected) => remove(connected, context.experimentId, name)), {
    signals: [context.detach],
    tell,
  });
}

/** A Job of that name may be another experiment's: ids are longer than names. */
async function remove({ cluster }: Connected, experimentId: string, name: string): Promise<void> {
  const job = await cluster.get<Job>(RESOURCES.jobs, name);
  const { uid, labels } = job?.metadata ?? {};
  if (uid === undefined || labels?.[EXPERIMENT_LABEL] !== experimentId) return;
  await cluster.remove(RESOURCES.jobs, name, { propagation: 'Background', uid });
}

function renderingOf({ settings }: ClusterDeps, { plan, experimentId, project }: BuildContext): Rendering {
  return { plan, settings, experimentId, project };
}

/** How the cluster is asked, and what is said while it does not answer. */
function reachOf({ detach, stop, progress }: BuildContext) {
  return {
    signals: [detach, stop],
    tell: (why: string | null) =>
      progress(why === null ? 'the cluster can be reached again' : `the cluster cannot be reached: ${why}`),
  };
}
