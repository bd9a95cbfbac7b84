import type { Ground } from './ground.ts';
import type { ExperimentState } from '../../experiment/state.ts';
import { RECORD_DAMAGED } from '../store/rows.ts';
import { stateOf, type StoredSubmission } from '../store/store.ts';

interface Hands {
  enqueue(id: string): void;
  start(id: string): void;
  stop(id: string): void;
  tidyUp(id: string): void;
}

/**
 * After a start: every live experiment is taken up where it was. One that waited waits again, in the old order; one that
 * had been admitted goes on at its step, because the engine finds what it had started; one that was being ended
 * is ended. What ended experiments left behind is tidied up.
 *
 * @param only those on this engine; without it all of them
 */
export function recover(ground: Ground, hands: Hands, only?: string): void {
  const { store, log } = ground;
  const isMeant = (id: string) => only === undefined || stateOf(store, id).record.engine === only;
  for (const id of store.live().filter(isMeant)) {
    try {
      takeUp(ground, id, hands);
    } catch (error) {
      // One that cannot be taken up (the disk is full, its row cannot be read) keeps none of the others from it.
      log.error({ err: error, experiment_id: id }, 'an experiment could not be taken up');
    }
  }
  for (const id of store.untidied().filter(isMeant)) hands.tidyUp(id);
}

function takeUp(ground: Ground, id: string, { enqueue, start, stop }: Hands): void {
  const { store, engines } = ground;
  const { record, cancel_requested, failure } = wholeState(ground, id);
  if (!engines.has(record.engine)) {
    const explanation = `the engine ${record.engine} is no longer configured`;
    store.append(id, [{ type: 'failure', reason: 'EngineUnavailable', explanation }, { type: 'ended' }]);
  } else if (record.step !== 'wait') {
    start(id);
    if (cancel_requested || failure !== null) stop(id);
  } else if (cancel_requested || failure !== null) {
    store.append(id, [{ type: 'ended' }]);
  } else {
    enqueue(id);
  }
}

/**
 * The state of an experiment that is taken up again. One of which too much is damaged to go on with is ended: what runs
 * of it is stopped as after any other failure.
 */
function wholeState({ store, log }: Ground, id: string): ExperimentState {
  const state = stateOf(store, id);
  const isDamaged =
    state.record.notices.some(({ code }) => code === RECORD_DAMAGED) || !isPlanned(store.submission(id));
  if (!isDamaged || state.failure !== null) return state;
  log.error({ experiment_id: id }, 'what is stored of it is damaged: it is ended');
  const explanation = 'what the control plane had stored of it is damaged; submit it again';
  return store.append(id, [{ type: 'failure', reason: 'EngineLost', explanation }]);
}

function isPlanned(submission: StoredSubmission | null): boolean {
  return typeof submission === 'object' && typeof submission?.plan === 'object' && submission.plan !== null;
}
