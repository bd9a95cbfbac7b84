import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { homedir, setPriority } from 'node:os';
import { join } from 'node:path';
import { commandsInto } from './command.js';
import { PARTS, partFolders } from './parts.js';

const NICE = 10;
/** What `flock --nonblock` is to end with when somebody else builds. */
const BUSY = 75;

/**
 * The parts of a cluster, built unless they are there: paths by name. Builders of one cache take turns; what was
 * interrupted begins with the part it was at, and Go's own cache remembers what was compiled of that.
 *
 * @param {{env?: NodeJS.ProcessEnv, say: (text: string) => void}} options
 * @returns {Promise<Record<string, string>>}
 */
export async function buildCluster({ env = process.env, say }) {
  const cache = cacheFolder(env);
  const paths = await partPaths(cache);
  if (isComplete(paths)) return paths;
  await mkdir(cache, { recursive: true });
  const lock = join(cache, 'lock');
  const builder = [process.execPath, join(import.meta.dirname, 'locked.js')];
  const first = await flock(['--nonblock', '--conflict-exit-code', String(BUSY), lock, ...builder], env);
  if (first === BUSY) say('somebody else is building it: waiting');
  const code = first === BUSY ? await flock([lock, ...builder], env) : first;
  if (code !== 0) throw new Error('the cluster could not be built');
  return partPaths(cache);
}

/** What runs with the lock held. */
export async function buildMissing({ env = process.env, say }) {
  setPriority(NICE);
  const cache = cacheFolder(env);
  const parts = await partPaths(cache);
  for (const { name, make } of PARTS) {
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

function isComplete(paths) {
  return Object.values(paths).every((path) => existsSync(path));
}

/** The lock is the kernel's: it goes with the last process of a builder, however that ended. */
function flock(args, env) {
  return new Promise((resolve, reject) => {
    const child = spawn('flock', args, { env, stdio: ['ignore', 2, 2] });
    child.on('error', reject).on('close', (code) => resolve(code ?? 1));
  });
}
