/** The route for commands in pods, over a real port: who may, what is refused, and what becomes of a connection. */
import { getEventListeners } from 'node:events';
import { PassThrough } from 'node:stream';
import { afterEach, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { EXEC_CHANNELS, EXEC_PROTOCOL, EXEC_WINDOW } from '../../src/api/exec-contract.ts';
import { runInPod } from '../../src/cli/inside/exec.ts';
import { openExec, type ExecConnection } from '../../src/client/exec/exec.ts';
import type { ExecRequest, ExecSession } from '../../src/engines/engine.ts';
import { listenOnPort, type Listener } from '../../src/server/process/listen.ts';
import { createFakeEngine, podFact } from '../fakes/fake-engine.ts';
import {
  createTestPlane,
  FILES,
  localSubmission,
  type TestPlane,
  type TestPlaneOptions,
} from './control-plane.ts';

const KEY = 'the-key-of-the-server';
const POD = 'worker-0-0';

/** A command that a test drives. */
interface Session extends ExecSession {
  request: ExecRequest;
  stdin: PassThrough;
  stdout: PassThrough;
  stderr: PassThrough;
  sizes: object[];
  exit(code: number): void;
  fail(error: unknown): void;
  isEnded(): boolean;
}

let t: TestPlane;
let listener: Listener;
let id: string;
let sessions: Session[];

async function open(options: TestPlaneOptions = {}, pods: 'Running' | 'Pending' = 'Running'): Promise<void> {
  sessions = [];
  const engine = createFakeEngine();
  engine.exec = async (_id, request) => {
    const session = sessionFor(request);
    sessions.push(session);
    return session;
  };
  t = await createTestPlane({ apiKey: KEY, engine, ...options });
  listener = await listenOnPort(
    { host: '127.0.0.1', port: 0 },
    { app: t.app, log: t.serving.log, onRequest: () => undefined },
  );
  const body = localSubmission(await t.snapshot(FILES));
  const made = await t.call('POST', '/experiments', body, { authorization: `Bearer ${KEY}` });
  id = made.body.experiment_id;
  const run = await engine.started(id);
  run.emit(
    { type: 'attempt', attempt: 1, message: '' },
    podFact(POD, pods),
    podFact('worker-1-0', 'Pending'),
  );
  await t.until(id, ({ record }) => record.pods[0]?.status === pods && record.attempt === 1);
}

afterEach(async () => {
  await listener.close(0);
  await t.close();
});

function sessionFor(request: ExecRequest): Session {
  let exit: (code: number) => void = () => undefined;
  let fail: (error: unknown) => void = () => undefined;
  const ended = new Promise<number>((resolve, reject) => ([exit, fail] = [resolve, reject]));
  const sizes: object[] = [];
  let isEnded = false;
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const end = () => {
    isEnded = true;
    for (const stream of [stdin, stdout, stderr]) stream.destroy();
    exit(137);
  };
  return {
    ...{ request, stdin, stdout, stderr, sizes, ended, fail, end },
    resize: (size) => void sizes.push(size),
    isEnded: () => isEnded,
    exit(code) {
      stdout.end();
      stderr.end();
      exit(code);
    },
  };
}

interface Asking {
  key?: string | null;
  pod?: string;
  printed?: (stream: string, bytes: Buffer) => Promise<void>;
  signal?: AbortSignal;
}

function ask({ key = KEY, pod = POD, printed, signal }: Asking = {}): Promise<ExecConnection> {
  const target = { address: { url: listener.address }, apiKey: key };
  return openExec(target, {
    ...{ experimentId: id, pod, start: { command: ['run', 'the-secret'], stdin: true } },
    onOutput: printed ?? (async () => undefined),
    signal: signal ?? new AbortController().signal,
  });
}

async function session(): Promise<Session> {
  await expect.poll(() => sessions.length, { timeout: 20_000 }).toBeGreaterThan(0);
  const [first] = sessions;
  if (first === undefined) throw new Error('none');
  return first;
}

async function keyFor(role: string): Promise<string> {
  const made = await t.call('POST', '/keys', { name: role, role }, { authorization: `Bearer ${KEY}` });
  return made.body.key;
}

it('passes everything on, and the log has who and what, but not the words', async () => {
  await open();
  const seen: string[] = [];
  const member = await keyFor('member');
  const connection = await ask({
    key: member,
    printed: async (stream, bytes) => void seen.push(`${stream} ${bytes.toString()}`),
  });
  const inside = await session();
  expect(inside.request).toEqual({ pod: POD, command: ['run', 'the-secret'], stdin: true, terminal: null });
  await connection.write(Buffer.from('fed'));
  connection.resize({ columns: 10, rows: 5 });
  connection.close();
  const fed: Buffer[] = [];
  for await (const chunk of inside.stdin) fed.push(chunk);
  expect(Buffer.concat(fed).toString()).toBe('fed');
  expect(inside.sizes).toEqual([{ columns: 10, rows: 5 }]);
  inside.stdout.write('out');
  await expect.poll(() => seen).toEqual(['stdout out']);
  inside.stderr.write('err');
  await expect.poll(() => seen).toEqual(['stdout out', 'stderr err']);
  inside.exit(7);
  expect(await connection.ended).toBe(7);
  expect(t.logged).toContainEqual(
    expect.objectContaining({ experiment_id: id, pod: POD, caller: 'member', program: 'run', words: 2 }),
  );
  expect(t.logged).toContainEqual(expect.objectContaining({ experiment_id: id, exit_code: 7, gone: false }));
  expect(JSON.stringify(t.logged)).not.toContain('the-secret');
});

it('is for those who may change an experiment', async () => {
  await open();
  await expect(ask({ key: await keyFor('viewer') })).rejects.toMatchObject({ code: 'forbidden' });
  await expect(ask({ key: null })).rejects.toMatchObject({ code: 'unauthenticated' });
  await expect(ask({ key: 'another-key' })).rejects.toMatchObject({ code: 'unauthenticated' });
  expect(sessions).toEqual([]);
  const admin = await ask();
  (await session()).exit(0);
  expect(await admin.ended).toBe(0);
});

it('of the engine local, for others than its user only with --local', async () => {
  await open();
  t.plane.localForAll = false;
  await expect(ask()).rejects.toMatchObject({ code: 'forbidden', hint: expect.stringContaining('--local') });
});

it('pods that do not run are refused with what to do', async () => {
  await open({}, 'Pending');
  await expect(ask()).rejects.toMatchObject({ code: 'conflict', hint: expect.stringContaining('get') });
  await expect(ask({ pod: 'worker-0-9' })).rejects.toMatchObject({
    code: 'not_found',
    hint: expect.stringContaining('did you mean worker-0-0?'),
  });
  const refused = await t.call('GET', `/experiments/${id}/exec?pod=${POD}`, undefined, {
    authorization: `Bearer ${KEY}`,
  });
  expect(refused).toMatchObject({ status: 400, body: { error: { code: 'usage' } } });
});

/** A client of somebody else's. */
function stranger(headers: Record<string, string> = {}): WebSocket {
  const url = `${listener.address.replace('http', 'ws')}/v1/experiments/${id}/exec?pod=${POD}`;
  return new WebSocket(url, [EXEC_PROTOCOL], { headers: { authorization: `Bearer ${KEY}`, ...headers } });
}

it('another site is refused, and a first message that says nothing of use', async () => {
  await open();
  const other = stranger({ origin: 'https://evil.example' });
  const status = await new Promise((resolve) => {
    other.once('unexpected-response', (_asked, answer) => resolve(answer.statusCode));
    other.on('error', () => undefined);
  });
  expect(status).toBe(403);
  other.terminate();
  for (const text of [
    'no JSON',
    '{"command":[]}',
    '{"command":["a\\u0000"]}',
    '{"command":["a"],"more":1}',
  ]) {
    const socket = stranger();
    socket.once('open', () => socket.send(text));
    const said = await new Promise<Buffer>((resolve) =>
      socket.once('message', (data: Buffer) => resolve(data)),
    );
    expect(said[0]).toBe(EXEC_CHANNELS.end);
    expect(JSON.parse(said.subarray(1).toString()).error.code).toBe('usage');
  }
  expect(sessions).toEqual([]);
});

it('a client that is gone ends the command, and one that sends more than it may is cut off', async () => {
  await open();
  const gone = new AbortController();
  const connection = await ask({ signal: gone.signal });
  const inside = await session();
  gone.abort(new Error('interrupted'));
  await expect(connection.ended).rejects.toThrow('interrupted');
  await expect.poll(inside.isEnded).toBe(true);

  const socket = stranger();
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => undefined);
  socket.once('open', () => {
    socket.send('{"command":["a"],"stdin":true}');
    const piece = Buffer.alloc(60_001);
    for (let sent = 0; sent < 2 * EXEC_WINDOW; sent += 60_000) socket.send(piece);
  });
  await closed;
  await expect.poll(() => sessions[1]?.isEnded()).toBe(true);
});

it('a connection that has ended leaves nothing on the signal of the server, however it ended', async () => {
  await open();
  const listeners = () => getEventListeners(t.serving.closing, 'abort').length;
  const before = listeners();
  const connection = await ask();
  const inside = await session();
  await expect.poll(listeners).toBe(before + 1);
  inside.exit(0);
  expect(await connection.ended).toBe(0);
  expect(listeners()).toBe(before);

  const failing = await ask();
  await expect.poll(() => sessions.length).toBe(2);
  sessions[1]?.fail(new Error('a bug'));
  await expect(failing.ended).rejects.toMatchObject({ code: 'internal' });
  expect(listeners()).toBe(before);

  // One that goes before it has said what is to be run.
  const silent = stranger();
  const opened = new Promise<void>((resolve) => silent.once('open', () => resolve()));
  silent.on('error', () => undefined);
  await opened;
  await expect.poll(listeners).toBe(before + 1);
  silent.terminate();
  await expect.poll(listeners).toBe(before);
});

it('a client that feeds on behind the end of its input is not heard', async () => {
  await open();
  const socket = stranger();
  const ended = new Promise<Buffer>((resolve) =>
    socket.on('message', (data: Buffer) => data[0] === EXEC_CHANNELS.end && resolve(data)),
  );
  socket.once('open', () => {
    socket.send('{"command":["a"],"stdin":true}');
    socket.send(Buffer.of(EXEC_CHANNELS.close));
    socket.send(Buffer.of(EXEC_CHANNELS.stdin, 1));
    socket.send(Buffer.concat([Buffer.of(EXEC_CHANNELS.size), Buffer.from('{"columns":10,"rows":5}')]));
  });
  const inside = await session();
  const broken: Error[] = [];
  inside.stdin.on('error', (error) => void broken.push(error));
  await expect.poll(() => inside.sizes).toEqual([{ columns: 10, rows: 5 }]);
  inside.exit(0);
  expect(JSON.parse((await ended).subarray(1).toString())).toEqual({ exit_code: 0 });
  expect(broken).toEqual([]);
});

it('a command ends with the key of whoever runs it, whether it has begun or not', async () => {
  await open();
  const key = await keyFor('member');
  const connection = await ask({ key });
  const inside = await session();
  const others = await ask();
  await expect.poll(() => sessions.length).toBe(2);
  const waiting = stranger({ authorization: `Bearer ${key}` });
  const said = new Promise<Buffer>((resolve) => waiting.once('message', (data: Buffer) => resolve(data)));
  await new Promise<void>((resolve) => waiting.once('open', () => resolve()));
  await t.call('DELETE', '/keys/member', undefined, { authorization: `Bearer ${KEY}` });
  await expect(connection.ended).rejects.toMatchObject({ code: 'unauthenticated' });
  expect(inside.isEnded()).toBe(true);
  expect(JSON.parse((await said).subarray(1).toString()).error.code).toBe('unauthenticated');
  // That of somebody else goes on.
  sessions[1]?.exit(3);
  expect(await others.ended).toBe(3);
});

it('who reads slowly, on either side, slows the other down', async () => {
  await open();
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  let taken = 0;
  const connection = await ask({
    printed: async (_stream, bytes) => {
      await held;
      taken += bytes.length;
    },
  });
  const inside = await session();
  let printed = 0;
  const piece = Buffer.alloc(64 * 1024);
  const total = 32 * 1024 * 1024;
  const printing = (async () => {
    while (printed < total) {
      printed += piece.length;
      if (!inside.stdout.write(piece)) await new Promise((resolve) => inside.stdout.once('drain', resolve));
    }
  })();
  let wrote = 0;
  const feeding = (async () => {
    while (wrote < total) {
      await connection.write(piece);
      wrote += piece.length;
    }
  })();
  // Meanwhile as much passes through a connection whose ends both read.
  let passed = 0;
  const swift = await ask({ printed: async (_stream, bytes) => void (passed += bytes.length) });
  await expect.poll(() => sessions.length).toBe(2);
  const [, other] = sessions;
  other?.stdin.pipe(other.stdout);
  for (let sent = 0; sent < total; sent += piece.length) await swift.write(piece);
  await expect.poll(() => passed, { timeout: 20_000 }).toBe(total);
  expect(printed).toBeLessThan(total / 2);
  expect(wrote).toBeLessThan(2 * EXEC_WINDOW);
  release();
  inside.stdin.resume();
  await Promise.all([printing, feeding]);
  inside.exit(0);
  other?.exit(0);
  expect(await Promise.all([connection.ended, swift.ended])).toEqual([0, 0]);
  expect(taken).toBe(total);
});

it('the end of what is fed comes behind all of it, however late that is taken', async () => {
  await open();
  const stdin = new PassThrough({ highWaterMark: 4 * EXEC_WINDOW });
  const sent = EXEC_WINDOW + 64 * 1024;
  for (let from = 0; from < sent; from += 64 * 1024) stdin.write(Buffer.alloc(64 * 1024));
  stdin.end();
  const target = { address: { url: listener.address }, apiKey: KEY };
  const command = { command: ['cat'], stdin: true, terminal: false };
  const running = runInPod(
    { target, experimentId: id, pod: POD, ...command, signal: new AbortController().signal },
    {
      stdin: Object.assign(stdin, { isTTY: false }) as unknown as NodeJS.ReadStream,
      stdout: process.stdout,
      env: {},
      writeOut: async () => undefined,
      writeError: async () => undefined,
    },
  );
  const inside = await session();
  // All is read here, and the last of it waits for room over there.
  await expect.poll(() => stdin.readableEnded, { timeout: 20_000 }).toBe(true);
  let taken = 0;
  for await (const chunk of inside.stdin) taken += Buffer.from(chunk).length;
  expect(taken).toBe(sent);
  inside.exit(0);
  expect(await running).toBe(0);
});

it('a control plane that leaves says so; what breaks in the engine is told', async () => {
  await open();
  const failing = await ask();
  (await session()).fail(new Error('a bug'));
  await expect(failing.ended).rejects.toMatchObject({ code: 'internal' });
  const connection = await ask();
  await expect.poll(() => sessions.length).toBe(2);
  t.serving.stop();
  await expect(connection.ended).rejects.toMatchObject({
    code: 'server_unreachable',
    message: expect.stringContaining('leaves'),
  });
  expect(sessions[1]?.isEnded()).toBe(true);
});
