import type { LineCursor } from '../split.ts';
import { openFinishedIndex, recoverIndex, type Disk, type IndexFile } from './index-file.ts';
import { createSharedReads, sizeOf, type LogFiles } from './files.ts';
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
  /** No line will ever come; set before it is on disk, so that followers end whatever the disk says. */
  ended: boolean;
}

/** A line that has begun and not ended. */
export interface OpenLine {
  /** Where in its file it begins, and how many bytes there are of the file. */
  start: number;
  size: number;
  /** When it was first seen (`performance.now()`). */
  since: number;
}

/** Opens a log folder (which need not be there yet) and mends what a crash left. */
export async function openLogFolder(path: string, files: LogFiles): Promise<LogFolder> {
  const sources = await openSources(path, files);
  const disk = { files, readBytes: createSharedReads(files) };
  const opened = {
    ...disk,
    path,
    sources,
    open: new Map(),
    waiters: createWaiters(),
    ended: sources.finished,
  };
  if (sources.finished) return { ...opened, index: await openFinishedIndex(path, disk), cursors: new Map() };
  const sizes = await Promise.all(sources.list.map((source) => sizeOf(sources.path(source.number))));
  const ends = sources.list.map(() => 0);
  const index = await recoverIndex(path, disk, ({ source, offset, length }) => {
    if (offset !== ends[source] || offset + length > (sizes[source] ?? 0)) return false;
    ends[source] = offset + length;
    return true;
  });
  return { ...opened, index, cursors: new Map(ends.map((end, number) => [number, { end, scanned: end }])) };
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
