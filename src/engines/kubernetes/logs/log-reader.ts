import type { Readable } from 'node:stream';
import type { LogOptions } from '../api/cluster.ts';
import type { LogPlace } from './log-keeper.ts';
import type { ReadingEnd } from './log-reading.ts';
import { readLog, type Reading, type ReadingResult } from './read-log.ts';
import { createSilence, type Silence } from '../watch/silence.ts';

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

export interface ReaderOptions extends Pick<Reading, 'grown' | 'onGap'> {
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
  function begin(place: LogPlace, how: Pick<Reading, 'final' | 'seek' | 'gapless' | 'inTurn'>): Underway {
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
    const direct: Reading['inTurn'] = (act) => act();
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
      const inTurn = createTurns();
      const underway = begin(place, { final, seek, gapless: false, inTurn });
      if (final || !(await isOvertaken(underway.result))) return { ...(await underway.result), final };
      const overtaking = await inTurn(() => overtake(place, underway));
      const result = await underway.result;
      return overtaking === null ? { ...result, final } : { ...overtaking, final: true };
    },
  };
}

function createTurns(): Reading['inTurn'] {
  let last: Promise<unknown> = Promise.resolve();
  return (act) => {
    const done = last.then(act);
    last = done.catch(() => undefined); // told to whoever asked for it
    return done;
  };
}
