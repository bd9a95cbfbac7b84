import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { tail } from '../../build/command.js';

/** The node in the network of its pods; the host's own network does not have it. */
export const NODE_ADDRESS = '10.244.0.1';

interface RegistryOptions {
  /** The cluster's folder. */
  state: string;
  /** Its program. */
  program: string;
  /** Where it keeps what is pushed. */
  folder: string;
  port: number;
  /** With the certificate of the cluster's own authority; else plain HTTP. */
  tls?: boolean;
  /** Lines of `htpasswd`: nobody else is let in. */
  logins?: string;
}

export interface Registry {
  /** As images name it. */
  host: string;
  folder: string;
  stop(): Promise<void>;
}

/** Starts a registry in the network of the cluster's pods, which nodes and builds reach. */
export async function startRegistry(options: RegistryOptions): Promise<Registry> {
  const { state, program, folder, port, tls = false, logins } = options;
  await mkdir(folder, { recursive: true });
  const password = join(folder, 'htpasswd');
  if (logins !== undefined) await writeFile(password, logins);
  const configuration = {
    version: 0.1,
    storage: { filesystem: { rootdirectory: join(folder, 'data') } },
    http: {
      addr: `${NODE_ADDRESS}:${port}`,
      ...(tls && { tls: { certificate: join(state, 'pki/api.crt'), key: join(state, 'pki/api.key') } }),
    },
    ...(logins !== undefined && { auth: { htpasswd: { realm: 'registry', path: password } } }),
  };
  await writeFile(join(folder, 'registry.yml'), JSON.stringify(configuration));
  await trustOf(state, { host: `${NODE_ADDRESS}:${port}`, tls });
  const process = await inPodNetwork(state, [program, 'serve', join(folder, 'registry.yml')]);
  const log = join(folder, 'log');
  const written = createWriteStream(log, { flags: 'a' });
  // Both are read to their ends: once a pipe is full that nobody reads, the registry answers nobody any more.
  process.stdout.pipe(written, { end: false });
  process.stderr.pipe(written, { end: false });
  const ended = once(process, 'close').then(() => finished(written.end()));
  await Promise.race([printsLine(process.stderr, 'listening on'), ended.then(() => endedEarly(log))]);
  return {
    ...{ host: `${NODE_ADDRESS}:${port}`, folder },
    async stop() {
      process.kill('SIGKILL');
      await ended;
    },
  };
} // prettier-ignore

/** Waits for a line that has these words. What comes later can still be read by others. */
async function printsLine(output: Readable, words: string): Promise<void> {
  const lines = createInterface({ input: output });
  await new Promise<void>((resolve) => {
    lines.on('line', (line) => {
      if (line.includes(words)) resolve();
    });
  });
}

async function endedEarly(log: string): Promise<never> {
  throw new Error(`the registry ended; it said\n${await tail(log)}`);
}

/** How the node's runtime speaks to it. */
async function trustOf(state: string, { host, tls }: { host: string; tls: boolean }): Promise<void> {
  const folder = join(state, 'registries', host);
  await mkdir(folder, { recursive: true });
  const server = `${tls ? 'https' : 'http'}://${host}`;
  const authority = tls ? `  ca = ${JSON.stringify(join(state, 'pki/ca.crt'))}\n` : '';
  await writeFile(join(folder, 'hosts.toml'), `server = "${server}"\n[host."${server}"]\n${authority}`);
}

/** Starts a program of the host in the network of the pods; it goes when this process does. */
export async function inPodNetwork(state: string, command: readonly string[]) {
  const first = (await readFile(join(state, 'first-process'), 'utf8')).trim();
  return spawn('setpriv', ['--pdeathsig', 'KILL', 'nsenter', '--target', first, '--net', '--', ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, OTEL_TRACES_EXPORTER: 'none' },
  });
}
