import type { ExperimentFact } from '../../../experiment/event.ts';
import { applyEvent, type ExperimentState } from '../../../experiment/state.ts';
import type { Log } from '../../ports.ts';
import { cannotWriteNow, isDiskTrouble } from '../../store/database.ts';
import { stateOf, type ExperimentStore } from '../../store/store.ts';

/** Facts that are acted upon although the disk does not take them: they are written when it does. */
export interface Later {
  /** Written now, or later: the states after them, which then say so. */
  record(facts: ReadonlyMap<string, readonly ExperimentFact[]>): Map<string, ExperimentState>;
  /** Writes what waits, before anything else is written of the same experiments. Throws when the disk does not take it. */
  flush(): void;
  /** What has not been written by now is lost. */
  close(): void;
}

interface Writing {
  store: Pick<ExperimentStore, 'appendAll' | 'state'>;
  log: Pick<Log, 'warn' | 'error'>;
}

/** Between two tries. */
const AGAIN_MS = 1000;

const WAITS: ExperimentFact = {
  type: 'notice',
  code: 'disk_full',
  message:
    'the disk is full: it is being ended all the same, which is recorded when there is room (aichor experiments prune --outputs makes some)',
};

/** For wishes that make room when they are granted: an experiment that fills the disk is ended before that is recorded. */
export function createLater({ store, log }: Writing): Later {
  const waiting = new Map<string, readonly ExperimentFact[]>();
  let timer: NodeJS.Timeout | undefined;

  function flush(): void {
    if (waiting.size === 0) return;
    const facts = [...waiting].filter(([id]) => store.state(id)?.ended === false);
    store.appendAll(new Map(facts));
    waiting.clear();
  }

  function writeSoon(): void {
    timer ??= setTimeout(() => {
      timer = undefined;
      try {
        flush();
      } catch (error) {
        if (cannotWriteNow(error)) writeSoon();
        else log.error({ err: error }, 'what waited for room could not be recorded');
      }
    }, AGAIN_MS).unref();
  }

  /** As it will be, once it is written. */
  function stateAfter(id: string, facts: readonly ExperimentFact[]): ExperimentState {
    const time = new Date().toISOString();
    return [WAITS, ...facts].reduce(
      (state, fact) => applyEvent(state, { time, ...fact }),
      stateOf(store, id),
    );
  }

  return {
    record(facts) {
      try {
        return store.appendAll(facts);
      } catch (error) {
        if (!isDiskTrouble(error)) throw error;
        log.warn(
          { err: error, experiments: [...facts.keys()] },
          'ended before it is recorded: the disk is full',
        );
        for (const [id, some] of facts) waiting.set(id, some);
        writeSoon();
        return new Map([...facts].map(([id, some]) => [id, stateAfter(id, some)]));
      }
    },
    flush,
    close: () => clearTimeout(timer),
  };
}
