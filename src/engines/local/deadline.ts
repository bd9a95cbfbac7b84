import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode } from '../../errors.ts';
import { placeFile } from '../../machine/place-file.ts';

/** When the first pods were started: by the clock that counts since boot, and by the wall for another boot. */
interface Started {
  boot: string;
  uptime: number;
  wall_ms: number;
}

export interface RunClock {
  /** Seconds since the first attempt's pods were started; over restarts of the server too. */
  elapsed(): number;
}

/** Reads when the run began (`started.json`), or writes that it begins now. */
export async function startClock(
  directory: string,
  { boot, uptime, now }: { boot: string; uptime: () => number; now: () => Date },
): Promise<RunClock> {
  const path = join(directory, 'started.json');
  let started = await readStarted(path);
  if (started === null) {
    started = { boot, uptime: uptime(), wall_ms: now().getTime() };
    await placeFile(path, JSON.stringify(started));
  }
  const { boot: startBoot, uptime: startUptime, wall_ms: startWall } = started;
  return {
    elapsed: () => (boot === startBoot ? uptime() - startUptime : (now().getTime() - startWall) / 1000),
  };
}

async function readStarted(path: string): Promise<Started | null> {
  try {
    const value = JSON.parse(await readFile(path, 'utf8')) as Started;
    if (typeof value.uptime !== 'number' || typeof value.wall_ms !== 'number')
      throw new Error(`${path} is damaged`);
    return value;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return null;
    throw error;
  }
}
