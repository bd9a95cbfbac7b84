import { setTimeout as sleep } from 'node:timers/promises';
import { openLogKeeper, type LogKeeper, type LogPlace } from './log-keeper.ts';
import { createLogReader, type ReaderOptions } from './log-reader.ts';
import { nextStep, type NextStep, type ReadingEnd } from './log-reading.ts';
import { resumeDelay } from '../api/http/retry.ts';

/** Reads the log of one container, again and again until it has all of it. */
export interface Follower {
  /** The container has ended; with `gone`, its log cannot be asked for any more. */
  ended(gone?: boolean): void;
  /** Until all was read or given up. False: it was stopped before that. */
  run(place: LogPlace): Promise<boolean>;
  stop(): void;
}

interface FollowerOptions extends ReaderOptions {
  /** From 0 up to 1: spreads what is repeated. */
  chance: () => number;
  /** It could not be read this time. */
  onTrouble(end: ReadingEnd): void;
  /** The end may be missing. */
  onMissing(why: string): void;
}

type Again = Extract<NextStep, { step: 'again' }>;

const BEGIN: Again = { step: 'again', pause: false, seek: false, wasWhole: false };

/** After a stream that ended as it should, it is soon known that its container has ended too: no hurry. */
const UNHURRIED = 4;

export function createFollower(options: FollowerOptions): Follower {
  const stopped = new AbortController();
  /** The container has ended. */
  const over = new AbortController();
  const reader = createLogReader(options, { stopped: stopped.signal, over: over.signal });
  let endedAt = Number.NaN;
  let isGone = false;

  /** Until all was read (null), or the rest was given up (why); undefined: stopped. */
  async function readAll(place: LogPlace): Promise<string | null | undefined> {
    let progressAt = performance.now();
    let failures = 0;
    for (let next = BEGIN; ;) {
      if (isGone) return next.wasWhole ? null : 'the container was started again';
      const { end, began, grew, final } = await reader.read(place, next.seek);
      if (stopped.signal.aborted) return undefined;
      const step = nextStep(end, { final, began, wasWhole: next.wasWhole });
      if (step.step === 'done') return step.missing;
      options.onTrouble(end);
      if (grew) progressAt = performance.now();
      if (performance.now() - Math.max(progressAt, endedAt) >= options.pace.capMs) return messageOf(end);
      failures = grew ? 0 : failures + 1;
      if (step.pause && final === over.signal.aborted) await pause(end, failures);
      if (stopped.signal.aborted) return undefined;
      next = step;
    }
  }

  async function pause(end: ReadingEnd, failures: number): Promise<void> {
    const isOver = over.signal.aborted;
    const ms = resumeDelay(failures + (end.kind === 'ended' ? UNHURRIED : 0), isOver, options.chance());
    const signal = isOver ? stopped.signal : AbortSignal.any([stopped.signal, over.signal]);
    await sleep(ms, undefined, { signal }).catch(() => undefined); // woken
  }

  return {
    async run(place) {
      if (await withKeeper(place, (keeper) => Promise.resolve(keeper.from.done))) return true;
      const missing = await readAll(place);
      if (missing === undefined) return false;
      const hasGrown = await withKeeper(place, async (keeper) => !keeper.from.done && keeper.finish());
      if (hasGrown) await options.grown();
      if (missing !== null) options.onMissing(missing);
      return true;
    },
    ended(gone = false) {
      isGone ||= gone;
      if (over.signal.aborted) return;
      endedAt = performance.now();
      over.abort();
    },
    stop: () => stopped.abort(),
  };
}

function messageOf(end: ReadingEnd): string {
  return ('message' in end ? end.message : null) ?? 'nothing came any more';
}

async function withKeeper(place: LogPlace, act: (keeper: LogKeeper) => Promise<boolean>): Promise<boolean> {
  const keeper = await openLogKeeper(place);
  try {
    return await act(keeper);
  } finally {
    await keeper.close();
  }
}
