import { sleep } from '../../base/async/abort.ts';
import type { BuildResult } from '../../engines/engine.ts';
import type { ExperimentFact } from '../../experiment/event.ts';
import type { ExperimentState } from '../../experiment/state.ts';
import { crashPoint } from '../../base/io/crash-point.ts';
import type { Log } from '../ports.ts';
import { isDiskTrouble } from '../store/database.ts';
import type { ExperimentStore } from '../store/store.ts';

interface Recorder {
  store: ExperimentStore;
  log: Log;
}

/** How long to wait before writing again to a disk that would not take it. */
const RETRY_MS = 1000;

/**
 * Stores facts before anything is done about them. A disk that is full does not end the experiment: its pods go on, and
 * what happened is written as soon as there is room. Throws the reason of `detach` when the server goes meanwhile.
 */
export async function record(
  { store, log }: Recorder,
  id: string,
  { facts, build, detach }: { facts: readonly ExperimentFact[]; build?: BuildResult; detach: AbortSignal },
): Promise<ExperimentState> {
  for (;;) {
    try {
      const state = store.append(id, facts, build);
      for (const fact of facts)
        crashPoint(fact.type === 'step' ? `recorded-step-${fact.step}` : `recorded-${fact.type}`);
      return state;
    } catch (error) {
      if (!isDiskTrouble(error)) throw error;
      log.error(
        { err: error, experiment_id: id },
        'the disk does not take what happened to an experiment; trying again',
      );
      await sleep(RETRY_MS, detach);
    }
  }
}

/** How far something is. Not worth waiting for a disk that is full. */
export function recordProgress({ store, log }: Recorder, id: string, message: string): void {
  try {
    store.append(id, [{ type: 'progress', message }]);
  } catch (error) {
    if (!isDiskTrouble(error)) throw error;
    log.warn({ err: error, experiment_id: id }, 'the disk does not take how far an experiment is');
  }
}
