import { createTurn } from '../../../base/async/turn.ts';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogOptions } from '../api/cluster.ts';
import { resumeDelay } from '../api/http/retry.ts';
import { createSilence, type Silence } from '../watch/silence.ts';
import type { LogPlace } from './keep.ts';
import { openLogKeeper } from './keep-once.ts';
import type { ReadingPlaces, ReadingSignals } from './places.ts';
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

/** Reads one container's log, once. */
export interface LogReader {
  /** `final`: the container had ended before it was read. Until `due`, if it goes on. */
  read(
    place: LogPlace,
    how: { seek: boolean; due: AbortSignal },
  ): Promise<ReadingResult & { final: boolean }>;
}

/** A reading that is under way. */
interface Underway {
  result: Promise<ReadingResult>;
  silence: Silence;
  stop(why?: ReadingEnd): void;
}

const SILENT: ReadingEnd = { kind: 'silent' };
const DUE: ReadingEnd = { kind: 'due' };

export function createLogReader(
  { open, pace, grown, onGap }: ReaderOptions,
  { stopped, over }: ReadingSignals,
): LogReader {
  function begin(
    place: LogPlace,
    how: Pick<StreamReading, 'final' | 'seek' | 'gapless' | 'inTurn'>,
  ): Underway {
    const cut = new AbortController();
    const signal = AbortSignal.any([stopped, cut.signal]);
    const limit = () => (how.final ? pace.capMs : over.aborted ? pace.graceMs : pace.silentMs);
    let stoppedBy = SILENT;
    const stop = (why = SILENT) => {
      if (!cut.signal.aborted) stoppedBy = why;
      cut.abort();
    };
    const silence = createSilence(limit, stop);
    const result = readLog({
      ...how,
      place,
      signal,
      heard: silence.heard,
      grown,
      onGap,
      open: (sinceTime) => open({ follow: !how.final, sinceTime, signal }),
    }).then((read) => (signal.aborted ? { ...read, end: stoppedBy } : read));
    return { result: result.finally(silence.end), silence, stop };
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
    async read(place, { seek, due }) {
      const final = over.aborted;
      const inTurn = createTurn();
      const underway = begin(place, { final, seek, gapless: false, inTurn });
      // What has ended is not cut: its stream may be the only one that still has the rest, and ends soon.
      const giveWay = () => void (over.aborted || underway.stop(DUE));
      if (due.aborted) giveWay();
      else due.addEventListener('abort', giveWay);
      try {
        if (final || !(await isOvertaken(underway.result))) return { ...(await underway.result), final };
        const overtaking = await inTurn(() => overtake(place, underway));
        const result = await underway.result;
        return overtaking === null ? { ...result, final } : { ...overtaking, final: true };
      } finally {
        due.removeEventListener('abort', giveWay);
      }
    },
  };
}

/** Reads the log of one container, again and again until it has all of it. */
export interface Follower {
  /** The container has ended; with `gone`, its log cannot be asked for any more. */
  ended(gone?: boolean): void;
  /**
   * Until all was read or given up. False: it was stopped before that.
   *
   * @param open makes its file, when it is its turn
   */
  run(open: () => Promise<LogPlace>): Promise<boolean>;
  stop(): void;
}

interface FollowerOptions extends ReaderOptions {
  places: ReadingPlaces;
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
  const signals = { stopped: stopped.signal, over: over.signal };
  const reader = createLogReader(options, signals);
  let endedAt = Number.NaN;
  let isGone = false;

  /** One reading, when it is its turn; null: stopped. */
  async function readOnce(
    open: () => Promise<LogPlace>,
    seek: boolean,
  ): Promise<(Awaited<ReturnType<LogReader['read']>> & { place: LogPlace }) | null> {
    const turn = await options.places.take(signals);
    if (turn === null) return null;
    try {
      const place = await open();
      const result = await reader.read(place, { seek, due: turn.due });
      return stopped.signal.aborted ? null : { ...result, place };
    } finally {
      turn.leave();
    }
  }

  /** Until all was read (null), or the rest was given up (why); undefined: stopped. */
  async function readAll(open: () => Promise<LogPlace>): Promise<string | null | undefined> {
    let progressAt = performance.now();
    let failures = 0;
    for (let next = BEGIN; ;) {
      if (isGone) return giveUp(await open(), next.wasWhole ? null : 'the container was started again');
      const read = await readOnce(open, next.seek);
      if (read === null) return undefined;
      const { end, began, grew, final, place } = read;
      const step = nextStep(end, { final, began, wasWhole: next.wasWhole });
      if (step.step === 'done') return isFinished(end) ? null : giveUp(place, step.missing);
      if (grew) progressAt = performance.now();
      // What was looked for, and not found yet, is looked for again.
      next = end.kind === 'due' ? { ...step, seek: next.seek && !grew } : step;
      if (end.kind === 'due') continue;
      options.onTrouble(end);
      if (performance.now() - Math.max(progressAt, endedAt) >= options.pace.capMs)
        return giveUp(place, messageOf(end));
      failures = grew ? 0 : failures + 1;
      if (step.pause && final === over.signal.aborted) await pause(end, failures);
      if (stopped.signal.aborted) return undefined;
    }
  }

  /** What is there is all that will be. */
  async function giveUp(place: LogPlace, missing: string | null): Promise<string | null> {
    const keeper = await openLogKeeper(place);
    try {
      if (!keeper.from.done && (await keeper.finish())) await options.grown();
    } finally {
      await keeper.close();
    }
    return missing;
  }

  async function pause(end: ReadingEnd, failures: number): Promise<void> {
    const isOver = over.signal.aborted;
    const ms = resumeDelay(failures + (end.kind === 'ended' ? UNHURRIED : 0), isOver, options.chance());
    const signal = isOver ? stopped.signal : AbortSignal.any([stopped.signal, over.signal]);
    await sleep(ms, undefined, { signal }).catch(() => undefined); // woken
  }

  return {
    async run(open) {
      const missing = await readAll(open);
      if (missing === undefined) return false;
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

/** Its end was read, and is written down. */
function isFinished(end: ReadingEnd): boolean {
  return end.kind === 'known' || (end.kind === 'ended' && end.message === null);
}
