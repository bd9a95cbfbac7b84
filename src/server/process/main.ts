import { deferred } from '../../base/async/deferred.ts';
import { aborted } from '../../base/async/abort.ts';
import { join } from 'node:path';
import { NOT_RUNNING, type ServerStatus } from '../../api/not-running.ts';
import { AichorError } from '../../errors.ts';
import { isLoopbackHost } from '../../base/http/outer-address.ts';
import { stateFolder, type StateFolder } from '../../machine/state-folder.ts';
import { readAssets } from '../console/assets.ts';
import { readDrawing } from '../console/drawing.ts';
import { createEmbeddedConsole, type EmbeddedConsole } from '../console/embedded.ts';
import { createPages } from '../console/pages.ts';
import {
  assertAddresses,
  LINKS_HINT,
  placesOf,
  publicUrl,
  browsersOf,
  servedOfTeam,
  type TeamPlaces,
} from '../console/team.ts';
import { createApp } from '../http/app.ts';
import { createHookHandler } from '../http/hooks.ts';
import { openKeyStore, type KeyStore } from '../people/keys.ts';
import { adminKeyOf, serverKey } from '../people/server-key.ts';
import { openSessions, type Sessions } from '../people/sessions.ts';
import type { Serving } from '../http/routes/api.ts';
import { compose, localEngine, storedAtMost, type Composed } from './compose.ts';
import { foldersBelow, type Folders } from './folders.ts';
import { closeInherited } from './inherited.ts';
import { createIdleWatch, idleTime } from './idle.ts';
import { listenOnPort, listenOnSocket, type Listener } from './listen.ts';
import { acquireServerLock } from './lock.ts';
import { createServerLog, echoOf } from './log.ts';
import type { Log } from '../ports.ts';
import { createMemoryKeeper } from './memory.ts';
import { openReserve, type Reserve } from '../../base/io/reserve.ts';
import { removeServerFile, writeServerFile } from './server-file.ts';
import { closeSecrets, isOpenToOthers, makeStateFolders } from './state-folders.ts';

export interface ServerOptions {
  env: Record<string, string | undefined>;
  version: string;
  /** Null: the embedded one, on its unix socket only; it leaves when it has had nothing to do for a while. */
  team: Team | null;
  /** What the embedded engine may use; beats the settings file. Null: not said. */
  limits: { cpus: number | null; max_experiments: number | null };
  /** Called once it answers. */
  onReady(ready: Ready): void;
  /** Said to whoever started it, beside the log. */
  notice(message: string): void;
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

/** How long requests may take that are being answered when the server goes: a download of a team's may be long. */
const GRACE_MS = { embedded: 1000, team: 10_000 };

/**
 * The whole control plane, until it leaves: returns then. At most one serves a state folder; for the embedded one
 * that is no news (it returns at once), a team's is told. Throws AichorError when it cannot serve.
 */
export async function runServer(options: ServerOptions): Promise<void> {
  // The embedded one is started by whatever command comes first; a team's server may be handed something on purpose.
  if (options.team === null) closeInherited();
  else assertAddresses(options.env);
  const echo = options.team === null ? null : echoOf(options.env['AICHOR_LOG']);
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
  const log = createServerLog(folders.log, { echo });
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
  const consoles: EmbeddedConsole[] = [];
  const idle = createIdleWatch({
    afterMs: options.team === null ? idleTime(options.env) : null,
    isBusy: () =>
      composed.supervisor.isBusy() ||
      composed.untold() > 0 ||
      activeOf([composed.links, ...consoles, ...listeners]) > 0,
    leave: () => leave('nothing to do'),
  });
  const memory = createMemoryKeeper();
  const touch = () => {
    idle.touch();
    memory.touch();
  };
  const { env, version, team } = options;
  const reached = deferred<string>();
  const places = placesOf(env, reached.promise);
  let address = `unix:${place.state.socket}`;
  await tellOpenSecrets(options, place);
  const composed = await compose({
    env,
    version,
    folders: place.folders,
    log: place.log,
    local: localEngine({ ...options, state: place.state }),
    localForAll: team?.local ?? false,
    most: storedAtMost(place.state),
    configFolder: place.state.config,
    closing: leaving.signal,
    // Alone, everybody's own setting counts, which comes with each submission.
    defaultEngine: team === null ? null : env['AICHOR_ENGINE'] || null,
    publicAddress: team === null ? null : reached.promise,
    onRequest: touch,
    onIdle: touch,
    address: () => address,
    requests: () => activeOf(listeners),
  });
  const { keys, sessions } = await openPeople(place, composed);
  try {
    const { pid } = process;
    const serving: Serving = {
      version,
      pid,
      log: place.log,
      closing: leaving.signal,
      stop: () => void setImmediate(leave, 'told by a client'),
      makeRoom: () => place.reserve.makeRoom(),
      console: async () =>
        team === null ? ((await consoles[0]?.address()) ?? null) : (await places).console,
    };
    const key_file = await listen(options, {
      place,
      composed,
      serving,
      keys,
      sessions,
      listeners,
      consoles,
      places,
      onRequest: touch,
    });
    address = listeners.at(-1)?.address ?? address;
    const live = composed.supervisor.liveCount();
    await writeServerFile(place.folders.serverFile, { pid, version, address });
    place.log.info({ address, version, live }, 'serving');
    const status = { ...NOT_RUNNING, running: true, pid, address, version, live_experiments: live };
    const ready = { ...(team === null ? status : await composed.uses.serverStatus()), key_file };
    if (team !== null && ready.address !== null) reached.resolve(publicAddress(env, ready.address));
    if (team !== null) tellPlaces(await places, options);
    idle.touch();
    options.onReady(ready);
    keepReserve(place.reserve, composed, leaving.signal);
    await aborted(leaving.signal);
    place.log.info({ why: leaving.signal.reason }, 'leaving; what runs goes on');
  } finally {
    // It may not have got as far as serving: what goes on until the server leaves ends too.
    leave('an error');
    idle.stop();
    memory.stop();
    reached.resolve('');
    await closeAll([composed.links, ...consoles, ...listeners], graceOf(options));
    await sessions.close();
    await keys.close();
    await composed.close();
  }
  await removeServerFile(place.folders.serverFile);
}

function activeOf(listeners: readonly Pick<Listener, 'active'>[]): number {
  return listeners.reduce((sum, listener) => sum + listener.active(), 0);
}

async function closeAll(listeners: readonly Pick<Listener, 'close'>[], graceMs: number): Promise<void> {
  await Promise.all(listeners.map((listener) => listener.close(graceMs)));
}

function graceOf({ team }: ServerOptions): number {
  return team === null ? GRACE_MS.embedded : GRACE_MS.team;
}

function keepReserve(reserve: Reserve, composed: Composed, leaving: AbortSignal): void {
  // Each look may write into the store, which closes when the server leaves.
  leaving.addEventListener('abort', () => reserve.stop(), { once: true });
  reserve.keep({
    full: () => void composed.tellRoom('disk_full'),
    low: () => void composed.tellRoom('disk_low'),
    plenty: () => composed.keepRoom(),
  });
}

/** Who may come, by a key or with a browser. */
async function openPeople({ state, folders, log }: Place, { audit }: Composed) {
  const now = () => new Date();
  const keys = await openKeyStore({ configFolder: state.config, now, log, audit });
  return { keys, sessions: await openSessions({ file: folders.sessions, now, log }) };
}

/** What others could read, which was closed to them; the file that the environment names stays as its owner made it. */
async function tellOpenSecrets({ env, notice }: ServerOptions, { state, log }: Place): Promise<void> {
  const said = await closeSecrets(state);
  const given = env['AICHOR_ADMIN_KEY_FILE'];
  if (given && (await isOpenToOthers(given)))
    said.push(`others may read the key in ${given}: chmod 600 ${given}`);
  for (const message of said) {
    log.warn({}, message);
    notice(message);
  }
}

/** What whoever started a team's server should know of where browsers find things. */
function tellPlaces({ console, links }: TeamPlaces, { notice }: ServerOptions): void {
  if (console !== null) notice(`browsers: ${console}`);
  if (links === null) notice(`links to what runs in clusters are not served: ${LINKS_HINT}`);
}

interface Listening {
  place: Place;
  composed: Composed;
  serving: Serving;
  keys: KeyStore;
  sessions: Sessions;
  listeners: Listener[];
  /** Of the embedded server: the one that is served when somebody asks for it. */
  consoles: EmbeddedConsole[];
  /** Of a team's server, once it knows its address. */
  places: Promise<TeamPlaces>;
  onRequest(): void;
}

/**
 * The unix socket always, so that this user's own commands find a team's server too; then the port with its key. The
 * file that holds the key; null when there is none.
 */
async function listen(
  { team, env }: ServerOptions,
  { place, composed, serving, keys, sessions, listeners, consoles, places, onRequest }: Listening,
): Promise<string | null> {
  const { config, socket } = place.state;
  const { uses, audit, meter } = composed;
  const { log } = serving;
  const monitor = { meter, isOpen: areMetricsOpen(env) };
  const around = { uses, serving, keys, sessions, audit, monitor };
  if (team === null) {
    const app = createApp({ ...around, door: 'socket', apiKey: null });
    listeners.push(await listenOnSocket(socket, { app, log, onRequest }));
    const pages = createApp({ ...around, door: 'console', apiKey: null });
    const own = createEmbeddedConsole({ app: pages, folders: place.folders, log, onRequest });
    consoles.push(own);
    const isLate = (error: unknown) =>
      place.log.warn({ err: error }, 'the console is not there yet; aichor console opens it');
    // A tab that is still open finds it again.
    if (sessions.areThere()) await own.address().catch(isLate);
    return null;
  }
  const given = env['AICHOR_API_KEY'] || (await adminKeyOf(env['AICHOR_ADMIN_KEY_FILE']));
  const { key: apiKey, file } = await serverKey(given, join(config, 'server-key'));
  const app = createApp({ ...around, door: 'socket', apiKey });
  listeners.push(await listenOnSocket(socket, { app, log, onRequest }));
  let known: TeamPlaces | null = null;
  places.then(
    (found) => (known = found),
    () => undefined,
  );
  const browsers = browsersOf(env, () => known);
  const forTeam = createApp({ ...around, door: 'key', apiKey, ...browsers });
  const shown = { assets: await readAssets(), draw: readDrawing(log), app: forTeam };
  listeners.push(
    await listenOnPort(team, {
      app: forTeam,
      links: composed.links.handler,
      hooks: createHookHandler({ hooks: composed.hooks, log, meter }),
      pages: createPages({ ...shown, served: (host, path) => servedOfTeam(known, host, path) }),
      log,
      onRequest,
    }),
  );
  return file;
}

/** `AICHOR_METRICS=open`: whoever reaches the port may read metrics without a key. Throws AichorError `usage`. */
function areMetricsOpen({ AICHOR_METRICS: said }: ServerOptions['env']): boolean {
  if (!said || said === 'open') return said === 'open';
  throw new AichorError('usage', `AICHOR_METRICS is ${JSON.stringify(said)}`, {
    hint: 'open: metrics are told without a key; leave it out, and they take the key of a viewer',
  });
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

/** What browsers reach a team's server by: as it is told, else as it listens. */
function publicAddress(env: ServerOptions['env'], address: string): string {
  return publicUrl(env) ?? new URL(address).origin;
}
