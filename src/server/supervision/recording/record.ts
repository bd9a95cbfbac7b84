import { sleep } from '../../../base/async/abort.ts';
import type { BuildResult } from '../../../engines/engine.ts';
import type { ExperimentFact } from '../../../experiment/event.ts';
import type { ExperimentState } from '../../../experiment/state.ts';
import { crashPoint } from '../../../base/io/crash-point.ts';
import type { Log } from '../../ports.ts';
import { cannotWriteNow } from '../../store/database.ts';
import type { ExperimentStore } from '../../store/store.ts';
import type { Later } from './later.ts';

interface Recorder {
  store: ExperimentStore;
  later: Pick<Later, 'flush'>;
  log: Log;
}

/** How long to wait before writing again what could not be written. */
const RETRY_MS = 1000;

/**
 * Stores facts before anything is done about them. A disk that is full, or a database that another program
 * holds, does not end the experiment: its pods go on, and what happened is written as soon as that can be done. Throws the reason of `detach` when the server goes meanwhile.
 */
export function record(
  recorder: Recorder,
  id: string,
  { facts, build, detach }: { facts: readonly ExperimentFact[]; build?: BuildResult; detach: AbortSignal },
): Promise<ExperimentState> {
  return insistOnWriting(recorder, {
    id,
    detach,
    write() {
      const state = recorder.store.append(id, facts, build);
      for (const fact of facts)
        crashPoint(fact.type === 'step' ? `recorded-step-${fact.step}` : `recorded-${fact.type}`);
      return state;
    },
  });
}

/** Writes something of an experiment, as soon as that can be done. Throws the reason of `detach` when the server goes meanwhile. */
export async function insistOnWriting<T>(
  { later, log }: Pick<Recorder, 'later' | 'log'>,
  { id, detach, write }: { id: string; detach: AbortSignal; write(): T },
): Promise<T> {
  for (;;) {
    try {
      later.flush();
      return write();
    } catch (error) {
      if (!cannotWriteNow(error)) throw error;
      log.error(
        { err: error, experiment_id: id },
        'what happened to an experiment cannot be written; trying again',
      );
      await sleep(RETRY_MS, detach);
    }
  }
}

/** How far something is. Not worth waiting until it can be written. */
export function recordProgress(
  { store, log }: Pick<Recorder, 'store' | 'log'>,
  id: string,
  message: string,
): void {
  try {
    store.append(id, [{ type: 'progress', message }]);
  } catch (error) {
    if (!cannotWriteNow(error)) throw error;
    log.warn({ err: error, experiment_id: id }, 'how far an experiment is cannot be written');
  }
}
