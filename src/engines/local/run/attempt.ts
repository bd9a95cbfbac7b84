import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createWake } from '../../../base/async/wake.ts';
import { decideAttempt } from '../../../experiment/restart.ts';
import { explainDeadline, explainExhausted, type Explanation } from '../../../experiment/failure/explain.ts';
import { plannedPods } from '../../../experiment/plan/planned-pods.ts';
import { crashPoint } from '../../../base/io/crash-point.ts';
import type { Attempt } from './attempt-state.ts';
import type { RunClock } from './deadline.ts';
import type { ExperimentRun } from '../deps.ts';
import { watchMemory, readPeak } from './memory.ts';
import { observePods } from './observe.ts';
import { explain } from './verdict.ts';
import { hasFailed, hasSucceeded, newPod, type LivePod } from '../pod/pod.ts';
import { clusterFolder, makeClusterFolder } from '../ray/cluster.ts';
import { clusterIsDone, dueInCluster } from '../ray/pods.ts';
import { tellDebugLink } from '../services/debug.ts';
import { createSettler } from './settle.ts';
import { installShim } from '../pod/shim.ts';
import { readGpus, startPods } from './start-pods.ts';
import { stopLivePods } from './stop-attempt.ts';
import { placeMark, readMark, type StopMark } from './stop-mark.ts';
import { duePods } from './waves.ts';
import { watchFolder } from '../pod/watch-folder.ts';

/** The slow look that finds what no watch and no child has told. */
const NET_MS = 1000;

export type AttemptEnd = 'ended' | 'restart' | 'detached';

/**
 * Looks after one attempt until nothing of it runs any more. It may have been begun by an earlier process: what
 * is to do follows from the files alone, at each wake anew.
 */
export async function runAttempt(run: ExperimentRun, number: number, clock: RunClock): Promise<AttemptEnd> {
  const { detach, stop, plan } = run.context;
  const attempt = await openAttempt(run, number);
  const { wake, pods } = attempt;
  const settler = createSettler(attempt);
  const unwatch = watchFolder(attempt.folder, wake.call);
  const unlisten = run.deps.gpus.onGiven(wake.call);
  for (const signal of [stop, detach]) signal.addEventListener('abort', wake.call);
  try {
    settler.add(await observePods(attempt, true));
    tellFailure(attempt);
    for (let looked = performance.now(); ;) {
      if (detach.aborted) return 'detached';
      if (attempt.mark === null) await advance(attempt, clock);
      if (attempt.mark !== null) await stopLivePods(attempt);
      if (isOver(attempt)) break;
      if (pods.every((pod) => pod.phase === 'ended')) continue;
      await wake.next(pauseMs(plan.timeout_s, clock));
      const isDue = performance.now() - looked >= NET_MS;
      if (isDue) {
        looked = performance.now();
        run.logs.look();
      }
      settler.add(await observePods(attempt, isDue));
    }
    settler.add(pods);
    await settler.settled();
    return attempt.mark?.cause === 'restart' && !stop.aborted ? 'restart' : 'ended';
  } finally {
    for (const signal of [stop, detach]) signal.removeEventListener('abort', wake.call);
    attempt.memory.end();
    unlisten();
    unwatch();
  }
}

/** Nothing runs, and what that means has been decided on: all went well, or the end was marked. */
function isOver({ pods, mark }: Attempt): boolean {
  return pods.every((pod) => pod.phase === 'ended' && (mark !== null || hasSucceeded(pod)));
}

/** Makes the attempt's folder, or finds in it how far an earlier process came. */
async function openAttempt(run: ExperimentRun, number: number): Promise<Attempt> {
  const folder = join(run.context.directory, String(number));
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const shim = await installShim(run.context.directory);
  if (run.ray !== null) await makeClusterFolder(clusterFolder(run.context.experimentId, number));
  const pods = plannedPods(run.context.plan).map((planned) => newPod(planned, folder, number));
  const wake = createWake();
  const names: ReadonlySet<string> = new Set(await readdir(folder));
  for (const pod of pods) {
    if (names.has(`${pod.name}.peak`)) pod.peak_memory_bytes = await readPeak(pod.base);
    if (names.has(`${pod.name}.gpus`)) pod.devices = await readGpus(pod.base);
    run.deps.gpus.hold(pod.devices ?? []);
  }
  const memory = watchMemory(run.deps, pods, run.facts.end);
  return {
    run,
    number,
    folder,
    shim,
    pods,
    wake,
    memory,
    progress: null,
    linked: false,
    debugLinked: false,
    signIn: null,
    mark: await readMark(folder),
  };
}

/** Starts what is due, or decides that the attempt is to end and writes that down. */
async function advance(attempt: Attempt, clock: RunClock): Promise<void> {
  const { run, number, pods } = attempt;
  const { plan, stop } = run.context;
  const failed = firstFailed(pods);
  const decision = decideAttempt({
    attempt: number,
    backoff_limit: plan.backoff_limit,
    live_pods: pods.filter((pod) => pod.phase !== 'ended').length,
    pod_failed: failed !== null,
    deadline_passed: plan.timeout_s !== null && clock.elapsed() >= plan.timeout_s,
    cancel_requested: stop.aborted,
  });
  if (decision === 'succeed') return;
  await tellDebugLink(attempt);
  if (decision === 'go-on' && clusterIsDone(attempt))
    return beginEnd(attempt, { cause: 'done', failure: null });
  if (decision === 'go-on') return startDue(attempt, clock);
  const failure = decision === 'fail' && failed !== null ? await explain(attempt, failed) : null;
  const said =
    failure === null ? deadlineFailure(decision, plan.timeout_s) : explainExhausted(failure, number);
  await beginEnd(attempt, { cause: decision, failure: said });
}

async function startDue(attempt: Attempt, clock: RunClock): Promise<void> {
  const { run, pods } = attempt;
  const byName = new Map(pods.map((pod) => [pod.name, pod]));
  const planned = pods.map((pod) => pod.planned);
  const all = duePods(run.context.plan, planned, (name) => byName.get(name)?.phase ?? 'ended');
  const due = dueInCluster(attempt, all);
  if (due.length === 0) return;
  const ready = due.flatMap(({ pod }) => byName.get(pod) ?? []);
  const waiting = await startPods(attempt, ready, clock);
  if (waiting > 0) {
    const running = pods.filter((pod) => pod.phase === 'live').length;
    run.facts.push({
      type: 'progress',
      message: `${running} of ${pods.length} pods running; the rest wait for GPUs`,
    });
  }
}

/** From here on the attempt only ends. A deadline that all pods forestalled by succeeding is not told. */
async function beginEnd(
  attempt: Attempt,
  { cause, failure }: Pick<StopMark, 'cause' | 'failure'>,
): Promise<void> {
  const { deps } = attempt.run;
  const mark = { cause, failure, uptime: deps.uptime(), boot: await deps.processes.bootId() };
  attempt.mark = await placeMark(attempt.folder, mark);
  crashPoint('engine-stop-marked');
  await observePods(attempt, false);
  tellFailure(attempt);
}

function tellFailure({ run, mark, pods }: Attempt): void {
  if (!mark || mark.failure === null || pods.every(hasSucceeded)) return;
  run.facts.push({ type: 'failure', ...mark.failure });
}

function deadlineFailure(decision: string, timeoutS: number | null): Explanation | null {
  return decision === 'deadline' && timeoutS !== null ? explainDeadline(timeoutS) : null;
}

/** The others usually fail in consequence of the first. */
function firstFailed(pods: readonly LivePod[]): LivePod | null {
  let first: LivePod | null = null;
  for (const pod of pods.filter(hasFailed)) {
    if (first === null || (pod.ended_at ?? 0) < (first.ended_at ?? 0)) first = pod;
  }
  return first;
}

function pauseMs(timeoutS: number | null, clock: RunClock): number {
  if (timeoutS === null) return NET_MS;
  return Math.min(NET_MS, Math.max(1, (timeoutS - clock.elapsed()) * 1000));
}
