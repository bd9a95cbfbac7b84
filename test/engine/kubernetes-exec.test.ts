/** Commands in pods of a cluster: what is asked of the API server, which runs it as a process here. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Engine, ExecRequest } from '../../src/engines/engine.ts';
import { planManifest } from '../../src/operators/plan.ts';
import { takeSockets, type FakeProgram, type FakeRun } from '../fakes/kubernetes-sockets.ts';
import { jobset, NO_SUBMISSION, podType } from '../unit/operators/manifests.ts';
import { EXPERIMENT, openWorld, type Running, type World } from './kubernetes-world.ts';

let world: World;
let run: Running;
let engine: Engine;

beforeEach(async () => {
  world = await openWorld();
  engine = world.engine();
  run = await world.run(planManifest(jobset([podType('worker', { count: 2 })]), NO_SUBMISSION), { engine });
  await world.jobsets.created();
  world.jobsets.makePods();
  world.jobsets.start('worker-0-0');
  await run.until((fact) => fact.type === 'pod' && fact.status === 'Running');
});
afterEach(() => world.close());

const failure = (code: number) => ({
  status: 'Failure',
  reason: 'NonZeroExitCode',
  details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
});

/** As a node does it. */
async function onNode({ command: [program = '', ...words], stdin, print }: FakeProgram) {
  const child = spawn(program, words, { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdout.on('data', (chunk) => print('stdout', String(chunk)));
  child.stderr.on('data', (chunk) => print('stderr', String(chunk)));
  void stdin.then((bytes) => child.stdin.end(bytes));
  const code = await new Promise<number>((resolve) =>
    child.once('close', (exit, signal) => resolve(exit ?? (signal === 'SIGKILL' ? 137 : 143))),
  );
  return code === 0 ? { status: 'Success' } : failure(code);
}

async function exec(program: FakeRun, more: Partial<ExecRequest> = {}) {
  const seen: FakeProgram[] = [];
  world.api.onUpgrade = takeSockets({
    run(asked) {
      seen.push(asked);
      return program(asked);
    },
  });
  if (engine.exec === undefined) throw new Error('the engine cannot');
  const request = { pod: 'worker-0-0', command: ['true'], stdin: false, terminal: null, ...more };
  return { seen, session: await engine.exec(EXPERIMENT, request) };
}

async function read(stream: NodeJS.ReadableStream | null): Promise<string> {
  let text = '';
  for await (const chunk of stream ?? []) text += String(chunk);
  return text;
}

test('in its main container, with streams and exit code', async () => {
  const script = 'cat; echo wrong >&2; exit 9';
  const { session, seen } = await exec(onNode, { command: ['sh', '-c', script], stdin: true });
  const input = 'x'.repeat(300_000);
  session.stdin?.write(Buffer.from(input));
  session.stdin?.end();
  const [out, err, code] = await Promise.all([read(session.stdout), read(session.stderr), session.ended]);
  expect({ same: out === input, err, code }).toEqual({ same: true, err: 'wrong\n', code: 9 });
  expect(seen[0]).toMatchObject({ container: 'main', tty: false });
  const absent = await exec(onNode, { command: ['no-such-program'] });
  expect(await absent.session.ended).toBe(127);
});

test('a terminal has a size, and a kind', async () => {
  const terminal = { columns: 90, rows: 20, term: 'xterm-256color' };
  let exit: (status: object) => void = () => undefined;
  const { session, seen } = await exec(() => new Promise((resolve) => (exit = resolve)), {
    terminal,
    stdin: true,
  });
  session.resize({ columns: 100, rows: 30 });
  await expect
    .poll(() => seen[0]?.sizes)
    .toEqual([
      { Width: 90, Height: 20 },
      { Width: 100, Height: 30 },
    ]);
  expect(seen[0]).toMatchObject({ tty: true, command: expect.arrayContaining(['xterm-256color', 'true']) });
  expect(session.stderr).toBe(null);
  exit({ status: 'Success' });
  expect(await session.ended).toBe(0);
});

test('when nobody is there any more, what it started is ended in the container', async () => {
  const { session, seen } = await exec(onNode, {
    command: ['sh', '-c', 'echo here; while :; do sleep 0.1; done'],
  });
  for await (const chunk of session.stdout) if (String(chunk).includes('here')) break;
  session.end();
  await seen[0]?.closed;
  const mark = seen[0]?.command[4];
  await expect.poll(() => seen[1]?.command.at(-1), { timeout: 20_000 }).toBe(mark);
  await expect(session.ended).rejects.toMatchObject({ code: 'engine_unavailable' });
});

test('what it started may tidy up for some seconds before it is killed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'aichor-tidied-'));
  const script = `trap 'sleep 2; : >${folder}/tidied; exit' HUP; echo here; while :; do sleep 0.1; done`;
  const { session } = await exec(onNode, { command: ['sh', '-c', script] });
  for await (const chunk of session.stdout) if (String(chunk).includes('here')) break;
  session.end();
  await expect.poll(() => readdirSync(folder), { timeout: 20_000 }).toEqual(['tidied']);
  rmSync(folder, { recursive: true });
});

test('what does not hear it is killed', async () => {
  const { session } = await exec(onNode, {
    command: ['sh', '-c', 'trap "" HUP; echo here $$; while :; do sleep 0.1; done'],
  });
  let pid = 0;
  for await (const chunk of session.stdout) if ((pid = Number(/here (\d+)/.exec(String(chunk))?.[1]))) break;
  session.end();
  await expect.poll(() => isAlive(pid), { timeout: 25_000 }).toBe(false);
}, 60_000); // prettier-ignore

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test('pods that do not run, and what the cluster refuses, are told', async () => {
  await expect(exec(onNode, { pod: 'worker-1-0' })).rejects.toMatchObject({ code: 'conflict' });
  const { session } = await exec(async () => ({ status: 'Failure', reason: 'InternalError', message: 'no' }));
  await expect(session.ended).rejects.toMatchObject({ code: 'engine_unavailable' });
});

test('when the connection breaks, what it started is ended in the container', async () => {
  const { session, seen } = await exec(async ({ cut }) => void cut());
  await expect(session.ended).rejects.toMatchObject({ code: 'engine_unavailable' });
  session.end();
  const mark = seen[0]?.command[4];
  await expect.poll(() => seen[1]?.command.at(-1), { timeout: 20_000 }).toBe(mark);
});

test('what comes behind its end is not taken, and the connection is closed from here', async () => {
  let isClosed = false;
  const { session } = await exec(async ({ tell, print, closed }) => {
    print('stdout', 'all');
    tell({ status: 'Success' });
    print('stdout', 'late');
    await closed;
    isClosed = true;
    return undefined;
  });
  expect(await Promise.all([read(session.stdout), session.ended])).toEqual(['all', 0]);
  await expect.poll(() => isClosed, { timeout: 20_000 }).toBe(true);
});

test('who feeds on behind the end of the input is told, and nothing else breaks', async () => {
  const { session } = await exec(onNode, { command: ['cat'], stdin: true });
  session.stdin?.end('fed');
  const refused = new Promise((resolve) => session.stdin?.write(Buffer.from('late'), resolve));
  expect(await refused).toMatchObject({ code: 'ERR_STREAM_WRITE_AFTER_END' });
  session.end();
});
