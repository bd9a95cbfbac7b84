import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What answers no sooner is broken. */
const LIMIT_MS = 300_000;
const AGAIN_MS = 500;

/**
 * Starts a server in the foreground: what ends it ends all that it started, and nothing of anybody else. Resolves when `url` answers.
 *
 * @param {{env: NodeJS.ProcessEnv, url: string}} options
 * @returns {Promise<{pid: number, stop: () => Promise<void>}>}
 */
export async function startServer(command, args, { env, url }) {
  const child = spawn(command, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (said = (said + text).slice(-4000)));
  const gone = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGTERM');
    await gone;
  };
  try {
    await answers(url, child);
  } catch (error) {
    await stop();
    throw new Error(`${error.message}: ${said}`, { cause: error });
  }
  return { pid: child.pid, stop };
}

async function answers(url, child) {
  for (const until = performance.now() + LIMIT_MS; performance.now() < until; await sleep(AGAIN_MS)) {
    if (child.exitCode !== null) throw new Error(`${child.spawnfile} ended with ${child.exitCode}`);
    const answer = await fetch(url, { signal: AbortSignal.timeout(10_000) }).catch(() => null);
    if (answer?.ok) return;
  }
  throw new Error(`${url} does not answer`);
}

/** A port that nobody listens on now. */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
