import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createTurn } from '../../../base/async/turn.ts';
import { readIfThere } from '../../../base/io/files.ts';
import { placeIfOther } from '../../../base/io/place.ts';
import { systemErrorCode } from '../../../errors.ts';
import { freePort, isPortFree } from '../../../machine/ports.ts';

/** Ports by what they are for: `coordinator`, or an option of one Ray node. */
export type Ports = Readonly<Record<string, number>>;

interface Owner {
  experimentId: string;
  directory: string;
}

/** Which experiment has which port: files `ports/<port>` that hold its id, so that it survives a restart. */
export interface PortRegistry {
  /**
   * A port for each purpose: the one the experiment has (`<directory>/ports.json`), else the documented one when
   * nobody holds it, else a free one.
   */
  reserve(owner: Owner, documented: Ports): Promise<Ports>;
  release(owner: Owner): Promise<void>;
}

export function createPortRegistry(dataFolder: string): PortRegistry {
  const folder = join(dataFolder, 'ports');
  const inTurn = createTurn();

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

  async function choose(
    taken: ReadonlySet<number>,
    experimentId: string,
    documented: number,
  ): Promise<number> {
    const mayHave = async (port: number) =>
      !taken.has(port) && (await isPortFree(port)) && (await claim(port, experimentId));
    if (await mayHave(documented)) return documented;
    for (;;) {
      const port = await freePort();
      if (await mayHave(port)) return port;
    }
  }

  async function chooseAll({ experimentId, directory }: Owner, documented: Ports): Promise<Ports> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const kept = await keptPorts(directory);
    const ports: Record<string, number> = { ...kept };
    for (const [purpose, port] of Object.entries(documented))
      ports[purpose] ??= await choose(new Set(Object.values(ports)), experimentId, port);
    await placeIfOther(portsFile(directory), JSON.stringify(ports));
    return ports;
  }

  return {
    reserve: (owner, documented) => inTurn(() => chooseAll(owner, documented)),
    async release({ experimentId, directory }) {
      for (const port of Object.values(await keptPorts(directory))) {
        const path = join(folder, String(port));
        if ((await readIfThere(path)) === experimentId) await rm(path, { force: true });
      }
      await rm(portsFile(directory), { force: true });
    },
  };
}

function portsFile(directory: string): string {
  return join(directory, 'ports.json');
}

async function keptPorts(directory: string): Promise<Ports> {
  const text = await readIfThere(portsFile(directory));
  const kept: unknown = text === null ? null : JSON.parse(text);
  const entries = kept !== null && typeof kept === 'object' ? Object.entries(kept) : [];
  return Object.fromEntries(entries.filter(([, port]) => typeof port === 'number'));
}
