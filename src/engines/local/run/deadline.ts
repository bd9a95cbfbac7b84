import { join } from 'node:path';
import { readIfThere } from '../../../base/io/files.ts';
import { place } from '../../../base/io/place.ts';

/** When the first pods were started: by the clock that counts since boot, and by the wall for another boot. */
interface Started {
  boot: string;
  uptime: number;
  wall_ms: number;
}

export interface RunClock {
  /** The first pods are about to be started. Written down before they are; once begun, it stays so. */
  begin(): Promise<void>;
  /** Seconds since then, over restarts of the server too; 0 until it has begun. */
  elapsed(): number;
}

/** Reads when the run began (`started.json`), if it has: a timeout counts from the start of the first pods. */
export async function openClock(
  directory: string,
  { boot, uptime, now }: { boot: string; uptime: () => number; now: () => Date },
): Promise<RunClock> {
  const path = join(directory, 'started.json');
  let started = await readStarted(path);
  return {
    async begin() {
      if (started !== null) return;
      started = { boot, uptime: uptime(), wall_ms: now().getTime() };
      await place(path, JSON.stringify(started));
    },
    elapsed() {
      if (started === null) return 0;
      return boot === started.boot ? uptime() - started.uptime : (now().getTime() - started.wall_ms) / 1000;
    },
  };
}

async function readStarted(path: string): Promise<Started | null> {
  const text = await readIfThere(path);
  if (text === null) return null;
  const value = JSON.parse(text) as Started;
  if (typeof value.uptime !== 'number' || typeof value.wall_ms !== 'number')
    throw new Error(`${path} is damaged`);
  return value;
}
