import { isDiskUnwritable } from '../../base/io/disk-full.ts';
import type { LogSource } from '../line.ts';
import type { LineCursor } from '../split.ts';
import { openIndex, scanIndex, type Disk, type IndexFile } from './index-file.ts';
import { createSharedReads, sizeOf, type LogFiles } from './files.ts';
import { createDamageFound, whoOf, type DamageFound } from './damage-found.ts';
import { openSources, type SourceTable } from './sources.ts';

/** An experiment's log, opened: what its writer and its readers share. */
export interface LogFolder extends Disk {
  readonly path: string;
  readonly sources: SourceTable;
  readonly index: IndexFile;
  /** By source number: how far its bytes are lines. */
  readonly cursors: Map<number, LineCursor>;
  /** By source number: the lines that have begun and not ended, as far as was told. */
  readonly open: Map<number, OpenLine>;
  readonly waiters: Waiters;
  readonly damage: DamageFound;
  /** No line will ever come; set before it is on disk, so that followers end whatever the disk says. */
  ended: boolean;
  /** Its index was damaged, and was made anew. */
  isRebuilt: boolean;
}

/** A line that has begun and not ended. */
export interface OpenLine {
  /** Where in its file it begins, and how many bytes there are of the file. */
  start: number;
  size: number;
  /** When it was first seen (`performance.now()`). */
  since: number;
}

/**
 * Opens a log folder (which need not be there yet) and cuts off what a crash, or a damaged disk, left. `isTorn`: it was
 * finished, and has lines that its index does not tell of any more.
 */
export async function openLogFolder(
  path: string,
  files: LogFiles,
  known: Parameters<typeof createDamageFound>[1],
): Promise<{ folder: LogFolder; isTorn: boolean }> {
  const sources = await openSources(path, files);
  const disk = { files, readBytes: createSharedReads(files) };
  const sizes = await Promise.all(sources.list.map((source) => sizeOf(sources.path(source.number))));
  const ends = sources.list.map(() => 0);
  let cut: number | null = null;
  const scanned = await scanIndex(path, disk, ({ source, offset, length }) => {
    if (offset !== ends[source]) return false;
    const isThere = offset + length <= (sizes[source] ?? 0);
    if (!isThere) cut = source;
    else ends[source] = offset + length;
    return isThere;
  });
  const { finished, whole } = sources;
  const isWhole = scanned.rest === 0 && (whole === null || whole.records === scanned.count);
  if (cut !== null) await keep(sources.addDamage(cutOff(sources.list[cut], sizes[cut] ?? 0)));
  const folder: LogFolder = {
    ...disk,
    path,
    sources,
    index: await openIndex(path, disk, scanned),
    cursors: new Map(finished && isWhole ? [] : ends.map((end, number) => [number, { end, scanned: end }])),
    open: new Map(),
    waiters: createWaiters(),
    damage: createDamageFound(sources, known),
    ended: finished,
    isRebuilt: false,
  };
  return { folder, isTorn: finished && !isWhole };
}

/** Without room it is known for now, and written with what is written next. */
async function keep(writing: Promise<void>): Promise<void> {
  try {
    await writing;
  } catch (error) {
    if (!isDiskUnwritable(error)) throw error;
  }
}

function cutOff(source: LogSource | undefined, bytes: number): string {
  return `what ${whoOf(source)} printed is missing from byte ${bytes} on: its file was cut off, or removed`;
}

/** Readers that wait for the log to grow, by lines or within a line. Each holds one callback; nothing is queued for any of them. */
export interface Waiters {
  /** Resolves at the next `wake`, or after `ms`; rejects with the signal's reason when it is aborted. */
  wait(signal: AbortSignal, ms?: number | null): Promise<void>;
  wake(): void;
}

export function createWaiters(): Waiters {
  let waiting = new Set<() => void>();
  return {
    wait(signal, ms = null) {
      return new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const done = (): void => {
          clearTimeout(timer);
          waiting.delete(done);
          signal.removeEventListener('abort', aborted);
          resolve();
        };
        const aborted = (): void => {
          clearTimeout(timer);
          waiting.delete(done);
          reject(signal.reason);
        };
        const timer = ms === null ? undefined : setTimeout(done, ms);
        waiting.add(done);
        signal.addEventListener('abort', aborted, { once: true });
      });
    },
    wake() {
      const woken = waiting;
      waiting = new Set();
      for (const done of woken) done();
    },
  };
}
