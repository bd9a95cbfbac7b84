import { doubling } from '../../base/async/again.ts';
import { counted } from '../../base/text/plural.ts';
import type { Log } from '../ports.ts';
import type { ExperimentStore } from '../store/store.ts';
import { deliver, type Delivering } from './deliver.ts';
import { shownTargets, type DueMessage, type Outbox } from './outbox.ts';

export interface CourierOptions extends Delivering {
  store: Pick<ExperimentStore, 'state' | 'remark'>;
  outbox: Outbox;
  log: Log;
  /** How long after a failure it is tried again; null: no more. Only tests bring their own. */
  delays?: (failures: number) => number | null;
}

/** Takes what is in the outbox to those it is for. */
export interface Courier {
  /** There is something to be told. Cheap, any number of times. */
  wake(): void;
  /** Returns when nothing is on its way any more; the signal ends that. */
  close(): Promise<void>;
}

/** From 5 seconds up to an hour, for some four hours. */
const DELAYS = doubling({ firstMs: 5000, longestMs: 3_600_000, most: 13 });
/** Messages on their way at the same time. */
const MOST_AT_ONCE = 8;
const LONGEST_TIMER_MS = 3_600_000;
/** After trouble of our own (the disk is full). */
const RETRY_MS = 5000;

export function createCourier(options: CourierOptions): Courier {
  const { store, outbox, log, now, signal, delays = DELAYS } = options;
  const inHand = new Map<number, Promise<void>>();
  let timer: NodeJS.Timeout | undefined;
  let isSoon = false;

  function wake(): void {
    if (isSoon) return;
    isSoon = true;
    setImmediate(() => {
      isSoon = false;
      turn();
    });
  }

  function turn(): void {
    clearTimeout(timer);
    if (signal.aborted) return;
    try {
      const wait = takeDue();
      if (wait !== null) timer = setTimeout(turn, wait).unref();
    } catch (error) {
      log.error({ err: error }, 'notifications could not be dealt with; trying again');
      timer = setTimeout(turn, RETRY_MS).unref();
    }
  }

  /** How long until the next is due; null: none is, or one that comes back looks. */
  function takeDue(): number | null {
    const time = now().getTime();
    const due = outbox.due(time, MOST_AT_ONCE * 2).filter(({ number }) => !inHand.has(number));
    for (const delivery of due.slice(0, MOST_AT_ONCE - inHand.size)) take(delivery);
    const next = outbox.nextDue(time);
    if (next === null || inHand.size >= MOST_AT_ONCE) return null;
    return Math.min(LONGEST_TIMER_MS, next - time);
  }

  function take(delivery: DueMessage): void {
    const task = attempt(delivery)
      .then(wake)
      .catch((error: unknown) => {
        if (signal.aborted) return;
        log.error({ err: error, experiment_id: delivery.experiment_id }, 'a notification broke');
        timer = setTimeout(turn, RETRY_MS).unref();
      })
      .finally(() => inHand.delete(delivery.number));
    inHand.set(delivery.number, task);
  }

  async function attempt(delivery: DueMessage): Promise<void> {
    const outcome = await deliver(options, delivery);
    if (outcome === null) return outbox.done(delivery);
    const { experiment_id: id, failures } = delivery;
    const { why, isFinal } = outcome;
    const wait = isFinal ? null : delays(failures + 1);
    log.warn({ experiment_id: id, why, again_in_ms: wait }, 'a notification failed');
    if (wait !== null) return outbox.failed(delivery, now().getTime() + wait);
    const [shown] = shownTargets([delivery]);
    const message = `${shown} was not told, ${counted(failures + 1, 'attempt')}: ${why}`;
    if (store.state(id) !== null) store.remark(id, { code: 'notification_failed', message });
    outbox.done(delivery);
  }

  return {
    wake,
    async close() {
      clearTimeout(timer);
      await Promise.all(inHand.values());
      clearTimeout(timer);
    },
  };
}
