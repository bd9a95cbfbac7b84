import { spawn } from 'node:child_process';
import { existsSync, watch } from 'node:fs';
import { mkdir, open, readFile, readdir, rename, symlink, writeFile } from 'node:fs/promises';
import { createConnection, createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { tail } from '../build/command.js';
import { takeDown } from './down.js';
import { API_INSIDE, kubeconfig, makeKeys } from './keys.js';
import { MARK, cgroupOf, processesOf } from './leftovers.js';

const INSIDE = join(import.meta.dirname, '../inside/main.js');
const START_MS = 300_000;

/** Where the API server listens for the host: a socket in the file system does not care for network namespaces. */
export const API_SOCKET = 'api.sock';

/**
 * Starts a keeper in the background; the path of its cluster's kubeconfig when the cluster is ready.
 *
 * @param {{state: string, say: (text: string) => void}} options
 */
export async function startKeeper({ state, say }) {
  await claim(state);
  const log = join(state, 'logs/keeper.log');
  const output = await open(log, 'a');
  const child = spawn(process.execPath, [join(import.meta.dirname, '../cluster.js'), 'keep'], {
    detached: true,
    stdio: ['ignore', output.fd, output.fd],
    env: { ...process.env, AICHOR_CLUSTER: state, [MARK]: state },
  });
  await output.close();
  const changes = watch(state);
  const ready = join(state, 'kubeconfig');
  const ended = new Promise((resolve) => child.once('exit', () => resolve(null)));
  const there = new Promise((resolve) => changes.on('change', () => existsSync(ready) && resolve(ready)));
  const result = await Promise.race([there, ended]);
  changes.close();
  child.unref();
  if (result === null)
    throw new Error(`the keeper of the cluster ended; ${log} ends with\n${await tail(log)}`);
  say((await readFile(join(state, 'timeline'), 'utf8')).trimEnd());
  return ready;
}

/**
 * Keeps one cluster from its start to its end. The cluster goes with this process, even when that is killed; what it
 * leaves in folders then, `down` removes.
 *
 * @param {{state: string, parts: Record<string, string>, say: (text: string) => void, tied: boolean}} options `tied`:
 *   stays until the end of stdin, SIGTERM or SIGINT, and takes the cluster down itself
 */
export async function keep({ state, parts, say, tied }) {
  if (tied) await claim(state);
  await prepare(state, parts);
  const inside = startInside(state);
  const ended = new Promise((resolve) => inside.once('exit', resolve));
  try {
    await ready(inside, ended, state);
  } catch (error) {
    if (tied) await takeDown(state);
    throw error;
  }
  await forward(state);
  if (!tied) return void ended.then(() => process.exit());
  say((await readFile(join(state, 'timeline'), 'utf8')).trimEnd());
  process.stdout.write(`${join(state, 'kubeconfig')}\n`);
  const asked = new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.once(signal, resolve);
    process.stdin.resume().once('close', resolve).once('end', resolve);
  });
  await Promise.race([asked, ended]);
  await takeDown(state);
  process.exit();
}

/** What a killed `up` left goes first; a cluster that lives is left alone. */
async function claim(state) {
  if (existsSync(state)) {
    if ((await processesOf(state)).length > 0) throw new Error(`there is a cluster in ${state}: take it down first`);
    await takeDown(state);
  }
  await mkdir(join(state, 'logs'), { recursive: true, mode: 0o700 });
} // prettier-ignore

/** Programs on one path, images, keys, and what `inside` is to know. */
async function prepare(state, parts) {
  await mkdir(join(state, 'bin'), { recursive: true });
  for (const part of Object.values(parts)) {
    const bin = join(part, 'bin');
    if (existsSync(bin)) for (const name of await readdir(bin)) await symlink(join(bin, name), join(state, 'bin', name)); // prettier-ignore
  }
  const tokens = await makeKeys(join(state, 'pki'));
  const authority = await readFile(join(state, 'pki/ca.crt'));
  for (const [name, token] of [['inside', tokens.admin], ['node1', tokens.node]])
    await writeFile(join(state, `kubeconfig.${name}`), kubeconfig({ server: API_INSIDE, authority, token }), { mode: 0o600 }); // prettier-ignore
  const cluster = { state, parts, cgroup: cgroupOf(state), token: tokens.admin };
  await writeFile(join(state, 'cluster.json'), JSON.stringify(cluster), { mode: 0o600 });
}

/**
 * Each process here goes when the one that started it does, so a killed keeper leaves none. A shell is the first process
 * of the namespace, because somebody has to reap the orphans of others.
 */
function startInside(state) {
  const namespaces = ['--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc', '--propagation', 'private']; // prettier-ignore
  const first = [
    'bash',
    '-c',
    '"$@"; exit $?',
    'bash',
    process.execPath,
    INSIDE,
    join(state, 'cluster.json'),
  ];
  return spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', ...namespaces, ...first], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH, HOME: '/root', [MARK]: state },
  });
}

/** Its lines of progress go into `timeline`; `ready` is the last. */
async function ready(inside, ended, state) {
  const lines = createInterface({ input: inside.stdout });
  const timer = setTimeout(() => inside.kill('SIGKILL'), START_MS);
  const timeline = [];
  const isReady = new Promise((resolve) => {
    lines.on('line', (line) => {
      timeline.push(line);
      if (line.endsWith('ready.')) resolve(true);
    });
  });
  const good = await Promise.race([isReady, ended.then(() => false)]);
  clearTimeout(timer);
  await writeFile(join(state, 'timeline'), `${timeline.join('\n')}\n`);
  if (!good) throw new Error(`the cluster did not start:\n${timeline.join('\n')}\n${await lastWords(state)}`);
  const children = await readFile(`/proc/${inside.pid}/task/${inside.pid}/children`, 'utf8');
  await writeFile(join(state, 'first-process'), children);
}

async function lastWords(state) {
  const logs = (await readdir(join(state, 'logs'))).filter((name) => name !== 'keeper.log');
  const tails = await Promise.all(
    logs.map(async (name) => `${name}:\n${await tail(join(state, 'logs', name))}`),
  );
  return tails.join('\n');
}

/** The API server on a port of the host's loopback, and the kubeconfig that says so; it is written last. */
async function forward(state) {
  const server = createServer((near) => {
    const far = createConnection(join(state, API_SOCKET));
    near.on('error', () => far.destroy()).on('close', () => far.destroy());
    far.on('error', () => near.destroy()).on('close', () => near.destroy());
    near.pipe(far).pipe(near);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { token } = JSON.parse(await readFile(join(state, 'cluster.json'), 'utf8'));
  const authority = await readFile(join(state, 'pki/ca.crt'));
  const text = kubeconfig({ server: `https://127.0.0.1:${server.address().port}`, authority, token });
  await writeFile(join(state, 'kubeconfig.part'), text, { mode: 0o600 });
  await rename(join(state, 'kubeconfig.part'), join(state, 'kubeconfig'));
}
