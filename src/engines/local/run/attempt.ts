import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { sleep } from '../../../base/async/abort.ts';
import { createWake } from '../../../base/async/wake.ts';
import { crashPoint } from '../../../base/io/crash-point.ts';
import { explainDeadline, explainExhausted, type Explanation } from '../../../experiment/failure/explain.ts';
import { plannedPods } from '../../../experiment/plan/planned-pods.ts';
import { decideAttempt } from '../../../experiment/restart.ts';
import { OPERATORS } from '../../../operators/table.ts';
import type { RunContext } from '../../engine.ts';
import type { FactQueue } from '../../facts.ts';
import type { PodContainers } from '../container/containers.ts';
import type { LogPump } from '../pod/log-pump.ts';
import type { Containment } from '../mounts/containment.ts';
import type { Bind } from '../mounts/skeleton.ts';
import { hasFailed, hasSucceeded, newPod, type LivePod } from '../pod/pod.ts';
import type { PreparePod } from '../pod/prepare-pod.ts';
import { watchFolder } from '../pod/watch-folder.ts';
import { watchEventFiles } from '../services/event-files.ts';
import type { Debugging } from '../services/debug.ts';
import type { Host } from '../shared/host.ts';
import type { LocalWorkload } from '../workload.ts';
import type { Attempt } from './attempt-state.ts';
import type { RunClock } from './deadline.ts';
import { memoryNotice } from './end/memory-notice.ts';
import { leftBehindNotice } from './end/left-behind.ts';
import { readPeaks, watchMemory, type MemoryWatch } from './memory.ts';
import { observePods } from './observe.ts';
import { createSettler } from './end/settle.ts';
import { watchEnds } from './end/watch-ends.ts';
import { duePods, readGpus, startPods } from './start-pods.ts';
import { stopLivePods } from './stop-pods.ts';
import { placeMark, readMark, type StopMark } from './stop-mark.ts';
import { createVerdicts, type Verdicts } from './verdict.ts';

/** The slow look that finds what no watch and no child has told; with many attempts at once each has fewer of them. */
const NET_MS = 1000;
const NET_FOR_EACH_MS = 10;

/** With more pods than these, what happens is gathered for as many milliseconds as there are pods, up to the longest. */
const FEW_PODS = 16;
const LONGEST_GATHERING_MS = 150;

/** How long ranks have to fail together. */
const MOMENT_MS = 300;

export type AttemptEnd = 'ended' | 'restart' | 'detached';

/** What the attempts of an experiment are carried out with. */
export interface AttemptTools {
  host: Host;
  context: RunContext;
  facts: FactQueue;
  logs: LogPump;
  prepare: PreparePod;
  containment: Containment | null;
  containers: PodContainers | null;
  shown: readonly Bind[];
  port: number | null;
  workload: LocalWorkload;
  debugging: Pick<Debugging, 'tellLink'>;
  clock: RunClock;
}

/** What it takes to look after one attempt: parts that know no more than they need. */
type Carried = AttemptTools & { experimentId: string; verdicts: Verdicts } & Host;

/**
 * Looks after one attempt until all of it has stopped. It may have been begun by an earlier process: what
 * is to do follows from the files alone, at each wake anew.
 */
export async function runAttempt(number: number, tools: AttemptTools): Promise<AttemptEnd> {
  const { context, facts, logs, host, clock } = tools;
  const { detach, stop, plan, experimentId } = context;
  const attempt = await openAttempt(number, tools);
  const { wake, pods } = attempt;
  const looking = { oom: host.oom, processes: tools.containers ?? host.processes };
  const memory = watchMemory(attempt, looking, facts.end);
  const by: Carried = { ...host, ...tools, experimentId, verdicts: verdictsOf(attempt, memory, tools) };
  const settler = createSettler(by);
  const ends = watchEnds(pods, by);
  const eventFiles = watchEventFiles({ ...by, pods });
  const unwatch = watchFolder(attempt.folder, wake.call);
  const unlisten = host.gpus.onGiven(wake.call);
  for (const signal of [stop, detach]) signal.addEventListener('abort', wake.call);
  host.lookedAfter.set(experimentId, {
    pods,
    containment: tools.containment,
    prepare: (pod) => tools.prepare(pod, number, detach),
  });
  try {
    settler.add(await observePods(attempt, true, by));
    tellFailure(attempt, facts);
    for (let looked = performance.now(); ;) {
      if (detach.aborted) return 'detached';
      if (attempt.mark === null) await advance(attempt, by);
      if (attempt.mark !== null) await stopLivePods(attempt, by);
      if (isOver(attempt)) break;
      if (pods.every((pod) => pod.phase === 'ended')) continue;
      const net = Math.max(NET_MS, host.lookedAfter.size * NET_FOR_EACH_MS);
      await wake.next(pauseMs(net, { timeoutS: plan.timeout_s, clock }));
      // Of hundreds that start or end, many are seen in one look, and told together.
      if (pods.length > FEW_PODS) await sleep(Math.min(LONGEST_GATHERING_MS, pods.length));
      const isDue = performance.now() - looked >= net;
      if (isDue) {
        looked = performance.now();
        logs.look();
        await eventFiles.look();
        if (attempt.mark === null) await ends.look();
      }
      settler.add(await observePods(attempt, isDue, by));
    }
    settler.add(pods);
    await settler.settled();
    const aboveRequest = memoryNotice(pods, plan);
    if (aboveRequest !== null) facts.push(aboveRequest);
    if (attempt.mark?.cause === 'restart' && !stop.aborted) return 'restart';
    if (!context.keep && tools.containers === null) await tellLeftBehind(attempt, by);
    return 'ended';
  } finally {
    for (const signal of [stop, detach]) signal.removeEventListener('abort', wake.call);
    host.lookedAfter.delete(experimentId);
    memory.end();
    unlisten();
    unwatch();
  }
}

/** Before the pods' folders are removed. */
async function tellLeftBehind(
  { number, pods }: Attempt,
  { context, prepare, facts }: Carried,
): Promise<void> {
  const folderOf = async (pod: LivePod) => pod.folder ?? (await prepare(pod, number, context.detach)).folder;
  const notice = await leftBehindNotice(pods, folderOf);
  if (notice !== null) facts.push(notice);
}

function verdictsOf(attempt: Attempt, { wasOutOfMemory }: MemoryWatch, tools: AttemptTools): Verdicts {
  return createVerdicts(attempt, { ...tools, wasOutOfMemory });
}

/** Nothing runs, and what that means has been decided on: all went well, or the end was marked. */
function isOver({ pods, mark }: Attempt): boolean {
  return pods.every((pod) => pod.phase === 'ended' && (mark !== null || hasSucceeded(pod)));
}

/** Makes the attempt's folder, or finds in it how far an earlier process came. */
async function openAttempt(
  number: number,
  { context: { plan, directory }, workload, host: { gpus } }: AttemptTools,
): Promise<Attempt> {
  const folder = join(directory, String(number));
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await workload.open(number);
  const pods = plannedPods(plan).map((planned) => newPod(planned, folder, number));
  const names: ReadonlySet<string> = new Set(await readdir(folder));
  const peaks = await readPeaks(folder);
  for (const pod of pods) {
    pod.peak_memory_bytes = peaks.get(pod.name) ?? null;
    if (names.has(`${pod.name}.gpus`)) pod.devices = await readGpus(pod.base);
    gpus.hold(pod.devices ?? []);
  }
  return { number, folder, pods, wake: createWake(), mark: await readMark(folder) };
}

/** Starts what is due, or decides that the attempt is to end and writes that down. */
async function advance(attempt: Attempt, by: Carried): Promise<void> {
  const { context, clock, workload, verdicts } = by;
  const { number, pods } = attempt;
  const { plan, stop } = context;
  const failed = await failedPod(attempt, by);
  const decision = decideAttempt({
    attempt: number,
    backoff_limit: plan.backoff_limit,
    live_pods: pods.filter((pod) => pod.phase !== 'ended').length,
    pod_failed: failed !== null,
    deadline_passed: plan.timeout_s !== null && clock.elapsed() >= plan.timeout_s,
    cancel_requested: stop.aborted,
  });
  if (decision === 'succeed') return;
  await by.debugging.tellLink(number, pods);
  if (decision === 'go-on' && workload.isDone(pods))
    return beginEnd(attempt, { cause: 'done', failure: null }, by);
  if (decision === 'go-on') return startDue(attempt, by);
  const failure = decision === 'fail' && failed !== null ? await verdicts.explain(failed) : null;
  const said =
    failure === null ? deadlineFailure(decision, plan.timeout_s) : explainExhausted(failure, number);
  await beginEnd(attempt, { cause: decision, failure: said }, by);
}

/**
 * The pod that is the cause where some failed. Ranks usually fail one because of the other, or all with the same error
 * at almost the same time: who is about to end as well is given a moment.
 */
async function failedPod(attempt: Attempt, by: Carried): Promise<LivePod | null> {
  const { pods } = attempt;
  if (!pods.some(hasFailed)) return null;
  const areRanks = OPERATORS[by.context.plan.operator].ranksWaitIn !== null;
  if (areRanks && pods.some((pod) => pod.phase === 'live')) {
    await sleep(MOMENT_MS);
    await observePods(attempt, false, by);
  }
  return by.verdicts.cause(pods.filter(hasFailed));
}

async function startDue(attempt: Attempt, by: Carried): Promise<void> {
  const { pods } = attempt;
  const byName = new Map(pods.map((pod) => [pod.name, pod]));
  const planned = pods.map((pod) => pod.planned);
  const all = duePods(by.context.plan, planned, (name) => byName.get(name)?.phase ?? 'ended');
  const due = by.workload.startable(attempt, all);
  if (due.length === 0) return;
  const ready = due.flatMap(({ pod }) => byName.get(pod) ?? []);
  const waiting = await startPods(attempt, ready, by);
  if (waiting > 0) {
    const running = pods.filter((pod) => pod.phase === 'live').length;
    const message = `${running} of ${pods.length} pods running; the rest wait for GPUs`;
    by.facts.push({ type: 'progress', message });
  }
}

/** From here on the attempt only ends. A deadline that all pods forestalled by succeeding is not told. */
async function beginEnd(
  attempt: Attempt,
  { cause, failure }: Pick<StopMark, 'cause' | 'failure'>,
  by: Carried,
): Promise<void> {
  const mark = { cause, failure, uptime: by.uptime(), boot: await by.processes.bootId() };
  attempt.mark = await placeMark(attempt.folder, mark);
  crashPoint('engine-stop-marked');
  await observePods(attempt, false, by);
  tellFailure(attempt, by.facts);
}

function tellFailure({ mark, pods }: Attempt, facts: FactQueue): void {
  if (!mark || mark.failure === null || pods.every(hasSucceeded)) return;
  facts.push({ type: 'failure', ...mark.failure });
}

function deadlineFailure(decision: string, timeoutS: number | null): Explanation | null {
  return decision === 'deadline' && timeoutS !== null ? explainDeadline(timeoutS) : null;
}

function pauseMs(net: number, { timeoutS, clock }: { timeoutS: number | null; clock: RunClock }): number {
  if (timeoutS === null) return net;
  return Math.min(net, Math.max(1, (timeoutS - clock.elapsed()) * 1000));
}
