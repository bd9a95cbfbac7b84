import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readIfThere } from '../../../../machine/capacity.ts';
import { placeFile } from '../../../../machine/place-file.ts';
import type { Processes } from '../../../../machine/processes.ts';
import { signalProcess } from '../../../../machine/signals.ts';
import { removeTree } from '../../pod/workdir.ts';

/**
 * Names the folder of the environment that a build process works on: what a dead server left running is found by it.
 * (The key alone would not do: another state folder may be building the same at the same time.)
 */
export const ENVIRONMENT_MARK = 'AICHOR_BUILD_ENVIRONMENT';

/** Python environments by key, each built once. They stay where they were built: their scripts hold the path. */
export interface Environments {
  folder(key: string): string;
  isComplete(key: string): Promise<boolean>;
  /**
   * Makes sure that the environment is there. When another build of it runs, waits for that; when that one fails
   * or is stopped, this one builds. Throws what `build` throws.
   *
   * @returns whether it was built by this call
   */
  provide(
    key: string,
    options: { build: (folder: string) => Promise<void>; waiting: () => void },
  ): Promise<boolean>;
}

/** Folder of one environment, and of what is kept beside it. */
export function environmentHome(dataFolder: string, key: string): string {
  return join(dataFolder, 'environments', key);
}

export function createEnvironments(dataFolder: string, processes: Processes): Environments {
  const building = new Map<string, Promise<unknown>>();
  const home = (key: string) => environmentHome(dataFolder, key);
  const folder = (key: string) => join(home(key), 'venv');
  const isComplete = async (key: string) => (await readIfThere(join(home(key), 'complete'))) !== null;

  async function make(key: string, build: (folder: string) => Promise<void>): Promise<void> {
    await mkdir(home(key), { recursive: true, mode: 0o700 });
    const left = await processes.withEnvironment({ [ENVIRONMENT_MARK]: folder(key) });
    for (const pid of left) signalProcess(pid, 'SIGKILL');
    await removeTree(folder(key));
    await build(folder(key));
    await placeFile(join(home(key), 'complete'), '');
  }

  return {
    folder,
    isComplete,
    async provide(key, { build, waiting }) {
      for (let other = building.get(key); other !== undefined; other = building.get(key)) {
        waiting();
        // Whether it went well is seen below; why it did not is told to the one who built.
        await other.catch(() => undefined);
      }
      const mine = isComplete(key).then(async (complete) => {
        if (!complete) await make(key, build);
        return !complete;
      });
      building.set(key, mine);
      try {
        return await mine;
      } finally {
        building.delete(key);
      }
    },
  };
}
