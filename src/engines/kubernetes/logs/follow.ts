import { createTurn } from '../../../base/async/turn.ts';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogOptions } from '../api/cluster.ts';
import { resumeDelay } from '../api/http/retry.ts';
import { createSilence, type Silence } from '../watch/silence.ts';
import { type LogPlace, openLogKeeper, type LogKeeper } from './keep.ts';
import {
  type ReadingEnd,
  readLog,
  type StreamReading,
  type ReadingResult,
  nextStep,
  type NextStep,
} from './read.ts';

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

export interface ReaderOptions extends Pick<StreamReading, 'grown' | 'onGap'> {
  /** A container that has ended needs no following. */
  open(options: Pick<LogOptions, 'follow' | 'sinceTime' | 'signal'>): Promise<Readable>;
  pace: Pace;
}

/** Nobody wants the log any more; its container has ended. */
interface Signals {
  stopped: AbortSignal;
  over: AbortSignal;
}

/** Reads one container's log, once. */
export interface LogReader {
  /** `final`: the container had ended before it was read. */
  read(place: LogPlace, seek: boolean): Promise<ReadingResult & { final: boolean }>;
}

/** A reading that is under way. */
interface Underway {
  result: Promise<ReadingResult>;
  silence: Silence;
  stop(): void;
}

const SILENT: ReadingEnd = { kind: 'silent' };

export function createLogReader(
  { open, pace, grown, onGap }: ReaderOptions,
  { stopped, over }: Signals,
): LogReader {
  function begin(
    place: LogPlace,
    how: Pick<StreamReading, 'final' | 'seek' | 'gapless' | 'inTurn'>,
  ): Underway {
    const cut = new AbortController();
    const signal = AbortSignal.any([stopped, cut.signal]);
    const limit = () => (how.final ? pace.capMs : over.aborted ? pace.graceMs : pace.silentMs);
    const silence = createSilence(limit, () => cut.abort());
    const result = readLog({
      ...how,
      place,
      signal,
      heard: silence.heard,
      grown,
      onGap,
      open: (sinceTime) => open({ follow: !how.final, sinceTime, signal }),
    }).then((read) => (signal.aborted ? { ...read, end: SILENT } : read));
    return { result: result.finally(silence.end), silence, stop: () => cut.abort() };
  }

  /** Whether the container ends before a reading does. */
  function isOvertaken(result: Promise<ReadingResult>): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const tell = () => resolve(true);
      over.addEventListener('abort', tell);
      result.then(() => resolve(false), reject).finally(() => over.removeEventListener('abort', tell));
    });
  }

  /**
   * Null: nothing came of it. When the log was removed, or rotated while the stream was behind, only the stream that
   * is open has the rest.
   */
  async function overtake(place: LogPlace, underway: Underway): Promise<ReadingResult | null> {
    const direct: StreamReading['inTurn'] = (act) => act();
    const result = await begin(place, { final: true, seek: false, gapless: true, inTurn: direct }).result;
    const isBetter = result.grew || (result.end.kind === 'ended' && result.end.message === null);
    if (isBetter) underway.stop();
    underway.silence.heard();
    underway.silence.look();
    return isBetter ? result : null;
  }

  return {
    /** When the container ends meanwhile, the log is read to its end without waiting for that of the stream. */
    async read(place, seek) {
      const final = over.aborted;
      const inTurn = createTurn();
      const underway = begin(place, { final, seek, gapless: false, inTurn });
      if (final || !(await isOvertaken(underway.result))) return { ...(await underway.result), final };
      const overtaking = await inTurn(() => overtake(place, underway));
      const result = await underway.result;
      return overtaking === null ? { ...result, final } : { ...overtaking, final: true };
    },
  };
}

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
