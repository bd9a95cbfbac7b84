/**
 * What `bench/figures/object-store.js` is made of: servers of S3, programs that move files, and what each takes of the processor.
 * Others' programs (versitygw, aws, rclone) are those of PATH; what is not there is left out, by name.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bin, root } from './lab.js';

export const KEYS = { accessKey: 'bench', secretKey: 'bench-secret' };
const TICKS = 100;

/** A folder of its own for everything, and what ends it all. */
export function createBench() {
  const folder = mkdtempSync(join(tmpdir(), 'aichor-bench-store-'));
  const ends = [];
  return {
    folder,
    onEnd: (end) => ends.unshift(end),
    async end() {
      for (const end of ends) await end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export function isInstalled(program) {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
    return true;
  } catch {
    process.stderr.write(
      `object-store: there is no ${program} in PATH: what it would be compared with is left out\n`,
    );
    return false;
  }
}

/** Seconds of the processor that a process has taken. */
export function cpuOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** Most memory that it had, in MB. */
export function peakOf(pid) {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1000;
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function served(bench, name, start) {
  const folder = join(bench.folder, name);
  for (const bucket of ['default-inputs', 'default-outputs'])
    mkdirSync(join(folder, bucket), { recursive: true });
  const port = await freePort();
  const child = start(folder, port);
  bench.onEnd(() => child.kill('SIGKILL'));
  for (let tries = 0; ; tries++) {
    const answered = await fetch(`http://127.0.0.1:${port}/`).then(
      () => true,
      () => false,
    );
    if (answered) return { name, port, pid: child.pid };
    if (tries > 600) throw new Error(`${name} does not answer`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export const ours = (bench) =>
  served(bench, 'ours', (folder, port) => {
    const settings = join(bench.folder, 'ours.json');
    const buckets = ['default-inputs', 'default-outputs'].map((name) => ({
      name,
      folder: join(folder, name),
      writable: '',
    }));
    writeFileSync(
      settings,
      JSON.stringify({ ...KEYS, port, state: join(bench.folder, 'ours-state'), buckets }),
    );
    return spawn(process.execPath, [join(root, 'dist', 'object-store.cjs'), settings], { stdio: 'ignore' });
  });

export const versitygw = (bench) =>
  served(bench, 'versitygw', (folder, port) =>
    spawn('versitygw', ['--port', `127.0.0.1:${port}`, '--quiet', '--keep-alive', 'posix', folder], {
      stdio: 'ignore',
      env: { ...process.env, ROOT_ACCESS_KEY: KEYS.accessKey, ROOT_SECRET_KEY: KEYS.secretKey },
    }),
  );

/** What a command took, and all that it started: seconds of the processor, seconds, and most memory of itself in MB. */
export async function took(program, words, env) {
  const began = performance.now();
  const line = `TIMEFORMAT='%U %S'; time "$@"`;
  const child = spawn('bash', ['-c', line, 'bash', program, ...words], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  let memory = 0;
  child.stderr.on('data', (piece) => (said += piece));
  const timer = setInterval(() => {
    try {
      const own = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ');
      for (const pid of own) if (pid !== '') memory = Math.max(memory, peakOf(pid));
    } catch {
      // It has just ended.
    }
  }, 30);
  const [code] = await once(child, 'close');
  clearInterval(timer);
  const [user = 0, system = 0] = said.trim().split('\n').at(-1).split(' ').map(Number);
  if (code !== 0) throw new Error(`${program} ${words.join(' ')} ended with ${code}: ${said.slice(-2000)}`);
  return { cpu: user + system, wall: (performance.now() - began) / 1000, memory };
}

/** The built program with a control plane that knows a store: what it takes is that of both. */
export async function aichorWith(bench, { port }) {
  const home = join(bench.folder, `home-${port}`);
  mkdirSync(home, { mode: 0o700 });
  writeFileSync(
    join(home, 'settings.json'),
    JSON.stringify({ storage: { s3_endpoint: `http://127.0.0.1:${port}` } }),
  );
  const env = {
    AICHOR_HOME: home,
    AWS_ACCESS_KEY_ID: KEYS.accessKey,
    AWS_SECRET_ACCESS_KEY: KEYS.secretKey,
  };
  await took(process.execPath, [bin, 'storage', 'list', '--inputs'], env);
  const { pid } = JSON.parse(readFileSync(join(home, 'server.json'), 'utf8'));
  bench.onEnd(() => took(process.execPath, [bin, 'server', 'stop'], env));
  return async (...words) => {
    const before = cpuOf(pid);
    const own = await took(process.execPath, [bin, 'storage', ...words], env);
    const served = cpuOf(pid) - before;
    return { ...own, cpu: own.cpu + served, memory: Math.max(own.memory, peakOf(pid)) };
  };
}
