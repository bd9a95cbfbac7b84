import { setTimeout as delay } from 'node:timers/promises';
import type { Wake } from '../../../base/async/wake.ts';
import { createDecider } from './decide.ts';
import { createEnding } from '../end/end-workload.ts';
import { createEndTeller } from '../end/tell-end.ts';
import { takeLook } from './look.ts';
import type { Look, LookBack, WorkloadView } from '../status/model.ts';
import type { View } from '../watch/observatory.ts';
import type { Workload } from '../workload/workload.ts';
import type { ClusterRun } from './run-state.ts';

/** The look at everything that happens although nothing told of it. */
const NET_MS = 5000;
/** A look at very many pods takes long: then changes are gathered, for so many times as long, … */
const GATHER = 20;
/** … or so many times, where it is only waited for what has been done meanwhile, … */
const GATHER_LAST = 3;
/** … but no longer than this. */
const LONGEST_GATHER_MS = 500;

export type WorkloadEnd = 'ended' | 'again' | 'detached';

/**
 * Looks after a workload until all of it has stopped. What is to do follows from what is seen and what is kept,
 * at each wake anew; who takes over from an earlier process does the same.
 */
export async function lookAfter(run: ClusterRun): Promise<WorkloadEnd> {
  const { context, kept, keeper, wake } = run;
  const decider = createDecider(run);
  const ending = createEnding(run);
  const end = createEndTeller(run, ending);
  if (!(await isSynced(run))) return 'detached';
  for (let isFirst = true; ; isFirst = false) {
    if (context.detach.aborted) return 'detached';
    const began = performance.now();
    const look = takeLook(run);
    run.deps.looked.set(context.experimentId, look);
    tellLook(run, look);
    const tookMs = performance.now() - began;
    await run.links.look(look);
    await keep(run, look, isFirst);
    await keeper.update(look);
    if (context.detach.aborted) return 'detached';
    let due = Number.POSITIVE_INFINITY;
    if (kept.run.stop === null) {
      const pause = await decider.decide(look);
      if (pause === 'end') continue;
      await wake.next(Math.max(1, Math.min(pause, NET_MS)));
    } else {
      if (await ending.advance(look)) return kept.run.stop.cause === 'again' ? 'again' : 'ended';
      due = end.look(look);
      await wake.next(Math.max(1, Math.min(due, NET_MS)));
    }
    if (run.failed !== null && !context.detach.aborted) throw run.failed.error;
    if (context.detach.aborted) continue;
    await gather(run, { tookMs, dueMs: due, isOver: isOver(look.view.workload) });
  }
}

/** Who waits for the end is not kept waiting once it is seen, or due, or all logs are read and all pods let go of. */
async function gather(
  { kept, keeper, urgent }: ClusterRun,
  { tookMs, dueMs, isOver }: { tookMs: number; dueMs: number; isOver: boolean },
): Promise<void> {
  const most = (share: number) => Math.min(LONGEST_GATHER_MS, tookMs * share, dueMs);
  if (kept.run.stop === null) return urgent.next(most(isOver ? GATHER_LAST : GATHER));
  await Promise.race([delay(most(GATHER)), delay(most(GATHER_LAST)).then(() => keeper.idle())]);
}

interface EndWatch {
  workload: Workload;
  view: Pick<View, 'workload'>;
  urgent: Pick<Wake, 'call'>;
}

/** To be called at each change: calls `urgent` once for each workload that is over. */
export function createEndWatch({ workload, view, urgent }: EndWatch): () => void {
  let told: string | null = null;
  return () => {
    const seen = view.workload();
    const uid = workload.object(seen)?.metadata?.uid ?? null;
    if (uid === null || uid === told || !isOver(workload.said(seen))) return;
    told = uid;
    urgent.call();
  };
}

function isOver({ state }: Pick<WorkloadView, 'state'>): boolean {
  return state === 'completed' || state === 'failed';
}

function tellLook({ kept, tell, view }: ClusterRun, { view: attempt, earlier }: LookBack): void {
  const { stop } = kept.run;
  tell.unseen(view.stale()?.why ?? null);
  if (stop !== null && stop.failure !== null) tell.failure(stop.failure);
  tell.attempt(attempt, earlier);
  for (const notice of attempt.notices) tell.notice(notice);
}

/** What is kept of what was seen: when it first started, and what no object will tell again. */
async function keep({ kept, deps }: ClusterRun, { view }: Look, isFirst: boolean): Promise<void> {
  const { started_at: started, memory } = kept.run;
  if (view.memory !== memory) await kept.change({ memory: view.memory });
  if (started === null && view.everStarted)
    await kept.change({ started_at: startOf(view, deps.now(), isFirst).toISOString() });
}

/** Now, by our own clock; as the cluster says it when it was running before we looked, but never later than now. */
function startOf({ pods }: Look['view'], now: Date, wasRunning: boolean): Date {
  if (!wasRunning) return now;
  const starts = pods.flatMap(({ fact }) => (fact.started_at === null ? [] : [Date.parse(fact.started_at)]));
  return new Date(Math.min(now.getTime(), ...starts));
}

/** False: the server leaves. */
async function isSynced({ view, context, tell, wake }: ClusterRun): Promise<boolean> {
  let synced = false;
  view.synced().then(() => {
    synced = true;
    wake.call();
  }, wake.call);
  while (!synced && !context.detach.aborted) {
    await wake.next(1000);
    const stale = view.stale();
    if (stale !== null) tell.unseen(stale.why);
  }
  return !context.detach.aborted;
}
