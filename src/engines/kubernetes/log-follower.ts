import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogOptions } from './cluster.ts';
import type { LogKeeper } from './log-keeper.ts';
import { nextStep, type NextStep, type ReadingEnd } from './log-reading.ts';
import { readLog, type ReadingResult } from './read-log.ts';
import { resumeDelay } from './retry.ts';
import { createSilence, type Silence } from './silence.ts';

/** How long what may take, in milliseconds. */
export interface Pace {
  /** A stream of a container that runs is opened anew when it is silent for so long: it may be dead. */
  silentMs: number;
  /** So long a stream may be silent after its container has ended; then the log is read once more. */
  graceMs: number;
  /** Reading is given up when a container that ended has brought nothing for so long. */
  capMs: number;
}

export const PACE: Pace = { silentMs: 5 * 60_000, graceMs: 5_000, capMs: 60_000 };

/** Reads the log of one container, again and again until it has all of it. */
export interface Follower {
  /** The container has ended; with `gone`, its log cannot be asked for any more. */
  ended(gone?: boolean): void;
  /** Until all was read or given up. False: it was stopped before that. */
  run(keeper: LogKeeper): Promise<boolean>;
  stop(): void;
}

interface FollowerOptions {
  /** The file has grown. */
  grown: () => Promise<void>;
  /** A container that has ended needs no following. */
  open(options: Pick<LogOptions, 'follow' | 'sinceTime' | 'signal'>): Promise<Readable>;
  pace: Pace;
  /** From 0 up to 1: spreads what is repeated. */
  chance: () => number;
  /** It could not be read this time. */
  onTrouble(end: ReadingEnd): void;
  /** Lines between these may be missing. */
  onGap(gap: NonNullable<ReadingResult['gap']>): void;
  /** The end may be missing. */
  onMissing(why: string): void;
}

/** After a stream that ended as it should, it is soon known that its container has ended too: no hurry. */
const UNHURRIED = 4;

export function createFollower(options: FollowerOptions): Follower {
  const { pace } = options;
  const stopped = new AbortController();
  let endedAt: number | null = null;
  let isGone = false;
  let wake = new AbortController();
  let silence: Silence | null = null;

  async function read(keeper: LogKeeper, final: boolean, seek: boolean): Promise<ReadingResult> {
    const silent = new AbortController();
    const limit = () => (final ? pace.capMs : endedAt === null ? pace.silentMs : pace.graceMs);
    const heard = createSilence(limit, () => silent.abort());
    silence = heard;
    const signal = AbortSignal.any([stopped.signal, silent.signal]);
    const open = (sinceTime: string | undefined) => options.open({ follow: !final, sinceTime, signal });
    try {
      const result = await readLog({ keeper, open, seek, signal, heard: heard.heard, grown: options.grown });
      return silent.signal.aborted ? { ...result, end: { kind: 'silent' } } : result;
    } finally {
      heard.end();
    }
  }

  async function pause(ms: number): Promise<void> {
    wake = new AbortController();
    const signal = AbortSignal.any([stopped.signal, wake.signal]);
    await sleep(ms, undefined, { signal }).catch(() => undefined); // woken
  }

  /** Until all was read (null), or the rest was given up (why); undefined: stopped. */
  async function readAll(keeper: LogKeeper): Promise<string | null | undefined> {
    let progressAt = performance.now();
    let failures = 0;
    for (let next = BEGIN; ;) {
      if (isGone) return next.wasWhole ? null : 'the container was started again';
      const final = endedAt !== null;
      const { end, began, grew, gap } = await read(keeper, final, next.seek);
      if (stopped.signal.aborted) return undefined;
      if (gap !== null) options.onGap(gap);
      const step = nextStep(end, { final, began, wasWhole: next.wasWhole });
      if (step.step === 'done') return step.missing;
      options.onTrouble(end);
      if (grew) progressAt = performance.now();
      if (endedAt !== null && performance.now() - Math.max(progressAt, endedAt) >= pace.capMs)
        return 'message' in end && end.message !== null ? end.message : 'nothing came any more';
      failures = grew ? 0 : failures + 1;
      if (step.pause && final === (endedAt !== null)) await pause(pauseMs(end, failures));
      if (stopped.signal.aborted) return undefined;
      next = step;
    }
  }

  function pauseMs(end: ReadingEnd, failures: number): number {
    const unhurried = end.kind === 'ended' ? UNHURRIED : 0;
    return resumeDelay(failures + unhurried, endedAt !== null, options.chance());
  }

  return {
    async run(keeper) {
      const missing = await readAll(keeper);
      if (missing === undefined) return false;
      if (await keeper.finish()) await options.grown();
      if (missing !== null) options.onMissing(missing);
      return true;
    },
    ended(gone = false) {
      isGone ||= gone;
      if (endedAt !== null) return;
      endedAt = performance.now();
      wake.abort();
      silence?.heard();
      silence?.look();
    },
    stop: () => stopped.abort(),
  };
}

const BEGIN: Extract<NextStep, { step: 'again' }> = {
  step: 'again',
  pause: false,
  seek: false,
  wasWhole: false,
};
