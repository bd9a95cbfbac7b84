import { randomBytes } from 'node:crypto';
import { readIfThere } from '../../base/io/files.ts';
import { place } from '../../base/io/place.ts';
import type { Api } from '../http/routes/api.ts';
import type { Folders } from '../process/folders.ts';
import { listenOnOwnPort, type Listener } from '../process/listen.ts';
import type { Log } from '../ports.ts';
import { readAssets } from './assets.ts';
import { readDrawing } from './drawing.ts';
import { createPages } from './pages.ts';

/** The console of the embedded server, on a port of this machine, from when somebody asks for it. */
export interface EmbeddedConsole {
  /** Begins to serve it where it is not served yet. */
  address(): Promise<string>;
  active(): number;
  close(graceMs: number): Promise<void>;
}

interface EmbeddedOptions {
  app: Api;
  folders: Pick<Folders, 'consolePort' | 'consoleName'>;
  log: Log;
  onRequest(): void;
}

/** 50 bits, in letters and digits that a host name may have. */
const NAME = /^aichor-[a-z2-7]{10}$/;
const LETTERS = 'abcdefghijklmnopqrstuvwxyz234567';

export function createEmbeddedConsole({ app, folders, log, onRequest }: EmbeddedOptions): EmbeddedConsole {
  let opened: Promise<{ listener: Listener; address: string }> | null = null;
  let active = () => 0;

  async function open() {
    const host = `${await nameOf(folders.consoleName)}.localhost`;
    let own = host;
    const pages = createPages({
      assets: await readAssets(),
      app,
      draw: readDrawing(log),
      served: (name) =>
        name === own
          ? { what: 'console' }
          : {
              what: 'nothing',
              why: 'the console is not served under this name: open it with aichor console',
            },
    });
    const listener = await listenOnOwnPort(folders.consolePort, { app, pages, log, onRequest });
    own = `${host}:${listener.port}`;
    active = listener.active;
    return { listener, address: `http://${own}` };
  }
  return {
    async address() {
      // What hinders it may pass: it is tried again when somebody asks for it again.
      opened ??= open().catch((error: unknown) => {
        opened = null;
        throw error;
      });
      return (await opened).address;
    },
    active: () => active(),
    async close(graceMs) {
      await (await opened?.catch(() => null))?.listener.close(graceMs);
    },
  };
}

/**
 * The name under which browsers of this machine have the console: every name below `localhost` leads here without any set-up. Nobody
 * guesses it: browsers send a cookie to every port of a host, so that whoever listens on another port of this machine would get the
 * session of someone whom they lead to a name that they know.
 */
async function nameOf(file: string): Promise<string> {
  const known = (await readIfThere(file))?.trim() ?? '';
  if (NAME.test(known)) return known;
  const name = `aichor-${Array.from(randomBytes(10), (byte) => LETTERS[byte % 32]).join('')}`;
  await place(file, name);
  return name;
}
