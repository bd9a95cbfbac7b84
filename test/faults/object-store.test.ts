/** The process that serves buckets is killed while objects come in parts: none is half there, and none that was acknowledged is lost. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openObjectBucket, type ObjectBucket } from '../../src/object-store/client/object-bucket.ts';
import { PATIENCE_MS, scaled } from './scale.ts';
import { chanceOf, seedsOf } from './seed.ts';

const PROGRAM = join(import.meta.dirname, '../../dist/object-store.cjs');
const KEYS = { accessKey: 'FAULTS', secretKey: 'faults' };
const FIRST = 5 * 1024 * 1024;
const ROUNDS = scaled(6, 200);

let folder: string;
let settings: string;
let bucket: ObjectBucket;
let server: ChildProcess | null = null;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'aichor-object-faults-'));
  mkdirSync(join(folder, 'outputs'));
  const port = await freePort();
  settings = join(folder, 'settings.json');
  const buckets = [{ name: 'outputs', folder: join(folder, 'outputs'), writable: '' }];
  writeFileSync(settings, JSON.stringify({ ...KEYS, port, state: join(folder, 'state'), buckets }));
  const access = { ...KEYS, endpoint: `http://127.0.0.1:${port}`, region: 'us-east-1', sessionToken: null };
  bucket = openObjectBucket(access, { bucket: 'outputs', env: {}, now: () => new Date() });
});
afterAll(async () => {
  await kill();
  rmSync(folder, { recursive: true, force: true });
});

async function freePort(): Promise<number> {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const bound = taken.address();
  await new Promise((resolve) => taken.close(resolve));
  return typeof bound === 'object' && bound !== null ? bound.port : 0;
}

async function kill(): Promise<void> {
  const running = server;
  server = null;
  if (running === null || running.exitCode !== null || running.signalCode !== null) return;
  running.kill('SIGKILL');
  await once(running, 'exit');
}

async function start(): Promise<void> {
  await kill();
  server = spawn(process.execPath, [PROGRAM, settings], { stdio: 'ignore' });
  const answers = () =>
    bucket.list('', null, AbortSignal.timeout(5000)).then(
      () => true,
      () => false,
    );
  await expect.poll(answers, { timeout: 60_000, interval: 20 }).toBe(true);
}

const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** Sends an object in two parts; true: the store has said that it is there. */
async function send(key: string, pieces: readonly Buffer[]): Promise<boolean> {
  const signal = AbortSignal.timeout(60_000);
  try {
    const upload = await bucket.begin(key, signal);
    for (const [at, piece] of pieces.entries()) {
      const content = Readable.from([piece], { objectMode: false });
      await bucket.putPart({ key, upload, number: at + 1 }, { content, bytes: piece.length }, signal);
    }
    const parts = await bucket.parts({ key, upload }, signal);
    await bucket.complete({ key, upload, parts: parts ?? [] }, signal);
    return true;
  } catch {
    return false;
  }
}

test.each(seedsOf('object store: kills'))(
  `killed ${ROUNDS} times while objects come in parts: seed %d`,
  async (seed) => {
    const chance = chanceOf(seed, 'object store: kills');
    /** What a key held last, by the store's own word. */
    const acknowledged = new Map<string, string>();
    await start();
    // How long one takes on this machine, so that kills fall everywhere into it.
    const measured = async () => {
      const began = performance.now();
      expect(await send('measured', [Buffer.alloc(FIRST), Buffer.from('end')])).toBe(true);
      return performance.now() - began;
    };
    // As in each round, it has just been started.
    let whole = 1.2 * (await measured());
    let [lost, done] = [0, 0];
    for (let round = 0; round < ROUNDS; round++) {
      const key = `model-${chance.between(0, 9)}`;
      const pieces = [Buffer.alloc(FIRST, chance.bytes(64)), chance.bytes(chance.between(1, 4096))];
      const after = delay(chance.below(whole)).then(kill);
      const isDone = await send(key, pieces);
      await after;
      await start();
      const now = digest(Buffer.concat(pieces));
      const path = join(folder, 'outputs', key);
      const found = existsSync(path) ? digest(readFileSync(path)) : undefined;
      // Without an answer it may be there all the same, but whole.
      const may = isDone ? [now] : [acknowledged.get(key), now];
      expect(may, `round ${round}, ${isDone ? '' : 'not '}acknowledged`).toContain(found);
      const { objects } = await bucket.list('', null, AbortSignal.timeout(60_000));
      expect(objects.map((one) => one.key).sort()).toEqual(readdirSync(join(folder, 'outputs')).sort());
      if (found !== undefined) acknowledged.set(key, found);
      if (isDone) done++;
      else lost++;
      // However slow the machine becomes: about half of them end before they are killed.
      whole *= isDone ? 0.95 : 1.05;
    }
    process.stdout.write(`object store: ${done} were acknowledged, ${lost} were not; seed ${seed}\n`);
    const strange = readdirSync(join(folder, 'outputs')).filter(
      (name) => !/^(model-\d|measured)$/.test(name),
    );
    expect(strange).toEqual([]);
  },
  PATIENCE_MS,
);
