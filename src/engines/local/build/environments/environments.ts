import { mkdir, readdir, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { ifThere, isThere, readIfThere } from '../../../../base/io/files.ts';
import { place } from '../../../../base/io/place.ts';
import type { Processes } from '../../../../machine/processes.ts';
import { signalProcess } from '../../../../machine/signals.ts';
import { removeTree } from '../../pod/workdir.ts';
import type { Reads } from './reads.ts';

/**
 * Names the folder of the environment that a build process works on: what a dead server left running is found by it.
 * (The key alone would not do: another state folder may be building the same at the same time.)
 */
export const ENVIRONMENT_MARK = 'AICHOR_BUILD_ENVIRONMENT';

/** What is asked for. */
export interface EnvironmentRequest {
  /** What it depends on for certain. There may be several of one base, which read different files. */
  base: string;
  /** Key of a new one: the base, or the base and more. */
  key: string;
  /** One that is there already is not taken. */
  isRebuild: boolean;
  /** Whether one that read these files is the one. */
  fits: (reads: Reads) => Promise<boolean>;
  /** Builds it; says what was read, when that is not all in the base. */
  build: (folder: string) => Promise<Reads | null>;
  waiting: () => void;
}

/** Python environments by key, each built once. They stay where they were built: their scripts hold the path. */
export interface Environments {
  folder(key: string): string;
  isComplete(key: string): Promise<boolean>;
  /**
   * Makes sure that the environment is there. When another build of it runs, waits for that; when that one fails
   * or is stopped, this one builds. Throws what `build` throws.
   */
  provide(request: EnvironmentRequest): Promise<{ key: string; isNew: boolean; madeAt: Date }>;
}

/** Folder of one environment, and of what is kept beside it. */
export function environmentHome(dataFolder: string, key: string): string {
  return join(dataFolder, 'environments', key);
}

const COMPLETE = 'complete';
const READS = 'reads.json';
/** Its time says when the environment was last used. */
const USED = 'used';

export function createEnvironments(dataFolder: string, processes: Processes): Environments {
  const building = new Map<string, Promise<unknown>>();
  const home = (key: string) => environmentHome(dataFolder, key);
  const folder = (key: string) => join(home(key), 'venv');
  const isComplete = (key: string) => isThere(join(home(key), COMPLETE));

  async function make({ key, build }: EnvironmentRequest): Promise<void> {
    await mkdir(home(key), { recursive: true, mode: 0o700 });
    const left = await processes.withEnvironment({ [ENVIRONMENT_MARK]: folder(key) });
    for (const pid of left) signalProcess(pid, 'SIGKILL');
    await removeTree(folder(key));
    const reads = await build(folder(key));
    if (reads !== null) await place(join(home(key), READS), JSON.stringify(reads));
    await place(join(home(key), COMPLETE), '');
  }

  /** The newest of those that read what is there now. */
  async function find({ base, fits }: EnvironmentRequest): Promise<string | null> {
    const names = (await ifThere(readdir(join(dataFolder, 'environments')))) ?? [];
    const found: { key: string; time: number }[] = [];
    for (const key of names.filter((name) => name === base || name.startsWith(`${base}-`))) {
      const complete = await ifThere(stat(join(home(key), COMPLETE)));
      if (complete !== null) found.push({ key, time: complete.mtimeMs });
    }
    for (const { key } of found.toSorted((a, b) => b.time - a.time)) {
      const reads = await readIfThere(join(home(key), READS));
      if (reads === null || (await fits(JSON.parse(reads)))) return key;
    }
    return null;
  }

  async function findOrMake(request: EnvironmentRequest): Promise<{ key: string; isNew: boolean }> {
    const known = request.isRebuild ? null : await find(request);
    if (known !== null) return { key: known, isNew: false };
    await make(request);
    return { key: request.key, isNew: true };
  }

  async function use(request: EnvironmentRequest): Promise<{ key: string; isNew: boolean; madeAt: Date }> {
    const { key, isNew } = await findOrMake(request);
    await touch(join(home(key), USED));
    return { key, isNew, madeAt: (await stat(join(home(key), COMPLETE))).mtime };
  }

  return {
    folder,
    isComplete,
    async provide(request) {
      const { base, waiting } = request;
      for (let other = building.get(base); other !== undefined; other = building.get(base)) {
        waiting();
        // Whether it went well is seen below; why it did not is told to the one who built.
        await other.catch(() => undefined);
      }
      // Gone from the map before it settles: whoever waits for it would find it there again, for ever, in microtasks.
      const mine = use(request).finally(() => building.delete(base));
      building.set(base, mine);
      return mine;
    },
  };
}

async function touch(path: string): Promise<void> {
  const now = new Date();
  if ((await ifThere(utimes(path, now, now).then(() => true))) === null) await place(path, '');
}
