import { basename, dirname } from 'node:path';
import type { LogSource } from '../../logs/line.ts';
import type { LogSink } from '../engine.ts';
import { watchFolder } from './wake.ts';

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

/** Reports that wait while the sink is busy are merged above this number: their order matters less than memory. */
const KEPT_REPORTS = 10_000;

export function createLogPump(logs: LogSink): LogPump {
  const open = new Map<string, LogSource>();
  const watches = new Map<string, () => void>();
  let reports: LogSource[] = [];
  let failed: { error: unknown } | null = null;
  let pumping: Promise<void> = Promise.resolve();
  let busy = false;

  function report(sources: Iterable<LogSource>): void {
    for (const source of sources) reports.push(source);
    if (reports.length > KEPT_REPORTS) reports = [...new Set(reports)];
    if (busy || reports.length === 0) return;
    busy = true;
    pumping = pump();
  }

  async function pump(): Promise<void> {
    try {
      while (reports.length > 0) {
        const batch = reports;
        reports = [];
        await logs.appended(batch);
      }
    } catch (error) {
      failed ??= { error };
    } finally {
      busy = false;
    }
  }

  async function settle(): Promise<void> {
    while (busy) await pumping;
    if (failed !== null) throw failed.error;
  }

  return {
    async open(source) {
      const path = await logs.file(source);
      const folder = dirname(path);
      open.set(path, source);
      if (!watches.has(folder)) {
        watches.set(folder, watchFolder(folder, (name) => {
          const changed = open.get(`${folder}/${basename(name)}`);
          if (changed !== undefined) report([changed]);
        })); // prettier-ignore
      }
      return path;
    },
    async close(sources) {
      const wanted = new Set(sources);
      const closing = [...open].filter(([, source]) => wanted.has(source));
      report(closing.map(([, source]) => source));
      await settle();
      for (const [path] of closing) open.delete(path);
      await Promise.all(closing.map(([, source]) => logs.closed(source)));
    },
    look: () => report(open.values()),
    async end() {
      for (const stop of watches.values()) stop();
      await settle();
    },
  };
}
