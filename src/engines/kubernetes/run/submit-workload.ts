import { again, doubling } from '../../../base/async/again.ts';
import { crashPoint } from '../../../base/io/crash-point.ts';
import { ApplyRefused, applyBeside, applyWorkload, toApply, type ToApply } from './apply.ts';
import { onDemandGroups } from '../fit/node/on-demand.ts';
import { insist } from '../api/insist.ts';
import type { KeptWorkload } from './kept.ts';
import type { Plan } from '../../../experiment/plan/plan.ts';
import { takesTokens } from '../../../operators/ray-tokens.ts';
import type { Cluster } from '../api/cluster.ts';
import { RESOURCES, type KubeObject } from '../api/objects.ts';
import { hasField, schemaOf } from '../api/schema.ts';
import { allSuspensions } from '../suspension/suspensions.ts';
import type { ClusterRun } from './run-state.ts';

/**
 * Creates the workload and what belongs to it, once: what was created, and is gone now, somebody has removed. A refusal
 * ends the experiment; a stop that comes first leaves the rest to whoever ends it.
 */
export async function submitWorkload(run: ClusterRun): Promise<void> {
  const { context, kept } = run;
  if (kept.run.stop !== null) return;
  const last = kept.run.workloads.at(-1);
  if (last?.complete) return;
  try {
    if (last === undefined) await keep(run, { offset: 0, uid: null, complete: false });
    crashPoint('cluster-intended');
    await apply(run, kept.run.workloads.at(-1)?.uid ?? null);
  } catch (error) {
    if (context.detach.aborted || context.stop.aborted) return;
    if (!(error instanceof ApplyRefused)) throw error;
    run.deps.log.warn({ experiment_id: context.experimentId, err: error.cause }, error.message);
    const at = run.deps.now().toISOString();
    await kept.change({ stop: { cause: 'fail', failure: error.explanation, at } });
  }
}

async function apply(run: ClusterRun, createdUid: string | null): Promise<void> {
  const { cluster, context, kept, tell } = run;
  const { restarts, offset } = attemptsLeft(run);
  const plan = { ...run.rendering.plan, backoff_limit: restarts };
  const rendering = { ...run.rendering, plan, attemptsBefore: offset };
  const reach = { signals: [context.detach, context.stop], tell: tell.unanswered };
  const rayTokens = createdUid !== null || (await insist(() => knowsRayTokens(cluster, plan), reach));
  const onDemand = createdUid === null ? await insist(() => onDemandOf(run), reach) : new Set<string>();
  const wanted = toApply({ ...rendering, rayTokens, onDemand }, context.secrets);
  let owner: KubeObject | null = null;
  if (createdUid === null) {
    owner = await whenThereIsRoom(run, () =>
      insist(() => applyWorkload(cluster, wanted, context.experimentId), reach),
    );
    crashPoint('cluster-applied');
    run.applied = owner;
    await keep(run, { offset, uid: owner.metadata?.uid ?? null, complete: false });
    crashPoint('cluster-created');
  } else {
    const { resource, name } = wanted.workload;
    owner = await insist(() => cluster.get(resource, name), reach);
  }
  if (owner !== null && owner.metadata?.uid === kept.run.workloads.at(-1)?.uid)
    for (const notice of await beside(run, wanted, owner)) tell.notice(notice);
  await keep(run, { offset, uid: kept.run.workloads.at(-1)?.uid ?? null, complete: true });
}

/** A quota that is used up is no failure, of objects as of pods: its words are told, and it is tried again. */
function whenThereIsRoom<T>({ context, tell }: ClusterRun, act: () => Promise<T>): Promise<T> {
  return again(act, {
    signal: AbortSignal.any([context.detach, context.stop]),
    isTransient: (error) => error instanceof ApplyRefused && error.isForRoom,
    delays: doubling({ firstMs: 1000, longestMs: 15_000 }),
    onFailure(error) {
      const said = error instanceof Error ? error.message : String(error);
      tell.waits(
        `${said}; it waits until others have ended, or the namespace's administrator raises the quota`,
      );
    },
  });
}

/** Which of its pods are kept off spot nodes, by the nodes that there are now. */
async function onDemandOf({ cluster, deps, context }: ClusterRun): Promise<Set<string>> {
  return onDemandGroups(context.plan, await deps.nodes(cluster), deps.settings);
}

/** KubeRay before 1.5.1 refuses a RayJob that speaks of authentication. */
export async function knowsRayTokens(cluster: Cluster, { ray_version: version }: Plan): Promise<boolean> {
  if (!takesTokens(version)) return false;
  const schema = await schemaOf(cluster, RESOURCES.rayjobs);
  return hasField(schema, ['spec', 'rayClusterSpec', 'authOptions']);
}

function beside({ cluster, context, tell }: ClusterRun, wanted: ToApply, owner: KubeObject) {
  const signals = [context.detach, context.stop];
  return insist(() => applyBeside(cluster, wanted, owner), { signals, tell: tell.unanswered });
}

/** How often this workload may restart its pods, and how many attempts there were before it. */
function attemptsLeft({ kept, context }: ClusterRun): { restarts: number; offset: number } {
  const offset = kept.run.workloads.at(-1)?.offset ?? 0;
  // What was suspended is no failure, and takes none of the restarts.
  const tried = offset - allSuspensions(kept.run.memory).length;
  return { offset, restarts: Math.max(0, context.plan.backoff_limit - tried) };
}

/** Replaces what is kept of the last workload. */
async function keep({ kept }: ClusterRun, last: KeptWorkload): Promise<void> {
  await kept.change({ workloads: [...kept.run.workloads.slice(0, -1), last] });
}
