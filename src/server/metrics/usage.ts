import { aborted, sleepUnless, within } from '../../base/async/abort.ts';
import type { Engine } from '../../engines/engine.ts';
import { addUsage, type UsageSamples } from '../../metrics/usage.ts';
import type { Log } from '../ports.ts';
import { stateOf, type ExperimentStore } from '../store/store.ts';

interface Sampling {
  store: Pick<ExperimentStore, 'state'>;
  log: Log;
  now(): Date;
}

export interface Sampled {
  /** Absent: the engine cannot say what pods take. */
  usage: Engine['usage'];
  /** What is known already, and grows. */
  samples: UsageSamples;
  /** There is one more sample. */
  tell(): void;
}

/** What pods take is looked at so often; a first time soon, because many end before. */
const SAMPLE_EVERY_MS = 10_000;
const FIRST_AFTER_MS = 2000;
/** A cluster without a metrics API has none in ten seconds either. */
const ASK_AGAIN_MS = 5 * 60_000;

/** An answer that takes longer is no sample, and holds up nobody. */
const PATIENCE_MS = 20_000;

/**
 * Samples what pods take. However many experiments run, one is looked at after the other: what that costs a machine or an API server has
 * a bound, and where they are very many samples are further apart.
 */
export function createUsageSampling(by: Sampling) {
  let turns: Promise<unknown> = Promise.resolve();

  /** Milliseconds until the next look. */
  async function sample(id: string, { usage, samples, tell }: Sampled, over: AbortSignal): Promise<number> {
    const { record } = stateOf(by.store, id);
    if (usage === undefined || record.pods.every(({ status }) => status !== 'Running')) return untilNext();
    try {
      const pods = await within(PATIENCE_MS, usage(id), late);
      if (pods.length === 0 || over.aborted) return untilNext();
      addUsage(samples, { time: by.now().getTime() / 1000, attempt: record.attempt, pods });
      tell();
      return untilNext();
    } catch (error) {
      by.log.warn({ err: error, experiment_id: id }, 'what the pods take is not known');
      return ASK_AGAIN_MS;
    }
  }

  return {
    /** Until the signal is aborted; whoever is asked just then is not waited for. */
    async follow(id: string, sampled: Sampled, over: AbortSignal): Promise<void> {
      let wait = FIRST_AFTER_MS;
      // One listener, however many turns there are.
      const left = aborted(over);
      while (sampled.usage !== undefined && (await sleepUnless(over, wait))) {
        const turn = turns.then(() => (over.aborted ? 0 : sample(id, sampled, over)));
        turns = turn.catch(() => undefined);
        wait = (await Promise.race([turn, left])) ?? 0;
      }
    },
  };
}

function late(): Error {
  return new Error(`the engine did not answer within ${PATIENCE_MS / 1000} seconds`);
}

/** All experiments are looked at when one is: the processor wakes up once. */
function untilNext(): number {
  return Math.ceil(SAMPLE_EVERY_MS - (performance.now() % SAMPLE_EVERY_MS)) + 1;
}
