import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode } from '../../errors.ts';
import { readIfThere } from '../../machine/capacity.ts';
import { placeFile } from '../../machine/place-file.ts';
import { freePort, isPortFree } from '../../machine/ports.ts';

/** Which experiment has which port: files `ports/<port>` that hold its id, so that it survives a restart. */
export interface PortRegistry {
  /**
   * The experiment's port: the one it has (`<directory>/ports.json`), else the documented one when nobody holds
   * it, else a free one.
   */
  reserve(owner: { experimentId: string; directory: string }, documented: number): Promise<number>;
  release(owner: { experimentId: string; directory: string }): Promise<void>;
}

export function createPortRegistry(dataFolder: string): PortRegistry {
  const folder = join(dataFolder, 'ports');
  let turn: Promise<unknown> = Promise.resolve();

  async function claim(port: number, experimentId: string): Promise<boolean> {
    const path = join(folder, String(port));
    try {
      const file = await open(path, 'wx', 0o600);
      await file.writeFile(experimentId);
      await file.close();
      return true;
    } catch (error) {
      if (systemErrorCode(error) !== 'EEXIST') throw error;
      return (await readIfThere(path)) === experimentId;
    }
  }

  async function choose(experimentId: string, documented: number): Promise<number> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    if ((await isPortFree(documented)) && (await claim(documented, experimentId))) return documented;
    for (;;) {
      const port = await freePort();
      if (await claim(port, experimentId)) return port;
    }
  }

  return {
    async reserve({ experimentId, directory }, documented) {
      const kept = await keptPort(directory);
      if (kept !== null) return kept;
      const mine = turn.then(() => choose(experimentId, documented));
      turn = mine.catch(() => undefined);
      const port = await mine;
      await placeFile(portsFile(directory), JSON.stringify({ coordinator: port }));
      return port;
    },
    async release({ experimentId, directory }) {
      const port = await keptPort(directory);
      if (port === null) return;
      const path = join(folder, String(port));
      if ((await readIfThere(path)) === experimentId) await rm(path, { force: true });
      await rm(portsFile(directory), { force: true });
    },
  };
}

function portsFile(directory: string): string {
  return join(directory, 'ports.json');
}

async function keptPort(directory: string): Promise<number | null> {
  try {
    const kept: unknown = JSON.parse(await readFile(portsFile(directory), 'utf8'));
    const port = kept !== null && typeof kept === 'object' && 'coordinator' in kept ? kept.coordinator : null;
    return typeof port === 'number' ? port : null;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return null;
    throw error;
  }
}
