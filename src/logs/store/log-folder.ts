import type { LineCursor } from '../split.ts';
import { openFinishedIndex, recoverIndex, type Disk, type IndexFile } from './index-file.ts';
import { sizeOf, type LogFiles } from './files.ts';
import { createSharedReads } from './shared-reads.ts';
import { openSources, type SourceTable } from './sources.ts';
import { createWaiters, type Waiters } from './waiters.ts';

/** An experiment's log, opened: what its writer and its readers share. */
export interface LogFolder extends Disk {
  readonly path: string;
  readonly sources: SourceTable;
  readonly index: IndexFile;
  /** By source number: how far its bytes are lines. */
  readonly cursors: Map<number, LineCursor>;
  readonly waiters: Waiters;
  /** No line will ever come; set before it is on disk, so that followers end whatever the disk says. */
  ended: boolean;
}

/** Opens a log folder (which need not be there yet) and mends what a crash left. */
export async function openLogFolder(path: string, files: LogFiles): Promise<LogFolder> {
  const sources = await openSources(path, files);
  const disk = { files, readBytes: createSharedReads(files) };
  const opened = { ...disk, path, sources, waiters: createWaiters(), ended: sources.finished };
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
