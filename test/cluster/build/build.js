import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { homedir, setPriority } from 'node:os';
import { join } from 'node:path';
import { commandsInto } from './command.js';
import { BUILD_PARTS, CLUSTER_PARTS, PARTS, partFolders } from './parts.js';

const NICE = 10;
/** What `flock --nonblock` is to end with when somebody else builds. */
const BUSY = 75;

/**
 * The parts of a cluster, built unless they are there: paths by name. Parts of builds are among them when they are there.
 *
 * @param {{env?: NodeJS.ProcessEnv, say: (text: string) => void}} options
 * @returns {Promise<Record<string, string>>}
 */
export async function buildCluster({ env = process.env, say }) {
  const parts = await buildParts(CLUSTER_PARTS, { env, say });
  return { ...parts, ...(await builtParts(BUILD_PARTS, env)) };
}

/**
 * These parts, built unless they are there. Builders of one cache take turns; what was interrupted begins with the part
 * it was at, and Go's own cache remembers what was compiled of that.
 *
 * @param {readonly string[]} names
 * @returns {Promise<Record<string, string>>} paths by name
 */
export async function buildParts(names, { env = process.env, say }) {
  const there = await builtParts(names, env);
  if (there !== null) return there;
  const cache = cacheFolder(env);
  await mkdir(cache, { recursive: true });
  const lock = join(cache, 'lock');
  const builder = [process.execPath, join(import.meta.dirname, 'locked.js'), ...names];
  const first = await flock(['--nonblock', '--conflict-exit-code', String(BUSY), lock, ...builder], env);
  if (first === BUSY) say('somebody else is building: waiting');
  const code = first === BUSY ? await flock([lock, ...builder], env) : first;
  const paths = code === 0 ? await builtParts(names, env) : null;
  if (paths === null) throw new Error(`${names.join(', ')} could not be built`);
  return paths;
}

/** Paths of these parts by name; null: not all of them are there. */
export async function builtParts(names, env = process.env) {
  const paths = await partPaths(cacheFolder(env));
  const wanted = Object.fromEntries(names.map((name) => [name, paths[name]]));
  return Object.values(wanted).every((path) => existsSync(path)) ? wanted : null;
}

/** What runs with the lock held. @param {{names: readonly string[]}} options */
export async function buildMissing({ names, env = process.env, say }) {
  setPriority(NICE);
  const cache = cacheFolder(env);
  const parts = await partPaths(cache);
  for (const { name, make } of PARTS.filter((part) => names.includes(part.name))) {
    if (existsSync(parts[name])) continue;
    say(`${name} …`);
    const begin = performance.now();
    const work = join(cache, 'work', name);
    const log = `${parts[name]}.log`;
    await rm(work, { recursive: true, force: true });
    await mkdir(join(work, 'out'), { recursive: true });
    await writeFile(log, '');
    await make({ folder: join(work, 'out'), work, parts, command: commandsInto(log) });
    await rename(join(work, 'out'), parts[name]);
    await rm(work, { recursive: true, force: true });
    say(`${name}: ${Math.round((performance.now() - begin) / 1000)} s`);
  }
}

/** Outside of the checkout, so that a machine that is used again pays nothing. */
function cacheFolder({ XDG_CACHE_HOME, HOME = homedir() }) {
  return join(XDG_CACHE_HOME || join(HOME, '.cache'), 'aichor-cluster');
}

async function partPaths(cache) {
  const folders = await partFolders();
  return Object.fromEntries(Object.entries(folders).map(([name, folder]) => [name, join(cache, folder)]));
}

/** The lock is the kernel's: it goes with the last process of a builder, however that ended. */
function flock(args, env) {
  return new Promise((resolve, reject) => {
    const child = spawn('flock', args, { env, stdio: ['ignore', 2, 2] });
    child.on('error', reject).on('close', (code) => resolve(code ?? 1));
  });
}
