import { setMaxListeners } from 'node:events';
import { mkdir } from 'node:fs/promises';
import type { ExperimentFact } from '../../../experiment/event.ts';
import type { Plan } from '../../../experiment/plan/plan.ts';
import { plannedPods, type PlannedPod } from '../../../experiment/plan/planned-pods.ts';
import type { Rendering } from '../../../render/kubernetes/rendering.ts';
import type { RunContext } from '../../engine.ts';
import { createFactQueue, type FactQueue } from '../../facts.ts';
import { createWake } from '../../../base/async/wake.ts';
import { uidOfOurs } from './apply.ts';
import { clearUp } from '../end/clear-up.ts';
import type { ClusterDeps, Connected } from '../deps.ts';
import { openEndedPods } from './ended-pods.ts';
import { insist } from '../api/insist.ts';
import { createLinkTeller } from '../links/link-teller.ts';
import { openKept, type Kept } from './kept.ts';
import { createPodKeeper } from './pod-keeper.ts';
import { createPodLogs } from '../logs/pod-logs.ts';
import type { ClusterRun } from './run-state.ts';
import { submitWorkload } from './submit-workload.ts';
import { createTeller, type Teller } from './tell.ts';
import { allSuspensions } from '../suspension/suspensions.ts';
import { workloadOf } from '../workload/choose-workload.ts';
import { createEndWatch, lookAfter } from './watch-run.ts';

/**
 * Carries a plan out on the cluster, or goes on with what an earlier process began. Facts come as they happen; the
 * iteration ends when nothing of the experiment runs any more, or at once when the server leaves.
 */
export function runExperiment(deps: ClusterDeps, context: RunContext): AsyncGenerator<ExperimentFact> {
  setMaxListeners(0, context.stop, context.detach);
  const facts = createFactQueue();
  const leave = () => facts.end();
  if (context.detach.aborted) leave();
  else context.detach.addEventListener('abort', leave, { once: true });
  carryOut(deps, { context, facts })
    .then(() => facts.end(), facts.end)
    .finally(() => context.detach.removeEventListener('abort', leave));
  return facts.facts();
}

interface Order {
  context: RunContext;
  facts: FactQueue;
}

async function carryOut(deps: ClusterDeps, order: Order): Promise<void> {
  const { context, facts } = order;
  if (context.plan.groups.length === 0) return;
  await mkdir(context.directory, { recursive: true, mode: 0o700 });
  const kept = await openKept(context.directory);
  if (context.stop.aborted && kept.run.workloads.length === 0) return;
  const tell = createTeller(facts, context.plan.backoff_limit + 1, {
    known: allSuspensions(kept.run.memory),
    isTakenOver: kept.run.workloads.length > 0,
  });
  const connected = await connect(deps, context, { kept, tell });
  if (connected === null) return;
  await withRun(deps, { ...order, connected, kept, tell });
}

/** Null: the server leaves, or nothing was begun and nothing is wanted any more. */
async function connect(
  deps: ClusterDeps,
  { stop, detach }: RunContext,
  { kept, tell }: { kept: Kept; tell: Teller },
): Promise<Connected | null> {
  if (kept.run.workloads.length === 0) return deps.connected();
  try {
    return await insist(() => deps.connected(), { signals: [detach], tell: tell.unanswered });
  } catch (error) {
    if (detach.aborted || stop.aborted) return null;
    throw error;
  }
}

interface Parts extends Order {
  connected: Connected;
  kept: Kept;
  tell: Teller;
}

async function withRun(deps: ClusterDeps, parts: Parts): Promise<void> {
  const { context, facts, connected, kept, tell } = parts;
  const { cluster, observatory, places, reading } = connected;
  const { experimentId, directory, detach, stop } = context;
  const [wake, urgent] = [createWake(), createWake()];
  const ended = await openEndedPods(directory);
  const logs = createPodLogs({
    cluster,
    sink: context.logs,
    directory,
    log: deps.log,
    places: reading,
    onOpened: wake.call,
    onProblem: tell.notice,
  });
  const keeper = createPodKeeper({
    cluster,
    logs,
    ended,
    detach,
    onChange: wake.call,
    onError: (error) => fail(run, error),
    repeating: submitters(context.plan),
    unreachable: tell.unanswered,
    refused: (why) =>
      tell.notice({
        code: 'finalizer_left',
        message: `ended pods stay, because they cannot be let go of: ${why}`,
      }),
  });
  const workload = workloadOf(context.plan);
  const onChange = () => {
    watchEnd();
    wake.call();
  };
  const view = observatory.open(experimentId, onChange, { workload: workload.watched });
  const watchEnd = createEndWatch({ workload, view, urgent });
  for (const signal of [stop, detach]) signal.addEventListener('abort', wake.call);
  const run: ClusterRun = {
    rendering: renderingOf(deps, context, cluster.namespace),
    deps,
    context,
    cluster,
    workload,
    kept,
    ended,
    view,
    places,
    facts,
    tell,
    keeper,
    wake,
    urgent,
    links: createLinkTeller(context, facts),
    applied: null,
    failed: null,
    abandoned: false,
  };
  let isOver = false;
  try {
    await runWorkloads(run);
    isOver = !run.abandoned && !detach.aborted;
  } finally {
    for (const signal of [stop, detach]) signal.removeEventListener('abort', wake.call);
    view.close();
    deps.looked.delete(experimentId);
    await (isOver ? logs.end() : logs.close());
  }
}

function fail(run: ClusterRun, error: unknown): void {
  run.failed ??= { error };
  run.wake.call();
}

async function runWorkloads(run: ClusterRun): Promise<void> {
  const { context, kept, tell } = run;
  for (;;) {
    await submitWorkload(run);
    if (context.detach.aborted) return;
    if (!(await isCreated(run))) break;
    const end = await lookAfter(run);
    if (end === 'detached') return;
    if (end === 'ended') break;
    await kept.change({ stop: null });
  }
  if (context.detach.aborted) return;
  if (kept.run.stop !== null && kept.run.stop.failure !== null) tell.failure(kept.run.stop.failure);
  run.links.end();
  await clearUp(run);
}

/** False: the last workload never came into being, or the server leaves. */
async function isCreated({ cluster, context, kept, rendering, tell }: ClusterRun): Promise<boolean> {
  const last = kept.run.workloads.at(-1);
  // Before the next one there is an earlier one to be ended.
  if (kept.run.stop?.cause === 'again') return true;
  if (last === undefined || last.uid !== null || kept.run.stop?.cause === 'fail') return last?.uid != null;
  const reach = { signals: [context.detach], tell: tell.unanswered };
  try {
    const uid = await insist(() => uidOfOurs(cluster, rendering), reach);
    if (uid !== null)
      await kept.change({ workloads: [...kept.run.workloads.slice(0, -1), { ...last, uid }] });
    return uid !== null;
  } catch (error) {
    if (context.detach.aborted) return false;
    throw error;
  }
}

/** Pods that print from its beginning what an earlier pod of theirs printed. */
function submitters(plan: Plan): ReadonlySet<string> {
  const isSubmitter = ({ group }: PlannedPod) => plan.groups[group]?.role === 'submitter';
  return new Set(
    plannedPods(plan)
      .filter(isSubmitter)
      .map(({ pod }) => pod),
  );
}

/** The plan with the image that was built, in the namespace that the engine really uses. */
function renderingOf({ settings }: ClusterDeps, context: RunContext, namespace: string): Rendering {
  const { plan, experimentId, project, build } = context;
  const rendering = { plan, experimentId, project, settings: { ...settings, namespace } };
  return build.image === undefined ? rendering : { ...rendering, image: build.image };
}
