import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient, type Client } from '../../src/client/client.ts';
import type { ExperimentRecord } from '../../src/experiment/record.ts';
import { isTerminal } from '../../src/experiment/status.ts';
import { sendDirectory } from '../fixtures/send-directory.ts';

export const PROGRAM = new URL('../../bin/aichor.js', import.meta.url).pathname;

/** A control plane in a process of its own, as users have it. */
export interface ServerProcess {
  child: ChildProcess;
  client: Client;
  /** The line with which it said that it answers; null: it left before. */
  ready: { pid: number; address: string } | null;
  /** How it ended. */
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/** The built program's `server start --embedded` on a state folder. Returns when it answers, or has left. */
export async function startServer(
  home: string,
  env: Record<string, string> = {},
  flags = ['--embedded'],
): Promise<ServerProcess> {
  const child = spawn(process.execPath, [PROGRAM, 'server', 'start', ...flags], {
    env: { ...process.env, AICHOR_HOME: home, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit').then(([code, signal]) => ({ code, signal }));
  const said = once(child.stdout ?? child, 'data').then(([data]) => JSON.parse(String(data)));
  const ready = await Promise.race([said, ended.then(() => null)]);
  const client = createClient({ address: { socketPath: join(home, 'server.sock') }, apiKey: null });
  return { child, client, ready, ended };
}

/** A state folder that is removed at the end, with everything that was started on it. */
export interface Home {
  path: string;
  start(env?: Record<string, string>, flags?: string[]): Promise<ServerProcess>;
  remove(): Promise<void>;
}

export async function makeHome(): Promise<Home> {
  const path = await mkdtemp(join(tmpdir(), 'aichor-home-'));
  const started: ServerProcess[] = [];
  return {
    path,
    async start(env, flags) {
      const server = await startServer(path, env, flags);
      started.push(server);
      return server;
    },
    async remove() {
      for (const { child, ended } of started) {
        if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
        await ended;
      }
      await rm(path, { recursive: true, force: true });
    },
  };
}

/** Two pods that each leave one line in a file of the outputs and print one line. */
export function countingManifest(seconds: number): string {
  return `kind: AIchorManifest
apiVersion: 0.2.3
builder:
  image: experiment
  dockerfile: ./Dockerfile
  context: .
spec:
  operator: jobset
  image: experiment
  command: 'echo "$HOSTNAME" >> "$AICHOR_OUTPUT_PATH/ran"; echo "hello from $HOSTNAME"; sleep ${seconds}; echo bye'
  types:
    worker:
      count: 2
      resources:
        cpus: 1
        ramRatio: 1
`;
}

/** Sends files as `submit local` does; returns the snapshot's digest. */
export async function sendSnapshot(client: Client, files: Record<string, string>): Promise<string> {
  const { mkdir, writeFile } = await import('node:fs/promises');
  const directory = await mkdtemp(join(tmpdir(), 'aichor-tree-'));
  try {
    await mkdir(directory, { recursive: true });
    const paths = Object.keys(files).sort();
    for (const path of paths) await writeFile(join(directory, path), files[path] ?? '');
    return await sendDirectory(client, directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Follows an experiment until it has ended; returns its record. */
export async function untilEnded(client: Client, id: string): Promise<ExperimentRecord> {
  let last = '';
  for await (const chunk of await client.watch({ id: [id] })) last += String(chunk);
  const record = await client.get(id);
  if (!isTerminal(record.status)) throw new Error(`the watch ended before the experiment: ${last}`);
  return record;
}

/** Which pods ran, once for each time they did. */
export async function ranPods(record: ExperimentRecord): Promise<string[]> {
  const text = await readFile(join(record.paths.output, 'ran'), 'utf8');
  return text.trim().split('\n').sort();
}

export async function logTexts(client: Client, id: string): Promise<string[]> {
  let text = '';
  for await (const chunk of await client.logs(id, {})) text += String(chunk);
  const lines = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  return lines.filter((line) => 'text' in line).map((line) => `${line.pod}: ${line.text}`);
}
