import type { Readable } from 'node:stream';
import { systemErrorCode } from '../../../errors.ts';
import type { Notice } from '../../../experiment/record.ts';
import { isClusterError } from '../api/cluster-error.ts';
import type { LogKeeper, LogPlace } from './keep.ts';
import { openLogKeeper } from './keep-once.ts';
import { createReplay, type Replay } from './resume.ts';
import { formatSeconds } from './stamp.ts';

/** How one reading of a container's log ended. */
export type ReadingEnd =
  /** The kubelet ended it; `message`: with words of its own, which are no lines of the log. */
  | { kind: 'ended'; message: string | null }
  /** The API server has no such pod or container, or no log of it. */
  | { kind: 'refused'; message: string }
  /** Not allowed, or no credentials. */
  | { kind: 'forbidden'; message: string }
  /** No answer, or none to the end. */
  | { kind: 'broken'; message: string }
  /** It was read to its end before. */
  | { kind: 'known' }
  /** Nothing came for long. */
  | { kind: 'silent' }
  /** Others wait to be read. */
  | { kind: 'due' }
  /** It could not be written down. */
  | { kind: 'unkept'; message: string }
  /** The place where it was to go on was not found by counting lines. */
  | { kind: 'misaligned' };

export interface ReadingFacts {
  /** The container had ended before this reading began: its end is the log's. */
  final: boolean;
  /** Lines came. */
  began: boolean;
  /** The reading before this one ended as it should. */
  wasWhole: boolean;
}

export type NextStep =
  /** All was read (`missing` null), or why the end may be missing. */
  | { step: 'done'; missing: string | null }
  | { step: 'again'; pause: boolean; seek: boolean; wasWhole: boolean };

/** What follows a reading. What a message says decides nothing. */
export function nextStep(end: ReadingEnd, { final, began, wasWhole }: ReadingFacts): NextStep {
  const again = { step: 'again', pause: true, seek: false, wasWhole: false } as const;
  switch (end.kind) {
    case 'known':
      return { step: 'done', missing: null };
    case 'due':
      return { ...again, pause: false };
    case 'ended':
      if (!final) return { ...again, wasWhole: end.message === null };
      // Words and no line: there is nothing to read any more. The reading before may have had it all.
      return { step: 'done', missing: wasWhole && !began ? null : end.message };
    case 'refused':
      return final ? { step: 'done', missing: wasWhole ? null : end.message } : { ...again, wasWhole };
    case 'misaligned':
      return { ...again, pause: false, seek: true };
    case 'silent':
      return again;
    default:
      return { ...again, wasWhole: wasWhole && !began };
  }
}

/** What is wrong with more than one log, and may be for longer. */
export function problemOf(end: ReadingEnd): Notice | null {
  if (end.kind === 'forbidden')
    return { code: 'logs_unreadable', message: `logs of pods cannot be read: ${end.message}` };
  if (end.kind !== 'unkept') return null;
  return { code: 'logs_unkept', message: `logs of pods cannot be written down: ${end.message}` };
}

/** What one reading of a log is given. */
export interface StreamReading {
  place: LogPlace;
  /** From this second on, RFC 3339; undefined: everything. */
  open: (sinceTime: string | undefined) => Promise<Readable>;
  seek: boolean;
  /** The container has ended: the end of the stream is the log's. */
  final: boolean;
  /** Where lines are missing it ends, and nothing is written. */
  gapless: boolean;
  /** Ends it. */
  signal: AbortSignal;
  heard: () => void;
  /** Lines between these may be missing; told before any that come after them are written. */
  onGap: (gap: NonNullable<Replay['gap']>) => void;
  /** The file has grown. */
  grown: () => Promise<void>;
  /** Does what writes to the file, when it may. */
  inTurn: <T>(act: () => Promise<T>) => Promise<T>;
}

export interface ReadingResult {
  end: ReadingEnd;
  /** Lines came. */
  began: boolean;
  /** The file has grown. */
  grew: boolean;
}

/**
 * Reads a log once, from where the disk says it was left, to the end of the stream. Bytes that came together are
 * written together; while they are, no more are asked for, so that no more than a buffer of them is ever here.
 */
export async function readLog(reading: StreamReading): Promise<ReadingResult> {
  const nothing = { began: false, grew: false };
  const opened = await attempt(() => openLogKeeper(reading.place));
  if ('failed' in opened) return { ...nothing, end: opened.failed };
  const keeper = opened.value;
  try {
    const { since, done } = keeper.from;
    if (done) return { ...nothing, end: { kind: 'known' } };
    const stream = await openStream(reading, since === null ? undefined : formatSeconds(since));
    if ('failed' in stream) return { ...nothing, end: stream.failed };
    return await readStream(stream.value, keeper, reading);
  } finally {
    await keeper.close();
  }
}

async function readStream(
  stream: Readable,
  keeper: LogKeeper,
  reading: StreamReading,
): Promise<ReadingResult> {
  const { seek, final, gapless, signal, heard, onGap, grown, inTurn } = reading;
  const replay = createReplay(keeper.from, { seek });
  const chunks = stream[Symbol.asyncIterator]();
  let grew = false;
  let toldGap = false;

  /** Null: it goes on. */
  async function take(chunk: Buffer): Promise<ReadingEnd | null> {
    const bytes = replay.take(chunk);
    if (replay.misaligned) return { kind: 'misaligned' };
    if (gapless && replay.gap !== null) return { kind: 'broken', message: 'lines are missing' };
    if (replay.skipping || bytes.length === 0) return null;
    if (replay.gap !== null && !toldGap) onGap(replay.gap);
    toldGap = replay.gap !== null;
    return write(() => keeper.keep(bytes, replay.position(), replay.gap !== null));
  }

  async function end(): Promise<ReadingEnd> {
    if (replay.counting) return { kind: 'misaligned' };
    const message = replay.foreign() || null;
    const failed = final && message === null ? await write(() => keeper.finish()) : null;
    return failed ?? { kind: 'ended', message };
  }

  async function write(act: () => Promise<boolean>): Promise<ReadingEnd | null> {
    const written = await attempt(act);
    if ('failed' in written) return written.failed;
    if (written.value) await grown();
    grew ||= written.value;
    return null;
  }

  async function next(): Promise<ReadingEnd | null> {
    const chunk = await nextChunk(chunks);
    heard();
    if (chunk !== null && !Buffer.isBuffer(chunk)) return chunk;
    return inTurn(async () => {
      if (signal.aborted) return { kind: 'silent' };
      return chunk === null ? end() : take(chunk);
    });
  }

  try {
    for (;;) {
      const end = await next();
      if (end !== null) return { end, began: replay.began, grew };
    }
  } finally {
    stream.destroy();
  }
}

/** Null at the end. */
async function nextChunk(chunks: AsyncIterator<Buffer>): Promise<Buffer | ReadingEnd | null> {
  try {
    const { done, value } = await chunks.next();
    return done === true ? null : value;
  } catch (error) {
    return { kind: 'broken', message: error instanceof Error ? error.message : String(error) };
  }
}

type Attempted<T> = { value: T } | { failed: ReadingEnd };

async function openStream(
  { open, signal }: StreamReading,
  sinceTime: string | undefined,
): Promise<Attempted<Readable>> {
  try {
    return { value: await open(sinceTime) };
  } catch (error) {
    if (signal.aborted) return { failed: { kind: 'silent' } };
    if (!isClusterError(error)) throw error;
    const { status, message } = error;
    if (status === 400 || status === 404) return { failed: { kind: 'refused', message } };
    if (status === 401 || status === 403) return { failed: { kind: 'forbidden', message } };
    return { failed: { kind: 'broken', message } };
  }
}

/** Something done on the disk. What the disk refuses may be possible later. */
async function attempt<T>(act: () => Promise<T>): Promise<Attempted<T>> {
  try {
    return { value: await act() };
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === undefined || !(error instanceof Error)) throw error;
    return { failed: { kind: 'unkept', message: error.message } };
  }
}
