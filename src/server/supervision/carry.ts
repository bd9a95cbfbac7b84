import { isAichorError } from '../../errors.ts';
import { ExperimentFailure } from '../../experiment/failure/failure.ts';
import type { ExperimentFact } from '../../experiment/event.ts';
import { crashPoint } from '../../base/io/crash-point.ts';
import type { Ground } from './ground.ts';
import { stateOf } from '../store/store.ts';
import { gatherContext, type Carrying, type Course, type Signals } from './context.ts';
import { failureOf } from './failure.ts';
import { collect, recordLate, tellIncomplete, tellMayBeMissing } from './late.ts';
import { record } from './recording/record.ts';
import { newStep, takeSteps } from './steps.ts';

/**
 * Takes one admitted experiment to its end, or as far as it comes before the server goes. Whatever is thrown on the way
 * becomes a fact: an experiment never hangs because of a bug.
 */
export async function carry(ground: Ground, id: string, course: Course): Promise<void> {
  const { detach, stop } = course;
  let carrying: Carrying | null = null;
  try {
    await fetchFiles(ground, id, detach);
    carrying = await gatherContext(ground, stateOf(ground.store, id), course);
    await takeSteps(ground, carrying);
  } catch (error) {
    if (detach.aborted) return;
    await afterFailure(ground, { error, id, stop, detach, carrying });
  }
  if (detach.aborted) return;
  await finish(ground, id, course);
}

interface Thrown extends Signals {
  error: unknown;
  id: string;
  carrying: Carrying | null;
}

async function afterFailure(ground: Ground, thrown: Thrown): Promise<void> {
  const { id, carrying, detach, error } = thrown;
  if (stateOf(ground.store, id).ended) return tellIncomplete(ground, id, thrown);
  const failure = failedBy(ground, error, thrown);
  if (failure === null) return;
  await record(ground, id, { facts: [failure], detach });
  if (carrying !== null) await stopWhatRuns(ground, carrying);
}

/** The clone step: commits were fetched when they were submitted, so the files are here. */
async function fetchFiles(ground: Ground, id: string, detach: AbortSignal): Promise<void> {
  const { source } = stateOf(ground.store, id).record;
  const message = source.kind === 'commit' ? `commit ${source.commit_sha}` : `snapshot ${source.snapshot}`;
  const facts = newStep(ground.store, id, { step: 'clone', message });
  if (facts.length > 0) await record(ground, id, { facts, detach });
}

/** Null: it was stopped on request, and what was thrown only says so. */
function failedBy(
  ground: Ground,
  error: unknown,
  { id, stop }: { id: string; stop: AbortSignal },
): ExperimentFact | null {
  const { step } = stateOf(ground.store, id).record;
  const isStopped = stop.aborted && step !== 'run';
  if (!isAichorError(error) && !(error instanceof ExperimentFailure) && !isStopped)
    ground.log.error({ err: error, experiment_id: id }, `failed at ${step}`);
  return isStopped ? null : failureOf(error, { step, id });
}

/** The engine failed in the middle of things: pods may still run. It is asked once more, to stop them. */
async function stopWhatRuns(ground: Ground, { id, engine, context }: Carrying): Promise<void> {
  const build = ground.store.build(id);
  if (build === null) return;
  try {
    for await (const fact of engine.run({ ...context, build, stop: AbortSignal.abort() })) {
      if (stateOf(ground.store, id).ended) await recordLate(ground, { id, context }, [fact]);
      else await record(ground, id, { facts: [fact], detach: context.detach });
    }
  } catch (error) {
    ground.log.error({ err: error, experiment_id: id }, 'what still runs could not be stopped');
  }
}

/** The end is said first: who follows the log to its end finds that the experiment has ended. */
async function finish(ground: Ground, id: string, { detach, onLogs }: Course): Promise<void> {
  if (!stateOf(ground.store, id).ended) await record(ground, id, { facts: [{ type: 'ended' }], detach });
  await tidy(ground, id, onLogs);
}

/** What an earlier server has left of an ended experiment: the rest of its logs is read, as far as that is still to be had. */
export async function tidyLeft(ground: Ground, id: string, course: Course): Promise<void> {
  const { detach, onLogs } = course;
  const state = ground.store.state(id);
  // Of one that had not come so far there is nothing to be read.
  const mayBeLeft = state?.record.step === 'run' && ground.store.build(id) !== null;
  const engine = state === null ? undefined : ground.engines.get(state.record.engine);
  if (mayBeLeft && engine === undefined) {
    const why = `the engine ${state.record.engine} is no longer configured`;
    await tellMayBeMissing(ground, id, { why, detach });
  }
  if (mayBeLeft && engine?.collect !== undefined) {
    try {
      await collect(ground, await gatherContext(ground, state, course));
    } catch (error) {
      if (!detach.aborted) await tellIncomplete(ground, id, { error, detach });
    }
    if (detach.aborted) return;
  }
  await tidy(ground, id, onLogs);
}

/**
 * What remains to be done for an ended experiment: its log is completed, and what the engine keeps of it goes, unless it
 * was asked to keep it. Trouble with that does not change the end; it is tried again at the next start.
 */
async function tidy({ store, engines, logs, log }: Ground, id: string, onLogs: () => void): Promise<void> {
  try {
    const state = store.state(id);
    if (state === null) return;
    await (await logs.open(id)).finish();
    onLogs();
    crashPoint('logs-finished');
    if (store.submission(id)?.keep !== true) await engines.get(state.record.engine)?.discard(id, 'ended');
    crashPoint('discarded');
    store.markTidied(id);
  } catch (error) {
    log.error(
      { err: error, experiment_id: id },
      'what is left of an ended experiment could not be tidied up',
    );
    // Who follows its log does not wait for the next start.
    await logs.abandon(id);
  }
}
