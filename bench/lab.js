import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
export const bin = join(root, 'bin', 'aichor.js');

/** What takes longer is broken. */
const LIMIT_MS = 120_000;

/** The floor of everything that starts a Node: `node -e 0`. */
export const bareNode = () => timed(process.execPath, ['-e', '0']);

/**
 * Runs a program to its end. Rejects when it fails, so that a broken run is never a fast one.
 *
 * @param {{cwd?: string, env?: NodeJS.ProcessEnv, codes?: number[], limitMs?: number}} options `codes`: exit codes that are no failure;
 *   `limitMs`: what takes longer is broken
 * @returns {Promise<{ms: number, stdout: string, stderr: string}>}
 */
export function ended(
  command,
  args,
  { cwd = root, env = process.env, codes = [0], limitMs = LIMIT_MS } = {},
) {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
    const limit = setTimeout(() => child.kill('SIGKILL'), limitMs);
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(limit);
      if (codes.includes(code)) resolve({ ms: performance.now() - started, stdout, stderr });
      else reject(new Error(`${command} ${args.join(' ')} ended with ${code}: ${stderr}`));
    });
  });
}

export const timed = async (...args) => (await ended(...args)).ms;

/**
 * Each of the functions `rounds` times in turn, A B A B; the shortest time of each in milliseconds, because whatever
 * else the machine does only ever adds. One round warms up.
 */
export async function interleaved(rounds, measures) {
  const times = Object.fromEntries(Object.keys(measures).map((name) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const [name, measure] of Object.entries(measures)) {
      const ms = await measure();
      if (round > 0) times[name].push(ms);
    }
  }
  return Object.fromEntries(Object.entries(times).map(([name, list]) => [name, Math.min(...list)]));
}

export function median(list) {
  const sorted = [...list].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * A state folder of its own, and a program on it: this checkout's, or that of another built checkout (`today.js`).
 * `close` stops its server and removes it.
 */
export function openLab({ checkout = root } = {}) {
  const program = join(checkout, 'bin', 'aichor.js');
  const folder = mkdtempSync(join(tmpdir(), 'aichor-bench-'));
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith('AICHOR_'));
  const env = { ...Object.fromEntries(others), AICHOR_HOME: join(folder, 'state') };
  const aichor = (args, options = {}) =>
    ended(process.execPath, [program, ...args], { env, cwd: folder, ...options });
  return {
    folder,
    env,
    program,
    aichor,
    /** The JSON document that a command prints. */
    json: async (args, options) => JSON.parse((await aichor(args, options)).stdout),
    close: async () => {
      await aichor(['server', 'stop']);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A row of the table. `value`, `limit` and `today` (the build compared with, where asked) in `unit`; ok when value <= limit. */
export function row(what, { value, unit, limit, floor, today = null }) {
  return { what, value, unit, limit, floor, today, ok: value <= limit };
}
