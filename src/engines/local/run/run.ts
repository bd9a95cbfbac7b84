import { setMaxListeners } from 'node:events';
import { mkdir, readdir } from 'node:fs/promises';
import { sleepUnless } from '../../../base/async/abort.ts';
import { crashPoint } from '../../../base/io/crash-point.ts';
import type { ExperimentFact } from '../../../experiment/event.ts';
import type { Plan } from '../../../experiment/plan/plan.ts';
import type { RunContext } from '../../engine.ts';
import { createFactQueue, type FactQueue } from '../../facts.ts';
import { clearContainers } from '../container/containers.ts';
import { clientOf } from '../container/program-of-run.ts';
import { leavePlaces } from '../mounts/shared-places.ts';
import { removeSharedVolume } from '../mounts/volumes.ts';
import { sweep } from '../pod/kill.ts';
import { createLogPump, type LogPump } from '../pod/log-pump.ts';
import { removeWork, workFolder } from '../pod/workdir.ts';
import { showTensorBoard } from '../services/tensorboard.ts';
import type { GpuPool } from '../shared/gpu-pool.ts';
import type { Host } from '../shared/host.ts';
import { runAttempt, type AttemptTools } from './attempt.ts';
import { openClock, type RunClock } from './deadline.ts';
import { prepareRun, type PreparedRun } from './prepare.ts';
import { processesLeft } from './end/settle.ts';

const SECOND_MS = 1000;

/**
 * Carries a plan out, or goes on with what an earlier process began. Facts come as they happen; the iteration ends
 * when nothing of the experiment runs any more, or at once when the server leaves.
 */
export function runExperiment(host: Host, context: RunContext): AsyncGenerator<ExperimentFact> {
  // Each pod listens to these two while it is being stopped, and there may be hundreds.
  setMaxListeners(0, context.stop, context.detach);
  const facts = createFactQueue();
  const logs = createLogPump(context.logs);
  const leave = () => facts.end();
  if (context.detach.aborted) leave();
  else context.detach.addEventListener('abort', leave, { once: true });
  carryOut(context, { host, facts, logs })
    .then(() => facts.end(), facts.end)
    .finally(() => context.detach.removeEventListener('abort', leave));
  return facts.facts();
}

interface Outlets {
  host: Host;
  facts: FactQueue;
  logs: LogPump;
}

async function carryOut(context: RunContext, outlets: Outlets): Promise<void> {
  const { host, facts, logs } = outlets;
  const { experimentId, directory } = context;
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const cannot = await unschedulable(host.gpus, context.plan);
    if (cannot !== null) {
      facts.push({ type: 'failure', reason: 'Unschedulable', explanation: cannot });
      await removeWork(directory);
      return;
    }
    const run = await prepareRun(context, outlets);
    if (run.problem !== null) facts.push({ type: 'failure', ...run.problem });
    else if (!(await runBesideServices(run, outlets))) return;
    await clearUp(run, outlets);
    await host.ports.release({ experimentId, directory });
  } catch (error) {
    // Nobody will look after the pods any more: they must not run on.
    if (!context.detach.aborted) await endAll(context, host);
    throw error;
  } finally {
    host.clocks.delete(experimentId);
    await logs.end();
  }
}

/** False: the server leaves, everything stays as it is. */
async function runBesideServices(run: PreparedRun, outlets: Outlets): Promise<boolean> {
  const over = new AbortController();
  const { host, facts } = outlets;
  const { context, environment: env } = run;
  const shown = context.plan.tensorboard.enabled
    ? showTensorBoard({ ...context, env }, { processes: host.processes, facts }, over.signal)
    : null;
  const kept = run.buckets?.keep(over.signal);
  try {
    return await runAttempts(run, outlets);
  } finally {
    over.abort();
    await Promise.all([shown, kept]);
  }
}

/** False: the server leaves, everything stays as it is. */
async function runAttempts(run: PreparedRun, outlets: Outlets): Promise<boolean> {
  const { host, facts } = outlets;
  const { directory, plan, detach, keep } = run.context;
  const { processes, uptime, now } = host;
  const clock = await openClock(directory, { boot: await processes.bootId(), uptime, now });
  host.clocks.set(run.context.experimentId, clock);
  const tools: AttemptTools = { ...outlets, ...run, clock };
  const most = plan.backoff_limit + 1;
  for (let number = await lastAttempt(directory); !detach.aborted; number++) {
    facts.push({
      type: 'attempt',
      attempt: number,
      message: most === 1 ? 'starting the pods' : `attempt ${number} of at most ${most}`,
    });
    const end = await runAttempt(number, tools);
    crashPoint('engine-attempt-ended');
    if (end === 'detached') return false;
    if (end === 'ended') tellDuration(clock, facts);
    if (!keep) await removeWork(directory, number);
    if (end === 'ended') return true;
    if (plan.tensorboard.enabled) await nextSecond(run.context, now());
  }
  return false;
}

/** Nothing, where nothing was started. */
function tellDuration(clock: RunClock, facts: FactQueue): void {
  const seconds = Math.round(clock.elapsed() * 1000) / 1000;
  if (seconds > 0) facts.push({ type: 'ran', seconds });
}

/**
 * Event files are named by second and host: pods of an attempt that starts within the second of the last one would write over its
 * files, closed and whole as they are. Returns when the next second has begun, or the experiment is being stopped.
 */
async function nextSecond({ stop, detach }: RunContext, now: Date): Promise<void> {
  await sleepUnless(AbortSignal.any([stop, detach]), SECOND_MS - (now.getTime() % SECOND_MS) + 1);
}

/** Of an experiment that nobody looks after. */
async function endAll({ experimentId, directory }: RunContext, host: Host): Promise<void> {
  const client = await clientOf(directory, host.env);
  if (client !== null) await clearContainers(experimentId, client);
  await sweep(host.processes, experimentId, null);
}

async function clearUp(run: PreparedRun, { host, facts }: Outlets): Promise<void> {
  const { context, workload, debugging } = run;
  const { experimentId, directory, plan, keep } = context;
  await run.containers?.clearUp();
  const left = await sweep(host.processes, experimentId, null);
  if (plan.tensorboard.enabled) facts.push({ type: 'link', name: 'tensorboard', url: null });
  workload.endLinks(facts);
  debugging.endLinks();
  if (left.length > 0) facts.push(processesLeft(left));
  await workload.clearUp(await lastAttempt(directory));
  await removeSharedVolume(directory);
  await leavePlaces(directory, experimentId);
  if (keep && run.containers === null) facts.push({ type: 'workdir', path: workFolder(directory) });
  else await removeWork(directory);
  crashPoint('engine-cleared-up');
}

/** Attempts have folders named by their numbers; the last one is where an earlier process left off. */
async function lastAttempt(directory: string): Promise<number> {
  const numbers = (await readdir(directory)).filter((name) => /^[1-9]\d*$/.test(name)).map(Number);
  return Math.max(1, ...numbers);
}

/** A pod that asks for more GPUs than the machine has would wait for ever; without any it runs (a notice says so). */
async function unschedulable(gpus: Pick<GpuPool, 'devices'>, { groups }: Plan): Promise<string | null> {
  if (groups.every((group) => group.resources.gpus === 0)) return null;
  const there = (await gpus.devices()).length;
  const group = groups.find(({ resources }) => there > 0 && resources.gpus > there);
  if (group === undefined) return null;
  const asked = `${group.name} asks for ${group.resources.gpus} GPUs a pod, and this machine has ${there}`;
  return `${asked}; lower spec.types.${group.name}.resources.accelerators.gpu.count`;
}
