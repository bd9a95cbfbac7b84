import { graceOf } from '../../../experiment/plan/grace.ts';
import { crashPoint } from '../../../base/io/crash-point.ts';
import { nameOf } from '../../../render/kubernetes/rendering.ts';
import { disown, toApply, workloadResource } from '../run/apply.ts';
import { removeWorkload } from './clear-up.ts';
import { isClusterError } from '../api/cluster-error.ts';
import { explainRefusal } from '../api/explain-refusal.ts';
import { insist } from '../api/insist.ts';
import { RESOURCES, type Job } from '../api/objects.ts';
import type { Look, PodObject } from '../status/model.ts';
import type { ClusterRun } from '../run/run-state.ts';

/** Sees an experiment (or one of its workloads) to its end, after that was decided. */
export interface Ending {
  /** True: nothing of it is left. */
  advance(look: Look): Promise<boolean>;
  /** Nothing of it runs any more, nor will it: what is left is to read logs, and to let go of pods. */
  isOver(look: Look): boolean;
}

/** How long a controller may take to see what we have seen. */
const CONTROLLER_MS = 3000;
/** How much longer than their grace pods may take until the experiment ends without them. */
const MARGIN_MS = 60_000;

export function createEnding(run: ClusterRun): Ending {
  let begun: Promise<void> | null = null;
  /** When the cluster was told, by a clock that only goes forward; null: it was not yet. */
  let toldAt: number | null = null;
  let isDeleted = false;

  async function begin(look: Look): Promise<void> {
    const cause = run.kept.run.stop?.cause;
    if (cause === 'again') await letDependentsStay(run);
    const { state } = look.view.workload;
    const isOver = state === 'completed' || state === 'failed';
    if (cause !== 'again' && isOver) await endRayCluster(run, look);
    else {
      isDeleted = await removed(run);
    }
    crashPoint('cluster-workload-ended');
    toldAt = performance.now();
    run.wake.call();
  }

  return {
    async advance(look) {
      if (begun === null && endsByItself(run, look) && sinceMark(run) < CONTROLLER_MS) return false;
      const unsafeMs = begun === null ? run.keeper.untilSafe() : 0;
      if (unsafeMs > 0) {
        setTimeout(run.wake.call, unsafeMs);
        return false;
      }
      begun ??= begin(look).catch((error: unknown) => {
        run.failed ??= { error };
        run.wake.call();
      });
      // Of a workload that is over there is nothing to be asked: no look is waited for.
      await Promise.race([begun, new Promise(setImmediate)]);
      if (toldAt === null) return false;
      const left = run.keeper.left(look);
      const isQuietNow = isQuiet(look, isDeleted);
      if (left.length === 0 && isQuietNow) return true;
      if (performance.now() - toldAt < graceMs(run) + MARGIN_MS) return false;
      // How long logs may take is known to those who read them.
      if (isQuietNow && left.every(({ uid }) => run.keeper.isReading(uid)) && ended(run, look)) return false;
      await giveUp(run, left);
      return true;
    },
    isOver: (look) => toldAt !== null && ended(run, look) && isQuiet(look, isDeleted),
  };
}

function ended({ keeper }: ClusterRun, look: Look): boolean {
  return keeper.running(look).length === 0;
}

function graceMs({ context: { plan } }: ClusterRun): number {
  return graceOf(plan) * 1000;
}

function sinceMark({ kept, deps }: ClusterRun): number {
  return deps.now().getTime() - Date.parse(kept.run.stop?.at ?? '');
}

/**
 * Its controller is about to end it for the same reason: then it stays to be looked at. What somebody has taken away no
 * controller takes for a failure soon: nobody waits for it.
 */
function endsByItself({ kept, context }: ClusterRun, { view }: Look): boolean {
  const { stop } = kept.run;
  if (stop?.cause !== 'fail' || stop.failure?.reason === 'RemovedOutside') return false;
  if (view.workload.state !== 'live' || view.workload.deleting) return false;
  return view.tries > context.plan.backoff_limit && view.pods.some(({ fact }) => fact.status === 'Failed');
}

/** Nothing is there that could still make pods. */
function isQuiet({ observed }: Look, isDeleted: boolean): boolean {
  const { jobset, rayjob, jobs } = observed;
  if (isDeleted && (jobset !== null || rayjob !== null)) return false;
  return jobs.every((job) => isFinished(job) || isBeside(job));
}

function isFinished({ status }: Job): boolean {
  return (status?.conditions ?? []).some(
    ({ type, status: is }) => is === 'True' && (type === 'Complete' || type === 'Failed'),
  );
}

/** The build of its image, or TensorBoard, which may be opened again as soon as the end is told. */
function isBeside({ metadata }: Job): boolean {
  return /-(?:build|tensorboard)$/.test(metadata?.name ?? '');
}

/** False: we are not allowed to, which is told. */
async function removed(run: ClusterRun): Promise<boolean> {
  const { cluster, rendering, tell } = run;
  try {
    await reach(run, () => removeWorkload(run));
    return true;
  } catch (error) {
    if (!isClusterError(error)) throw error;
    const asked = { verb: 'delete', resource: workloadResource(rendering), name: nameOf(rendering) } as const;
    const { explanation } = await explainRefusal(cluster, { ...asked, error });
    tell.notice({ code: 'workload_left', message: explanation });
    return false;
  }
}

/** What the next workload needs stays when this one, which owns it, is deleted. */
async function letDependentsStay(run: ClusterRun): Promise<void> {
  const { cluster, context, tell } = run;
  const wanted = toApply(run.rendering, context.secrets);
  await insist(() => disown(cluster, wanted), { signals: [context.detach], tell: tell.unanswered });
}

/** Its job is over, but its nodes would stay for as long as KubeRay lets the submitter's log be read. */
async function endRayCluster(run: ClusterRun, { observed }: Look): Promise<void> {
  const name = observed.rayjob?.status?.rayClusterName;
  if (name === undefined || name === '') return;
  await reach(run, () => run.cluster.remove(RESOURCES.rayclusters, name, { propagation: 'Background' }));
}

function reach<T>({ context, tell }: ClusterRun, act: () => Promise<T>): Promise<T> {
  return insist(act, { signals: [context.detach], tell: tell.unanswered });
}

/** The cluster has had its time: the experiment ends, and says what it leaves behind. */
async function giveUp(run: ClusterRun, left: readonly PodObject[]): Promise<void> {
  const names = left.map(({ pod, objectName }) => `${pod} (${objectName})`);
  const what = names.length > 0 ? names.join(', ') : 'a Job that may still make pods';
  const message = `the cluster has not ended ${what}; kubectl describe says why`;
  run.tell.notice({ code: 'pods_left', message });
  run.abandoned = true;
  await run.keeper.abandon(left);
}
