import { isInnerHost } from '../../base/http/inner-address.ts';
import { AichorError } from '../../errors.ts';
import type { NotifyTarget } from '../../experiment/told/target.ts';
import type { Caller } from '../people/caller.ts';
import type { ExperimentState } from '../../experiment/state.ts';
import { getExperiment, type ExperimentReading } from '../experiments/get.ts';
import type { ExperimentStore } from '../store/store.ts';
import { createCourier, type CourierOptions } from './courier.ts';
import { messageOf } from './message.ts';
import type { KeptTarget, Occasion } from './outbox.ts';
import { waitsSince } from './waiting.ts';

interface NotifierOptions extends Omit<CourierOptions, 'signal' | 'store'> {
  store: ExperimentReading['store'] & Pick<ExperimentStore, 'remark'>;
  /** An experiment that has waited for so long is told of, once. */
  waitingMs: number;
}

/** Tells those who asked for it that experiments have ended, or wait for long. Nothing waits for it. */
export interface Notifier {
  /** Before an experiment is made: whom it tells. Durable on return. */
  put(targets: ReadonlyMap<string, readonly KeptTarget[]>): void;
  targets(id: string): KeptTarget[];
  /** Targets as they are kept. Throws AichorError `forbidden` for an inner address that somebody else names. */
  accepted(caller: Pick<Caller, 'isOwner'>, targets: readonly NotifyTarget[]): KeptTarget[];
  remove(ids: readonly string[]): void;
  /** An experiment has changed. */
  changed(state: ExperimentState): void;
  /** Messages that are still to be told. */
  pending(): number;
  /** Takes up what the last server left. */
  start(): void;
  /** Lets go of everything; what was not told is by the next server. */
  close(): Promise<void>;
}

/** How often it is looked who waits. */
const LOOK_MS = 30_000;

/** What has ended, or waits, has no time that goes on, which engines would tell. */
const NO_ENGINES: ExperimentReading['engines'] = new Map();

export function createNotifier(options: NotifierOptions): Notifier {
  const { store, outbox, log, now, waitingMs, innerAllowed } = options;
  const closing = new AbortController();
  const courier = createCourier({ ...options, signal: closing.signal });
  /** Of which an end is to be told. */
  const untold = new Set(outbox.untold());
  const ended = new Set<string>();
  let isSoon = false;

  /** What goes wrong here is told and tried again, and harms no experiment. */
  function guarded(work: () => void): void {
    if (closing.signal.aborted) return;
    try {
      work();
    } catch (error) {
      log.error({ err: error }, 'what is to be told of experiments could not be put down; trying again');
    }
  }

  function tellEndsSoon(): void {
    if (isSoon) return;
    isSoon = true;
    setImmediate(() => {
      isSoon = false;
      guarded(tellEnds);
    });
  }

  function tellEnds(): void {
    for (const id of ended) {
      if (store.state(id) !== null) add(id, 'ended');
      ended.delete(id);
      untold.delete(id);
    }
    courier.wake();
  }

  function add(id: string, occasion: Occasion): void {
    const time = now();
    const body = messageOf(occasion, getExperiment({ store, now, engines: NO_ENGINES }, id), time);
    outbox.add({ id, occasion, body, now: time.getTime() });
  }

  /** Of those that are to be told of, which wait for long; and what could not be put down before. */
  function look(): void {
    for (const id of untold) {
      const state = store.state(id);
      if (state === null || state.ended || outbox.wasTold(id, 'waiting')) continue;
      const since = waitsSince(state.record, store.events(id));
      if (since !== null && now().getTime() - Date.parse(since) >= waitingMs) add(id, 'waiting');
    }
    tellEnds();
  }

  const looking = setInterval(() => guarded(look), Math.min(LOOK_MS, waitingMs)).unref();
  return {
    put(targets) {
      outbox.put(targets);
      courier.wake();
      for (const id of targets.keys()) untold.add(id);
    },
    // What is written to commits is the project's, and decided anew.
    targets: (id) => outbox.targets(id).filter(({ target }) => target.kind !== 'commit'),
    accepted: ({ isOwner: isTrusted }, targets) =>
      targets.map((target) => {
        if (!isTrusted && !innerAllowed) refuseInner(target);
        return { target, isTrusted };
      }),
    remove(ids) {
      outbox.remove(ids);
      for (const id of ids) untold.delete(id);
    },
    changed({ ended: isEnded, record: { experiment_id: id } }) {
      if (!isEnded || !untold.has(id)) return;
      ended.add(id);
      tellEndsSoon();
    },
    pending: () => outbox.size() + ended.size,
    start() {
      for (const id of untold) if (store.state(id)?.ended !== false) ended.add(id);
      tellEndsSoon();
    },
    async close() {
      closing.abort(new Error('the server goes'));
      clearInterval(looking);
      await courier.close();
      outbox.close();
    },
  };
}

/** Names are looked up when they are told; what is written as such an address is refused at once. */
function refuseInner(target: NotifyTarget): void {
  if (target.kind !== 'url' || !isInnerHost(new URL(target.url).hostname)) return;
  throw new AichorError(
    'forbidden',
    `${new URL(target.url).hostname} is an address of an inner network, which this server does not tell`,
    { hint: 'give an address that everybody reaches; AICHOR_NOTIFY_INNER=1 of the server allows others' },
  );
}
