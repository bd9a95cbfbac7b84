import { explainDeadline, type Explanation } from '../../../experiment/failure/explain.ts';
import { crashPoint } from '../../../base/io/crash-point.ts';
import { lastOutput } from '../../last-output.ts';
import { explainWithOutput, judge } from '../status/judge.ts';
import type { Look } from '../status/model.ts';
import { allSuspensions, suspendedMs } from '../suspension/suspensions.ts';
import { GO_ON, type FailedVerdict, type Judgement } from '../status/verdict.ts';
import { createDoubt } from '../watch/doubt.ts';
import type { ClusterStop } from './kept.ts';
import { namespaceRemoval } from '../end/namespace-removal.ts';
import { createRayClusterWatch } from '../end/ray-cluster-removal.ts';
import { createdWorkloads, type ClusterRun } from './run-state.ts';

/** How long an explanation waits for the end of the log of the pod that failed. */
const LAST_OUTPUT_MS = 1500;

/** Decides whether the experiment is to end, and writes that down before anything is done about it. */
export interface Decider {
  /** It goes on; milliseconds until it has to be asked again although nothing happened. */
  decide(look: Look): Promise<'end' | number>;
}

export function createDecider(run: ClusterRun): Decider {
  const { deps, context, kept, tell } = run;
  const { plan } = context;
  const { cluster, rendering } = run;
  const rayCluster = createRayClusterWatch({ cluster, rendering });
  const doubt = createDoubt(() => performance.now());
  /** When a failure was first seen, by a clock that only goes forward. */
  let failedAt: number | null = null;

  async function mark(cause: ClusterStop['cause'], failure: Explanation | null = null): Promise<'end'> {
    await kept.change({ stop: { cause, failure, at: deps.now().toISOString() } });
    crashPoint('cluster-stop-marked');
    return 'end';
  }

  async function fail(verdict: FailedVerdict): Promise<'end' | number> {
    failedAt ??= performance.now();
    const { root } = verdict;
    const waited = performance.now() - failedAt;
    if (root !== null && !run.keeper.isRead(root.uid) && waited < LAST_OUTPUT_MS)
      return LAST_OUTPUT_MS - waited;
    const removed = await namespaceRemoval(run.cluster, verdict);
    return mark('fail', removed ?? (await explained(run, verdict)));
  }

  /** The next workload is written down together with the end of this one. */
  async function startAnew({ view }: Look, why: string): Promise<'end'> {
    const { workloads } = kept.run;
    deps.log.info({ experiment_id: context.experimentId }, `its workload is created anew: ${why}`);
    await kept.change({
      workloads: [...workloads, { offset: view.attempt, uid: null, complete: false }],
      stop: { cause: 'again', failure: null, at: deps.now().toISOString() },
    });
    crashPoint('cluster-again-marked');
    return 'end';
  }

  function judged(look: Look): Judgement {
    const verdict = run.view.stale() === null ? judgedAsSeen(look) : GO_ON;
    if (verdict.kind !== 'failed' && verdict.kind !== 'again') {
      doubt.end();
      return verdict;
    }
    const waitMs = doubt.waitMs(run.view.toldForMs());
    if (waitMs === 0) return verdict;
    return { kind: 'go-on', until: new Date(deps.now().getTime() + waitMs).toISOString() };
  }

  function judgedAsSeen({ view, observed }: Look): Judgement {
    const { experimentId } = context;
    const { imageFailAfterS } = deps;
    const { workload } = run;
    const workloads = createdWorkloads(kept);
    const { sidecar_grace_s: sidecarGraceS } = deps.settings;
    const given = { plan, experimentId, view, observed, workloads, now: deps.now() };
    const input = { ...given, imageFailAfterS, sidecarGraceS };
    return judge({ ...input, workload });
  }

  return {
    async decide(look) {
      const verdict = judged(look);
      const left = timeLeftMs(run);
      if (verdict.kind === 'succeeded') {
        for (const notice of verdict.notices) tell.notice(notice);
        return mark('done');
      }
      if (verdict.kind === 'failed') return fail(verdict);
      const removed = await rayCluster.look(look);
      if (removed !== null) {
        if (look.view.tries > plan.backoff_limit) return mark('fail', removed);
        tell.notice({ code: 'ray_cluster_removed', message: removed.explanation.replace('; resubmit', '') });
      }
      const isDone = look.view.pods.every(({ fact }) => fact.status === 'Succeeded');
      if (context.stop.aborted) return mark(isDone ? 'done' : 'cancel');
      if (left <= 0 && !isDone) return mark('deadline', explainDeadline(plan.timeout_s ?? 0));
      if (verdict.kind === 'again') return startAnew(look, verdict.explanation);
      const { until } = verdict;
      const rest = isDone ? Number.POSITIVE_INFINITY : left;
      return until === null ? rest : Math.min(rest, Date.parse(until) - deps.now().getTime());
    },
  };
}

/** Until the timeout, counted from the first start of a container; what was suspended does not count. */
function timeLeftMs({ context, kept, deps }: ClusterRun): number {
  const { timeout_s: timeout } = context.plan;
  const { started_at: started } = kept.run;
  if (timeout === null || started === null) return Number.POSITIVE_INFINITY;
  const now = deps.now();
  const suspended = suspendedMs(allSuspensions(kept.run.memory), now);
  return Date.parse(started) + timeout * 1000 + suspended - now.getTime();
}

/** In the terms of its framework, where what the pod printed last says more. */
async function explained({ context }: ClusterRun, verdict: FailedVerdict): Promise<Explanation> {
  const { root, reason, explanation } = verdict;
  if (root === null) return { reason, explanation };
  const { pod, attempt } = root;
  const file = await context.logs.file({ step: 'run', pod, attempt, stream: null });
  return explainWithOutput(verdict, await lastOutput([file], context.secrets));
}
