import type { Readable } from 'node:stream';
import { systemErrorCode } from '../../errors.ts';
import { isClusterError } from './cluster-error.ts';
import type { LogKeeper } from './log-keeper.ts';
import type { ReadingEnd } from './log-reading.ts';
import { createReplay, type Replay } from './log-replay.ts';
import { formatSeconds } from './log-stamp.ts';

/** What one reading of a log is given. */
export interface Reading {
  keeper: LogKeeper;
  /** From this second on, RFC 3339; undefined: everything. */
  open: (sinceTime: string | undefined) => Promise<Readable>;
  seek: boolean;
  /** Ends it. */
  signal: AbortSignal;
  heard: () => void;
  /** The file has grown. */
  grown: () => Promise<void>;
}

export interface ReadingResult {
  end: ReadingEnd;
  /** Lines came. */
  began: boolean;
  /** The file has grown. */
  grew: boolean;
  gap: Replay['gap'];
}

/**
 * Reads a log once, from where the disk says it was left, to the end of the stream. Bytes that came together are
 * written together; while they are, no more are asked for, so that no more than a buffer of them is ever here.
 */
export async function readLog({ keeper, open, seek, signal, heard, grown }: Reading): Promise<ReadingResult> {
  const result = { began: false, grew: false, gap: null };
  const resumed = await attempt(() => keeper.resume());
  if ('failed' in resumed) return { ...result, end: resumed.failed };
  const { since } = resumed.value;
  const replay = createReplay(resumed.value, { seek });
  const opened = await openStream(signal, () => open(since === null ? undefined : formatSeconds(since)));
  if ('failed' in opened) return { ...result, end: opened.failed };
  let grew = false;
  try {
    const chunks = opened.stream[Symbol.asyncIterator]();
    for (;;) {
      const next = await nextChunk(chunks);
      if (next === null && replay.counting) return told({ kind: 'misaligned' });
      if (next === null) return told({ kind: 'ended', message: replay.foreign() || null });
      if (!Buffer.isBuffer(next)) return told(next);
      heard();
      const bytes = replay.take(next);
      if (replay.misaligned) return told({ kind: 'misaligned' });
      if (replay.skipping || bytes.length === 0) continue;
      const kept = await attempt(() => keeper.keep(bytes, replay.position(), replay.gap !== null));
      if ('failed' in kept) return told(kept.failed);
      if (kept.value) await grown();
      grew ||= kept.value;
    }
  } finally {
    opened.stream.destroy();
  }

  function told(end: ReadingEnd): ReadingResult {
    return { end, began: replay.began, grew, gap: replay.gap };
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

async function openStream(
  signal: AbortSignal,
  open: () => Promise<Readable>,
): Promise<{ stream: Readable } | { failed: ReadingEnd }> {
  try {
    return { stream: await open() };
  } catch (error) {
    if (signal.aborted) return { failed: { kind: 'broken', message: 'given up' } };
    if (!isClusterError(error)) throw error;
    const { status, message } = error;
    if (status === 400 || status === 404) return { failed: { kind: 'refused', message } };
    if (status === 401 || status === 403) return { failed: { kind: 'forbidden', message } };
    return { failed: { kind: 'broken', message } };
  }
}

/** Something done on the disk. What the disk refuses may be possible later. */
async function attempt<T>(act: () => Promise<T>): Promise<{ value: T } | { failed: ReadingEnd }> {
  try {
    return { value: await act() };
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === undefined || !(error instanceof Error)) throw error;
    return { failed: { kind: 'unkept', message: error.message } };
  }
}
