import { statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { setImmediate as immediate, setTimeout as delay } from 'node:timers/promises';
import type { LogSource } from '../../../logs/line.ts';
import type { LogSink } from '../../engine.ts';
import { watchFolder } from './watch-folder.ts';

/** Tells the log sink what was written to the files it gave out, as the system reports it. */
export interface LogPump {
  /** Opens a source: the file that a process may write to. */
  open(source: LogSource): Promise<string>;
  /** Everything that was written is handed on, then those of the sources that are open are closed. */
  close(sources: readonly LogSource[]): Promise<void>;
  /** Looks at all open sources without having been told (the net below the watch; after a restart). */
  look(): void;
  /** Stops watching; waits for what is on its way. Throws what the sink threw. */
  end(): Promise<void>;
}

/**
 * Reports are handed on when none has come for this long, so that a burst of writes to both streams of a pod comes
 * in one piece and can be put into order; in a steady flow, at the latest after `BURST_MS`.
 */
const QUIET_MS = 2;
const BURST_MS = 10;

/** Reports that wait while the sink is busy are merged above this number: their order matters less than memory. */
const KEPT_REPORTS = 10_000;

export function createLogPump(logs: LogSink): LogPump {
  const open = new Map<string, LogSource>();
  const watches = createWatches(written);
  let reports: LogSource[] = [];
  let failed: { error: unknown } | null = null;
  let pumping: Promise<void> = Promise.resolve();
  let busy = false;
  let closing = false;

  function report(sources: Iterable<LogSource>): void {
    for (const source of sources) reports.push(source);
    if (reports.length > KEPT_REPORTS) reports = [...new Set(reports)];
    if (busy || reports.length === 0) return;
    busy = true;
    pumping = pump();
  }

  function written(folder: string, name: string, event: string): void {
    const source = open.get(`${folder}/${basename(name)}`);
    if (source !== undefined && event === 'change') report([source]);
  }

  async function pump(): Promise<void> {
    try {
      while (reports.length > 0) {
        await burstEnds();
        const batch = reports;
        reports = [];
        await logs.appended(batch, sizesNow(batch));
      }
    } catch (error) {
      failed ??= { error };
    } finally {
      busy = false;
    }
  }

  async function burstEnds(): Promise<void> {
    const limit = performance.now() + BURST_MS;
    for (let before = -1; before !== reports.length && !closing && performance.now() < limit;) {
      before = reports.length;
      await delay(QUIET_MS);
      await immediate(); // runs right after what the system had to tell was taken in
    }
  }

  /** Without waiting for anything: what is not in these sizes has not been told either. */
  function sizesNow(sources: readonly LogSource[]): Map<LogSource, number> {
    const wanted = new Set(sources);
    const sizes = new Map<LogSource, number>();
    for (const [path, source] of open) if (wanted.has(source)) sizes.set(source, sizeOf(path));
    return sizes;
  }

  async function settle(): Promise<void> {
    while (busy) await pumping;
    if (failed !== null) throw failed.error;
  }

  return {
    async open(source) {
      const path = await logs.file(source);
      open.set(path, source);
      watches.add(path);
      return path;
    },
    async close(sources) {
      const wanted = new Set(sources);
      const last = [...open].filter(([, source]) => wanted.has(source));
      await turn();
      await settle();
      report(last.map(([, source]) => source));
      await settle();
      for (const [path] of last) {
        open.delete(path);
        watches.drop(path);
      }
      await Promise.all(last.map(([, source]) => logs.closed(source)));
    },
    look: () => {
      if (!busy) report(open.values());
    },
    async end() {
      closing = true;
      watches.end();
      await settle();
    },
  };
}

/**
 * Watches the folders of files, whose reports count, and each file besides: the system merges reports that are equal
 * to the one before, and with two watches in turn none is. So there is one report for each write.
 */
function createWatches(written: (folder: string, name: string, event: string) => void) {
  const folders = new Map<string, () => void>();
  const files = new Map<string, () => void>();
  return {
    add(path: string): void {
      const folder = dirname(path);
      const isNew = !folders.has(folder);
      if (isNew)
        folders.set(
          folder,
          watchFolder(folder, (name, event) => written(folder, name, event)),
        );
      if (!files.has(path))
        files.set(
          path,
          watchFolder(path, () => undefined),
        );
    },
    drop(path: string): void {
      files.get(path)?.();
      files.delete(path);
    },
    end(): void {
      for (const stop of [...folders.values(), ...files.values()]) stop();
    },
  };
}

/** Two rounds of the event loop: what the system has reported by now has been told after them. */
async function turn(): Promise<void> {
  await immediate();
  await immediate();
}

/** A file that cannot be looked at has no bytes to give; reading it will say why. */
function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
