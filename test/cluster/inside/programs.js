import { execFile, spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as moment } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const LIMIT_MS = 180_000;
const PAUSE_MS = 50;

/** The cluster's programs and what they print. */
export function createPrograms({ state }) {
  const env = {
    PATH: `${join(state, 'bin')}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    HOME: '/root',
    KUBECONFIG: join(state, 'kubeconfig.inside'),
  };
  const logOf = (name) => join(state, 'logs', `${name}.log`);
  return {
    /** Starts one that is to stay; this process ends when it does. */
    start(program, args, { name = program } = {}) {
      const log = openSync(logOf(name), 'a');
      spawn(program, args, { env, stdio: ['ignore', log, log] })
        .on('error', (error) => giveUp(`${name}: ${error.message}`))
        .on('exit', (code, signal) => giveUp(`${name} ended with ${signal ?? code}`));
    },
    /** Runs one to its end; its stdout. */
    async run(program, ...args) {
      return (await run(program, args, { env, maxBuffer: 64 << 20 })).stdout;
    },
    /** Whether a program has printed something already. */
    async hasPrinted(name, pattern) {
      return pattern.test(await readFile(logOf(name), 'utf8').catch(() => ''));
    },
  };
}

/** Waits until something holds that nobody tells of; what it throws counts as "not yet". */
export async function until(what, holds) {
  const end = performance.now() + LIMIT_MS;
  let cause;
  while (performance.now() < end) {
    try {
      if (await holds()) return;
    } catch (error) {
      cause = error;
    }
    await moment(PAUSE_MS);
  }
  giveUp(`gave up waiting: ${what}${cause ? ` (${cause.message})` : ''}`);
}

function giveUp(why) {
  process.stdout.write(`${why}\n`);
  process.exit(1);
}
