import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createExperimentLogs, rebuildIndex, type ExperimentLogs } from './log-access.ts';
import type { DamagedRange } from './damage-found.ts';
import { createLogFiles, type LogFiles } from './files.ts';
import { openLogFolder, type LogFolder } from './log-folder.ts';

export type { ExperimentLogs } from './log-access.ts';

/** The logs of all experiments, each in `<experiment>/logs`. One process may write to them at a time. */
export interface LogStore {
  /** The same log for everyone who asks while the experiment lives. It need not be on disk yet. */
  open(experimentId: string): Promise<ExperimentLogs>;
  /** Nothing was written to it, and nothing will be: its followers end. Costs nothing on disk. */
  abandon(experimentId: string): Promise<void>;
  /** Whether somebody reads or follows it just now. */
  isRead(experimentId: string): boolean;
  /** Removes a log; its followers end. */
  remove(experimentId: string): Promise<void>;
  /** Lets go of open files. */
  close(): Promise<void>;
}

interface Opened {
  folder: LogFolder;
  logs: ExperimentLogs;
}

/** @param files for tests of disks that fail */
export function createLogStore(
  experimentsFolder: string,
  now: () => Date,
  files: LogFiles = createLogFiles(),
): LogStore {
  const live = new Map<string, Promise<Opened>>();
  /** What readers found: a log that has ended is opened anew for each. */
  const damaged = new Map<string, Map<number, DamagedRange>>();
  const readers = new Map<string, number>();
  const folderOf = (experimentId: string): string => join(experimentsFolder, experimentId, 'logs');

  async function openNew(experimentId: string): Promise<Opened> {
    const ranges = damaged.get(experimentId) ?? new Map<number, DamagedRange>();
    const known = { ranges, found: () => void damaged.set(experimentId, ranges) };
    const { folder, isTorn } = await openLogFolder(folderOf(experimentId), files, known);
    if (isTorn) await rebuildIndex(folder);
    const logs = createExperimentLogs(folder, now);
    return {
      folder,
      logs: {
        ...logs,
        read: (filter, options) => counted(experimentId, logs.read(filter, options)),
        raw: (options) => counted(experimentId, logs.raw(options)),
        finish: () => logs.finish().finally(() => live.delete(experimentId)),
      },
    };
  }

  async function* counted(id: string, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    readers.set(id, (readers.get(id) ?? 0) + 1);
    try {
      yield* chunks;
    } finally {
      const others = (readers.get(id) ?? 1) - 1;
      if (others > 0) readers.set(id, others);
      else readers.delete(id);
    }
  }

  async function open(experimentId: string): Promise<ExperimentLogs> {
    const opening = live.get(experimentId) ?? openNew(experimentId);
    live.set(experimentId, opening);
    try {
      const { folder, logs } = await opening;
      if (folder.ended && live.get(experimentId) === opening) live.delete(experimentId);
      return logs;
    } catch (error) {
      live.delete(experimentId);
      throw error;
    }
  }

  async function abandon(experimentId: string): Promise<void> {
    const opened = await live.get(experimentId);
    live.delete(experimentId);
    if (!opened) return;
    opened.folder.ended = true;
    opened.folder.waiters.wake();
  }

  return {
    open,
    abandon,
    isRead: (experimentId) => readers.has(experimentId),
    async remove(experimentId) {
      await abandon(experimentId);
      damaged.delete(experimentId);
      await files.close(folderOf(experimentId));
      await rm(folderOf(experimentId), { recursive: true, force: true });
    },
    close: () => files.close(),
  };
}
