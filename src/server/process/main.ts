import { join } from 'node:path';
import type { ServerStatus } from '../../api/contract.ts';
import { AichorError } from '../../errors.ts';
import { isLoopbackHost } from '../../base/http/outer-address.ts';
import { stateFolder, type StateFolder } from '../../machine/state-folder.ts';
import { adminKeyOf, serverKey } from '../http/api-key.ts';
import { createApp } from '../http/app.ts';
import { openKeyStore, type KeyStore } from '../people/keys.ts';
import type { Serving } from '../http/routes/api.ts';
import { compose, localEngine, type Composed } from './compose.ts';
import { foldersBelow, type Folders } from './folders.ts';
import { closeInherited } from './inherited.ts';
import { createIdleWatch, idleTime } from './idle.ts';
import { listenOnPort, listenOnSocket, type Listener } from './listen.ts';
import { acquireServerLock } from './lock.ts';
import { createServerLog } from './log.ts';
import type { Log } from '../ports.ts';
import { createMemoryKeeper } from './memory.ts';
import { openReserve, type Reserve } from '../../base/io/reserve.ts';
import { removeServerFile, writeServerFile } from './server-file.ts';
import { makeStateFolders } from './state-folders.ts';

export interface ServerOptions {
  env: Record<string, string | undefined>;
  version: string;
  /** Null: the embedded one, on its unix socket only; it leaves when it has had nothing to do for a while. */
  team: Team | null;
  /** What the embedded engine may use; beats the settings file. Null: not said. */
  limits: { cpus: number | null; max_experiments: number | null };
  /** Called once it answers. */
  onReady(ready: Ready): void;
  /** Aborted by SIGTERM and the like: it leaves, and what runs goes on. */
  signal: AbortSignal;
}

/** How a team's server is served. */
interface Team {
  host: string;
  port: number;
  /** `--local`: whoever may submit may use the engine `local`, where a pod has the rights of the server's user. */
  local: boolean;
}

/** What `server status` says, once it answers; the embedded one leaves out `disk`: its starter waits. */
export interface Ready extends ServerStatus {
  /** The file that holds the API key; null for the embedded server, and when the key came from the environment. */
  key_file: string | null;
}

/** How long requests may take that are being answered when the server goes. */
const GRACE_MS = 1000;

/**
 * The whole control plane, until it leaves: returns then. At most one serves a state folder; for the embedded one
 * that is no news (it returns at once), a team's is told. Throws AichorError when it cannot serve.
 */
export async function runServer(options: ServerOptions): Promise<void> {
  // The embedded one is started by whatever command comes first; a team's server may be handed something on purpose.
  if (options.team === null) closeInherited();
  const state = stateFolder(options.env);
  await makeStateFolders(state, process.platform);
  const folders = foldersBelow(state.data);
  const reserve = openReserve(state.data);
  const lock = await acquireServerLock(folders.lock);
  if (lock === null) {
    if (options.team === null) return;
    throw new AichorError('conflict', `another control plane serves ${state.data}`, {
      hint: 'stop it with aichor server stop (experiments go on), or set AICHOR_HOME to another folder',
    });
  }
  const log = createServerLog(folders.log);
  // The HTTP adapter tells of readers that went away on the console; stdout is for the one line that says ready.
  // oxlint-disable-next-line no-console
  console.info = (...said: unknown[]) => log.info({}, said.map(String).join(' '));
  try {
    await serve(options, { state, folders, log, reserve });
  } finally {
    reserve.stop();
    lock.release();
    log.close();
  }
}

interface Place {
  state: StateFolder;
  folders: Folders;
  log: Log;
  reserve: Reserve;
}

async function serve(options: ServerOptions, place: Place): Promise<void> {
  const leaving = new AbortController();
  const leave = (why: string) => leaving.abort(why);
  options.signal.addEventListener('abort', () => leave('told by a signal'), { once: true });
  const listeners: Listener[] = [];
  const idle = createIdleWatch({
    afterMs: options.team === null ? idleTime(options.env) : null,
    isBusy: () =>
      composed.supervisor.liveCount() > 0 ||
      [composed.links, ...listeners].some((listener) => listener.active() > 0),
    leave: () => leave('nothing to do'),
  });
  const memory = createMemoryKeeper();
  const touch = () => {
    idle.touch();
    memory.touch();
  };
  const { env, version, team } = options;
  const reached = deferred<string>();
  let address = `unix:${place.state.socket}`;
  const keys = await openKeyStore({
    configFolder: place.state.config,
    now: () => new Date(),
    log: place.log,
  });
  const composed = await compose({
    env,
    version,
    folders: place.folders,
    log: place.log,
    local: localEngine({ ...options, state: place.state }),
    localForAll: team?.local ?? false,
    configFolder: place.state.config,
    closing: leaving.signal,
    // Alone, everybody's own setting counts, which comes with each submission.
    defaultEngine: team === null ? null : env['AICHOR_ENGINE'] || null,
    publicAddress: team === null ? null : reached.promise,
    onRequest: touch,
    onIdle: touch,
    address: () => address,
  });
  try {
    const { pid } = process;
    const serving = {
      version,
      pid,
      log: place.log,
      closing: leaving.signal,
      stop: () => void setImmediate(leave, 'told by a client'),
      makeRoom: () => place.reserve.makeRoom(),
    };
    const key_file = await listen(options, {
      place,
      composed,
      serving,
      keys,
      listeners,
      onRequest: touch,
    });
    address = listeners.at(-1)?.address ?? address;
    const live = composed.supervisor.liveCount();
    await writeServerFile(place.folders.serverFile, { pid, version, address });
    place.log.info({ address, version, live }, 'serving');
    const status: ServerStatus = { running: true, pid, address, version, live_experiments: live, disk: null };
    const ready = { ...(team === null ? status : await composed.uses.serverStatus()), key_file };
    if (team !== null && ready.address !== null) reached.resolve(publicAddress(env, ready.address));
    idle.touch();
    options.onReady(ready);
    place.reserve.keep(
      () => void composed.tellRoom('disk_full'),
      () => void composed.tellRoom('disk_low'),
    );
    await aborted(leaving.signal);
    place.log.info({ why: leaving.signal.reason }, 'leaving; what runs goes on');
  } finally {
    idle.stop();
    memory.stop();
    reached.resolve('');
    await Promise.all([composed.links, ...listeners].map((each) => each.close(GRACE_MS)));
    await keys.close();
    await composed.close();
  }
  await removeServerFile(place.folders.serverFile);
}

interface Listening {
  place: Place;
  composed: Composed;
  serving: Serving;
  keys: KeyStore;
  listeners: Listener[];
  onRequest(): void;
}

/**
 * The unix socket always, so that this user's own commands find a team's server too; then the port with its key. The
 * file that holds the key; null when there is none.
 */
async function listen(
  { team, env }: ServerOptions,
  { place, composed, serving, keys, listeners, onRequest }: Listening,
): Promise<string | null> {
  const { config, socket } = place.state;
  const { uses, links } = composed;
  const app = createApp({ uses, serving, keys, apiKey: null });
  listeners.push(await listenOnSocket(socket, { app, onRequest }));
  if (team === null) return null;
  const given = env['AICHOR_API_KEY'] || (await adminKeyOf(env['AICHOR_ADMIN_KEY_FILE']));
  const { key, file } = await serverKey(given, join(config, 'server-key'));
  const guarded = createApp({ uses, serving, keys, apiKey: key });
  listeners.push(await listenOnPort(team, { app: guarded, links: links.handler, onRequest }));
  return file;
}

/** What whoever starts a team's server should know of what others may now do, and see. */
export function warningsFor({ host, local }: Pick<Team, 'host' | 'local'>): string[] {
  const isOpen = !isLoopbackHost(host);
  return [
    ...(isOpen
      ? [
          'keys, code and logs travel in clear on this port: put a proxy with TLS before it, and let others reach only that',
        ]
      : []),
    ...(local
      ? [
          'whoever may submit here has the rights of this user on this machine: pods on the engine local are its processes',
        ]
      : []),
  ];
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** What browsers reach a team's server by: as it is told (behind an ingress), else as it listens. */
function publicAddress(env: ServerOptions['env'], address: string): string {
  const told = env['AICHOR_PUBLIC_URL'];
  if (told) return told.replace(/\/+$/, '');
  return new URL(address).origin;
}

function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((take) => (resolve = take));
  return { promise, resolve };
}
