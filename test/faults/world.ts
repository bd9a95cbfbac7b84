import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import type { SubmissionInput } from '../../src/api/contract.ts';
import { createClient, type Client } from '../../src/client/client.ts';
import { logLines } from '../../src/client/streams/follow-logs.ts';
import { jsonLines } from '../../src/client/streams/json-lines.ts';
import { watchExperiments } from '../../src/client/streams/watch.ts';
import { isAichorError } from '../../src/errors.ts';
import type { ExperimentRecord } from '../../src/experiment/record.ts';
import type { LogLine } from '../../src/logs/line.ts';
import { signalProcess } from '../../src/machine/signals.ts';
import { stateFolder } from '../../src/machine/state-folder.ts';
import { sendDirectory } from '../fixtures/send-directory.ts';
import { moment, programsOf, processesOf, until } from './processes.ts';
import { writeRepository, type Work } from './repository.ts';
import { BIN, startServer, type Server, type ServerLimits } from './server.ts';

/** What a command gave. */
export interface Outcome {
  code: number | null;
  stdout: Buffer;
  stderr: string;
}

/** One user's machine: a state folder, repositories, commands, and the control plane that a test starts and kills. */
export interface World {
  /** Everything lies in here; `home` is the state folder. */
  folder: string;
  home: string;
  env: NodeJS.ProcessEnv;
  client: Client;
  start(crashAt?: string, limits?: ServerLimits): Promise<Server>;
  /** The built program, not on a terminal. */
  aichor(args: readonly string[], options?: Running): Promise<Outcome>;
  /** Writes a repository; its folder. */
  repository(work: Work): Promise<string>;
  /** Brings a repository to the control plane; its digest. */
  upload(work: Work): Promise<string>;
  submit(snapshot: string, more?: Partial<SubmissionInput>): Promise<string>;
  /** Waits for the end, over restarts of the control plane. */
  end(id: string): Promise<ExperimentRecord>;
  lines(id: string): Promise<LogLine[]>;
  /** Ends the control plane. Throws when any process of this world was left. */
  leave(): Promise<void>;
}

interface Running {
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** Interrupts the command. */
  ctrlC?: AbortSignal;
}

const never = () => new AbortController().signal;

/** @param limits what the machine offers: many experiments side by side unless said otherwise */
async function createWorld(limits: object = { cpus: 1000 }): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'aichor-f-'));
  const home = join(folder, 'h');
  const env: NodeJS.ProcessEnv = { PATH: process.env['PATH'], HOME: folder, AICHOR_HOME: home };
  const client = createClient({
    address: { socketPath: stateFolder({ AICHOR_HOME: home }).socket },
    apiKey: null,
  });
  const ids = new Set<string>();
  await mkdir(home, { mode: 0o700 });
  await writeFile(join(home, 'settings.json'), JSON.stringify(limits), { mode: 0o600 });
  const repository = async (work: Work) => {
    const root = await mkdtemp(join(folder, 'r-'));
    await writeRepository(root, work);
    return root;
  };
  return {
    ...{ folder, home, env, client, repository },
    start: (crashAt, allowed) => startServer(env, crashAt, allowed),
    aichor: (args, { env: more, cwd = folder, ctrlC } = {}) =>
      run(args, { env: { ...env, ...more }, cwd }, ctrlC),
    upload: async (work) => upload(client, await repository(work)),
    async submit(snapshot, more = {}) {
      const submission: SubmissionInput = {
        source: { kind: 'local', snapshot },
        shell: { PATH: process.env['PATH'] ?? '' },
        idempotency_key: randomUUID(),
        ...more,
      };
      const { experiment_id: id } = await insist(() => client.submit(submission));
      ids.add(id);
      return id;
    },
    async end(id) {
      const watched = watchExperiments({
        client,
        query: { id: [id] },
        signal: never(),
        onLost: () => undefined,
      });
      for await (const _ of watched);
      return insist(() => client.get(id));
    },
    lines: (id) => linesOf(client, id),
    leave: () => leave({ folder, home, ids, client }),
  };
}

/** A world for one test; it is left whatever happens. */
export async function inWorld(test: (world: World) => Promise<void>, limits?: object): Promise<void> {
  const world = await createWorld(limits);
  try {
    await test(world);
  } finally {
    await world.leave();
  }
}

/** Repeats what the control plane was not there for, until it is. */
export async function insist<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!isAichorError(error) || error.code !== 'server_unreachable') throw error;
      await moment(20);
    }
  }
}

/** Null when no control plane answers. */
export async function orNull<T>(call: Promise<T>): Promise<T | null> {
  try {
    return await call;
  } catch (error) {
    if (isAichorError(error) && error.code === 'server_unreachable') return null;
    throw error;
  }
}

async function upload(client: Client, root: string): Promise<string> {
  return insist(() => sendDirectory(client, root));
}

/** What an experiment printed, to its end. */
export async function linesOf(client: Client, id: string): Promise<LogLine[]> {
  const chunks = logLines({
    ...{ query: {}, follow: true, signal: never(), onReconnect: () => undefined },
    open: (query) => insist(() => client.logs(id, query)),
  });
  const lines: LogLine[] = [];
  for await (const line of jsonLines<LogLine>(chunks)) lines.push(line);
  return lines;
}

function run(
  args: readonly string[],
  options: { env: NodeJS.ProcessEnv; cwd: string },
  ctrlC?: AbortSignal,
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [BIN, ...args], { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    ctrlC?.addEventListener('abort', () => child.kill('SIGINT'));
    const pieces: Buffer[] = [];
    let stderr = '';
    child.stdout.on('data', (piece: Buffer) => pieces.push(piece));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout: Buffer.concat(pieces), stderr }));
  });
}

interface Leaving {
  folder: string;
  home: string;
  ids: Set<string>;
  client: Client;
}

async function leave({ folder, home, ids, client }: Leaving): Promise<void> {
  const known = await orNull(client.list({ limit: 1000 }));
  for (const { experiment_id: id } of known?.experiments ?? []) ids.add(id);
  await orNull(client.stopServer());
  await until(async () => (await programsOf(home)).length === 0);
  const left = [];
  for (const id of ids) left.push(...(await processesOf(id)));
  for (const { pid } of left) signalProcess(pid, 'SIGKILL');
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  if (left.length > 0) throw new Error(`still running at the end of the test: ${JSON.stringify(left)}`);
}
