import { chmod, open, stat, statfs, type FileHandle } from 'node:fs/promises';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { makeFolderSync } from '../base/io/files-sync.ts';
import { sleep } from '../base/async/abort.ts';
import { ifThere } from '../base/io/files.ts';
import { start } from '../base/io/start.ts';
import { AichorError, isAichorError, systemErrorCode } from '../errors.ts';
import type { StateFolder } from '../machine/state-folder.ts';
import type { Address, SocketAddress } from './address.ts';
import { sendForJson } from './http.ts';
import { isNewer } from './other-version.ts';
import { addressOf } from './server-file.ts';
import { silence } from './silence.ts';
import { startFailure } from './start-failure.ts';

/** How the embedded control plane of one state folder is found and started. */
export interface EmbeddedOptions {
  folder: StateFolder;
  env: Record<string, string | undefined>;
  /** This program's version. */
  version: string;
  /** The program that is started: `bin/aichor.js`. */
  entry: string;
}

interface StartOptions extends EmbeddedOptions {
  notice(message: string): void;
  signal: AbortSignal;
}

interface Health {
  version: string;
  pid: number;
}

/** How long a start may take before it counts as failed; a loaded machine needs some seconds. */
const START_LIMIT_MS = 30_000;
/** So often one is started that is killed before it answers. */
const STARTS = 4;
/** Less than that would call one that has just begun wedged, on a loaded machine. */
const ANSWER_LIMIT_MS = 5000;
const LOOK_AGAIN_MS = 50;

/** The address of the embedded server when one answers, else null. */
export async function findEmbedded(
  { folder }: EmbeddedOptions,
  signal: AbortSignal,
): Promise<Address | null> {
  const address = addressOf(folder);
  return (await askHealth(address, signal)) && address;
}

/**
 * The address of a server that answers, started when none does. Two callers at once end up with one server: the
 * one that finds the lock taken leaves, and its starter goes on looking. A server of an older version is replaced
 * when it is idle, else used as it is, which is said. A newer one is never ended: what it has written this program may not understand.
 */
export async function startEmbedded(options: StartOptions): Promise<Address> {
  const address = addressOf(options.folder);
  const health = await askHealth(address, options.signal);
  if (health && (await isUsable(options, health))) return address;
  for (let left = STARTS - 1; ; left--) {
    const found = await startOnce(options, address);
    if (found === 'answers') return address;
    if (left === 0) throw found;
  }
}

/** Starts one, and waits until one answers. The error of a server that somebody killed while it started. */
async function startOnce(options: StartOptions, address: SocketAddress): Promise<'answers' | AichorError> {
  const deadline = Date.now() + START_LIMIT_MS;
  const { child, logged } = await launch(options);
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const spoke = new Promise<void>((resolve) => child.stdout?.once('data', () => resolve()));
  let exitCode: number | null | undefined;
  void ended.then((code) => (exitCode = code));
  try {
    while (!(await askHealth(address, options.signal))) {
      if (exitCode === null) return await startFailed(options, 'was killed', logged);
      if (exitCode !== undefined && exitCode !== 0)
        throw await startFailed(options, `ended with code ${exitCode}`, logged);
      if (Date.now() > deadline)
        throw await startFailed(options, `did not answer within ${START_LIMIT_MS / 1000} s`, logged);
      await Promise.race([sleep(LOOK_AGAIN_MS), ...(exitCode === undefined ? [spoke, ended] : [])]);
    }
    return 'answers';
  } finally {
    child.stdout?.destroy();
    child.unref();
  }
}

async function askHealth(address: SocketAddress, signal: AbortSignal): Promise<Health | null> {
  const limit = AbortSignal.timeout(ANSWER_LIMIT_MS);
  try {
    return await sendForJson<Health>(
      { address, apiKey: null },
      { method: 'GET', path: '/health', signal: AbortSignal.any([signal, limit]) },
    );
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (limit.aborted) throw silence(address);
    if (isAichorError(error) && error.code === 'server_unreachable') return null;
    throw error;
  }
}

async function isUsable(options: StartOptions, { version }: Health): Promise<boolean> {
  if (version === options.version) return true;
  if (isNewer(version, options.version)) {
    options.notice(
      `the control plane is version ${version}, newer than this (${options.version}), and is left running: install aichor ${version} (npm install -g aichor@${version}), or use another state folder by setting AICHOR_HOME`,
    );
    return true;
  }
  const target = { address: addressOf(options.folder), apiKey: null };
  const { live_experiments: live } = await sendForJson<{ live_experiments: number | null }>(target, {
    method: 'GET',
    path: '/server',
    signal: options.signal,
  });
  if (live !== 0) {
    options.notice(
      `the control plane is still version ${version} (this is ${options.version}), because ${live ?? 'some'} experiments run; it is replaced when they have ended`,
    );
    return true;
  }
  await sendForJson(target, { method: 'POST', path: '/server/stop', json: {}, signal: options.signal });
  while (await askHealth(target.address, options.signal)) await sleep(LOOK_AGAIN_MS);
  return false;
}

interface Launched {
  child: ChildProcess;
  /** Bytes its log had before. */
  logged: number;
}

/** It lives beside the work of this machine: a young generation of 4 MB instead of 16 costs it no speed and saves 40 MB. */
const SMALL = ['--max-semi-space-size=4'];

/** Detached: it outlives this command and its terminal. What it prints before its own log is open goes there too. */
async function launch({ folder, env, entry, notice }: StartOptions): Promise<Launched> {
  const log = await openLog(folder);
  await closeToOthers(folder, notice);
  try {
    const { size: logged } = await log.stat();
    const child = await start(process.execPath, [...SMALL, entry, 'server', 'start', '--embedded'], {
      cwd: folder.data,
      detached: true,
      env: serverEnvironment(env, folder),
      stdio: ['ignore', 'pipe', log.fd],
    });
    return { child, logged };
  } finally {
    await log.close();
  }
}

async function openLog(folder: StateFolder): Promise<FileHandle> {
  try {
    makeFolderSync(folder.data, 0o700);
    return await open(logOf(folder), 'a', 0o600);
  } catch (cause) {
    const code = systemErrorCode(cause);
    if (code === undefined) throw cause;
    throw new AichorError('server_error', `the state folder ${folder.data} cannot be written to (${code})`, {
      hint: 'set AICHOR_HOME to a folder that you can write to',
      cause,
    });
  }
}

/** Made beforehand, by a user or a script, the folders of secrets may be open to everybody. */
async function closeToOthers({ data, config }: StateFolder, notice: StartOptions['notice']): Promise<void> {
  for (const place of new Set([data, config])) {
    const found = await ifThere(stat(place));
    if (found === null || (found.mode & 0o077) === 0 || found.uid !== process.getuid?.()) continue;
    await chmod(place, 0o700);
    notice(`others could enter ${place}; now only you can`);
  }
}

/** It starts elsewhere, so a relative AICHOR_HOME becomes absolute; a remote server's key is none of its business. */
function serverEnvironment(env: EmbeddedOptions['env'], folder: StateFolder): NodeJS.ProcessEnv {
  const { AICHOR_API_KEY: _key, AICHOR_SERVER: _server, AICHOR_OUTPUT: _output, ...rest } = env;
  const home = env['AICHOR_HOME'] ? { AICHOR_HOME: folder.data } : {};
  // glibc keeps what it frees in as many places as it has threads; other systems do not read this.
  return { MALLOC_ARENA_MAX: '2', ...rest, ...home };
}

function logOf(folder: StateFolder): string {
  return join(folder.data, 'server.log');
}

async function startFailed({ folder }: StartOptions, what: string, logged: number): Promise<AichorError> {
  const { bavail, bsize } = await statfs(folder.data);
  return startFailure({ what, folder: folder.data, log: logOf(folder), logged, free: bavail * bsize });
}
