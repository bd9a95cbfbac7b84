import { setMaxListeners } from 'node:events';
import { mkdir, readdir } from 'node:fs/promises';
import { crashPoint } from '../../../base/io/crash-point.ts';
import type { ExperimentFact } from '../../../experiment/event.ts';
import type { Plan } from '../../../experiment/plan/plan.ts';
import type { RunContext } from '../../engine.ts';
import { runAttempt } from './attempt.ts';
import { readPrograms } from '../build/build-result.ts';
import { openClock } from './deadline.ts';
import type { EngineDeps, ExperimentRun } from '../deps.ts';
import { createFactQueue } from '../../facts.ts';
import { createLogPump } from '../pod/log-pump.ts';
import { prepareRun, problemOf } from './prepare-run.ts';
import { removeClusterFolders } from '../ray/cluster.ts';
import { showTensorBoard } from '../services/run-tensorboard.ts';
import { sweep } from './sweep.ts';
import { NO_SURROUNDINGS, prepareSurroundings } from './surroundings.ts';
import { removeSharedVolume } from '../pod/volumes.ts';
import { removeWork, sharesWorkdir, workFolder } from '../pod/workdir.ts';

/**
 * Carries a plan out, or goes on with what an earlier process began. Facts come as they happen; the iteration ends
 * when nothing of the experiment runs any more, or at once when the server leaves.
 */
export function runExperiment(deps: EngineDeps, context: RunContext): AsyncGenerator<ExperimentFact> {
  // Each pod listens to these two while it is being stopped, and there may be hundreds.
  setMaxListeners(0, context.stop, context.detach);
  const facts = createFactQueue();
  const logs = createLogPump(context.logs);
  const leave = () => facts.end();
  if (context.detach.aborted) leave();
  else context.detach.addEventListener('abort', leave, { once: true });
  const nothing = { port: null, ray: null, jupyter: null, surroundings: NO_SURROUNDINGS };
  carryOut({ deps, context, facts, logs, ...nothing, programs: readPrograms(context.build) })
    .then(() => facts.end(), facts.end)
    .finally(() => context.detach.removeEventListener('abort', leave));
  return facts.facts();
}

async function carryOut(prepared: ExperimentRun): Promise<void> {
  const { deps, context, facts, logs } = prepared;
  try {
    await mkdir(context.directory, { recursive: true, mode: 0o700 });
    const cannot = await unschedulable(deps, context.plan);
    if (cannot !== null) {
      facts.push({ type: 'failure', reason: 'Unschedulable', explanation: cannot });
      return;
    }
    const owner = { experimentId: context.experimentId, directory: context.directory };
    const run = await withSurroundings(await prepareRun(prepared));
    const problem = await problemOf(run);
    if (problem !== null) facts.push({ type: 'failure', ...problem });
    else if (!(await runBesideServices(run))) return;
    await clearUp(run);
    await deps.ports.release(owner);
  } catch (error) {
    // Nobody will look after the pods any more: they must not run on.
    if (!context.detach.aborted) await sweep(deps.processes, context.experimentId, null);
    throw error;
  } finally {
    await logs.end();
  }
}

/** False: the server leaves, everything stays as it is. */
async function runBesideServices(run: ExperimentRun): Promise<boolean> {
  const over = new AbortController();
  const shown = showTensorBoard(run, over.signal);
  try {
    return await runAttempts(run);
  } finally {
    over.abort();
    await shown;
  }
}

/** False: the server leaves, everything stays as it is. */
async function runAttempts(run: ExperimentRun): Promise<boolean> {
  const { deps, context, facts } = run;
  const boot = await deps.processes.bootId();
  const clock = await openClock(context.directory, { boot, uptime: deps.uptime, now: deps.now });
  const most = context.plan.backoff_limit + 1;
  for (let number = await lastAttempt(context.directory); !context.detach.aborted; number++) {
    facts.push({
      type: 'attempt',
      attempt: number,
      message: most === 1 ? 'starting the pods' : `attempt ${number} of at most ${most}`,
    });
    const end = await runAttempt(run, number, clock);
    crashPoint('engine-attempt-ended');
    if (end === 'detached') return false;
    if (!context.keep) await removeWork(context.directory, number);
    if (end === 'ended') return true;
  }
  return false;
}

/** What led to a process that is gone now leads nowhere. */
function endLinks({ context, facts, ray }: ExperimentRun): void {
  const { tensorboard, debug } = context.plan;
  if (tensorboard.enabled) facts.push({ type: 'link', name: 'tensorboard', url: null });
  if (ray !== null) facts.push({ type: 'link', name: 'ray_dashboard', url: null });
  if (debug.jupyter !== null) facts.push({ type: 'link', name: 'jupyter', url: null });
  if (debug.vscode !== null) facts.push({ type: 'link', name: 'vscode', url: null });
}

async function clearUp(run: ExperimentRun): Promise<void> {
  const { deps, context, facts, ray } = run;
  const left = await sweep(deps.processes, context.experimentId, null);
  endLinks(run);
  if (left.length > 0)
    facts.push({
      type: 'notice',
      code: 'processes_left',
      message: `cannot be ended: process ${left.join(', ')}`,
    });
  if (ray !== null) await removeClusterFolders(context.experimentId, await lastAttempt(context.directory));
  await removeSharedVolume(context.directory);
  if (context.keep) facts.push({ type: 'workdir', path: workFolder(context.directory) });
  else await removeWork(context.directory);
  crashPoint('engine-cleared-up');
}

/** Prepares what is around the pods, and tells what is not as it would be in a container. */
async function withSurroundings(run: ExperimentRun): Promise<ExperimentRun> {
  const { deps, context, facts, programs } = run;
  const { surroundings, notices } = await prepareSurroundings(deps, context, programs);
  for (const notice of notices) facts.push({ type: 'notice', ...notice });
  if (sharesWorkdir(context.snapshot.bytes)) {
    const message = 'the repository is larger than 1 GB: the pods share one working copy';
    facts.push({ type: 'notice', code: 'workdir_shared', message });
  }
  return { ...run, surroundings };
}

/** Attempts have folders named by their numbers; the last one is where an earlier process left off. */
async function lastAttempt(directory: string): Promise<number> {
  const numbers = (await readdir(directory)).filter((name) => /^[1-9]\d*$/.test(name)).map(Number);
  return Math.max(1, ...numbers);
}

/** A pod that asks for more GPUs than the machine has would wait for ever; without any it runs (a notice says so). */
async function unschedulable({ gpus }: EngineDeps, { groups }: Plan): Promise<string | null> {
  if (groups.every((group) => group.resources.gpus === 0)) return null;
  const there = (await gpus.devices()).length;
  const group = groups.find(({ resources }) => there > 0 && resources.gpus > there);
  if (group === undefined) return null;
  const asked = `${group.name} asks for ${group.resources.gpus} GPUs a pod, and this machine has ${there}`;
  return `${asked}; lower spec.types.${group.name}.resources.accelerators.gpu.count`;
}
