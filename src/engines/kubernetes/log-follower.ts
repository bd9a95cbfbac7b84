import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogOptions } from './cluster.ts';
import { openLogKeeper, type LogPlace } from './log-keeper.ts';
import { nextStep, type NextStep, type ReadingEnd } from './log-reading.ts';
import { readLog, type Reading, type ReadingResult } from './read-log.ts';
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
  run(place: LogPlace): Promise<boolean>;
  stop(): void;
}

interface FollowerOptions {
  /** A container that has ended needs no following. */
  open(options: Pick<LogOptions, 'follow' | 'sinceTime' | 'signal'>): Promise<Readable>;
  /** The file has grown. */
  grown: () => Promise<void>;
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

/** A reading that is under way. */
interface Underway {
  result: Promise<ReadingResult>;
  silence: Silence;
  stop(): void;
}

type Again = Extract<NextStep, { step: 'again' }>;

const BEGIN: Again = { step: 'again', pause: false, seek: false, wasWhole: false };

/** After a stream that ended as it should, it is soon known that its container has ended too: no hurry. */
const UNHURRIED = 4;

export function createFollower(options: FollowerOptions): Follower {
  const { pace } = options;
  const stopped = new AbortController();
  /** The container has ended. */
  const over = new AbortController();
  let endedAt = Number.NaN;
  let isGone = false;
  let present: Underway | null = null;

  function begin(place: LogPlace, how: Pick<Reading, 'final' | 'seek' | 'gapless' | 'inTurn'>): Underway {
    const cut = new AbortController();
    const signal = AbortSignal.any([stopped.signal, cut.signal]);
    const limit = () => (how.final ? pace.capMs : over.signal.aborted ? pace.graceMs : pace.silentMs);
    const silence = createSilence(limit, () => cut.abort());
    const open = (sinceTime: string | undefined) => options.open({ follow: !how.final, sinceTime, signal });
    const reading = { ...how, place, open, signal, heard: silence.heard, grown: options.grown };
    const result = readLog(reading).then((read) => (signal.aborted ? { ...read, end: SILENT } : read));
    return { result: result.finally(silence.end), silence, stop: () => cut.abort() };
  }

  /** Reads once. When the container ends meanwhile, its log is read to the end without waiting for the stream's. */
  async function read(place: LogPlace, seek: boolean): Promise<ReadingResult & { final: boolean }> {
    const final = over.signal.aborted;
    const inTurn = createTurns();
    const underway = begin(place, { final, seek, gapless: false, inTurn });
    present = underway;
    if (final || !(await isOvertaken(underway.result))) return { ...(await underway.result), final };
    const overtaking = await inTurn(() => overtake(place, underway));
    const result = await underway.result;
    return overtaking === null ? { ...result, final } : { ...overtaking, final: true };
  }

  /** Whether the container ends before a reading does. */
  function isOvertaken(result: Promise<ReadingResult>): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const tell = () => resolve(true);
      over.signal.addEventListener('abort', tell);
      result.then(() => resolve(false), reject).finally(() => over.signal.removeEventListener('abort', tell));
    });
  }

  /**
   * Null: nothing came of it. When the log was removed, or rotated while the stream was behind, only the stream that
   * is open has the rest.
   */
  async function overtake(place: LogPlace, underway: Underway): Promise<ReadingResult | null> {
    const direct: Reading['inTurn'] = (act) => act();
    const how = { final: true, seek: false, gapless: true, inTurn: direct };
    const result = await begin(place, how).result;
    const isAll = result.end.kind === 'ended' && result.end.message === null;
    if (isAll || result.grew) underway.stop();
    underway.silence.heard();
    underway.silence.look();
    return isAll || result.grew ? result : null;
  }

  /** Until all was read (null), or the rest was given up (why); undefined: stopped. */
  async function readAll(place: LogPlace): Promise<string | null | undefined> {
    let progressAt = performance.now();
    let failures = 0;
    for (let next = BEGIN; ;) {
      if (isGone) return next.wasWhole ? null : 'the container was started again';
      const { end, began, grew, gap, final } = await read(place, next.seek);
      if (stopped.signal.aborted) return undefined;
      if (gap !== null) options.onGap(gap);
      const step = nextStep(end, { final, began, wasWhole: next.wasWhole });
      if (step.step === 'done') return step.missing;
      options.onTrouble(end);
      if (grew) progressAt = performance.now();
      if (performance.now() - Math.max(progressAt, endedAt) >= pace.capMs) return messageOf(end);
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
      if (await isDone(place)) return true;
      const missing = await readAll(place);
      if (missing === undefined) return false;
      await finish(place);
      if (missing !== null) options.onMissing(missing);
      return true;
    },
    ended(gone = false) {
      isGone ||= gone;
      if (over.signal.aborted) return;
      endedAt = performance.now();
      over.abort();
      present?.silence.heard();
      present?.silence.look();
    },
    stop: () => stopped.abort(),
  };

  async function isDone(place: LogPlace): Promise<boolean> {
    const keeper = await openLogKeeper(place);
    await keeper.close();
    return keeper.from.done;
  }

  async function finish(place: LogPlace): Promise<void> {
    const keeper = await openLogKeeper(place);
    try {
      if (!keeper.from.done && (await keeper.finish())) await options.grown();
    } finally {
      await keeper.close();
    }
  }
}

const SILENT: ReadingEnd = { kind: 'silent' };

function messageOf(end: ReadingEnd): string {
  return ('message' in end ? end.message : null) ?? 'nothing came any more';
}

function createTurns(): Reading['inTurn'] {
  let last: Promise<unknown> = Promise.resolve();
  return (act) => {
    const done = last.then(act);
    last = done.catch(() => undefined); // told to whoever asked for it
    return done;
  };
}
