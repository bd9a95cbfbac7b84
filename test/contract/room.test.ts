/** Room for files that are sent: what the quota of a project and the disk leave, before anything comes and in the middle. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { packSmallFiles, SMALL_FILES_TYPE } from '../../src/base/http/small-files.ts';
import { roomOn } from '../../src/base/io/reserve.ts';
import { createTestPlane, type Answer, type TestPlane } from './control-plane.ts';

const MB = 1_000_000;
const PART = 16 * 1024 * 1024;

let t: TestPlane;

/** What lies anywhere in a folder, by its paths. */
async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

const left = async () => [
  ...(await filesBelow(join(t.data, 'inputs'))),
  ...(await filesBelow(join(t.data, 'uploads'))),
];

type Body = ReadableStream | Uint8Array<ArrayBuffer>;

async function send(path: string, bytes: number, body: Body = new Uint8Array(bytes)): Promise<Answer> {
  const init = { method: 'PUT', body, duplex: 'half' as const };
  const answer = await t.app.request(`/v1/storage/${path}bytes=${bytes}`, init, {});
  return { status: answer.status, body: await answer.json() };
}

const put = (name: string, bytes: number, body?: Body) =>
  send(`file?kind=inputs&project=full&path=${name}&`, bytes, body);
const begin = (name: string, bytes: number) =>
  t.call('POST', '/storage/uploads', { kind: 'inputs', project: 'full', path: name, bytes, content: 'c' });
const part = (upload: string, name: string, { number, bytes, body }: { number: number; bytes: number; body?: Body }) =>
  send(
    `uploads/${upload}/parts/${number}?kind=inputs&project=full&path=${name}&`,
    bytes,
    body ?? new Uint8Array(Math.min(PART, bytes - (number - 1) * PART)),
  ); // prettier-ignore
const complete = (upload: string, name: string, bytes: number) =>
  t.call('POST', `/storage/uploads/${upload}?kind=inputs&project=full&path=${name}&bytes=${bytes}`, {});

/** So many bytes, a MiB at a time; something happens before the first one that is asked for after so many. */
function content(bytes: number, after: number, then: () => Promise<void>): ReadableStream {
  let sent = 0;
  let happened = false;
  return new ReadableStream({
    async pull(controller) {
      if (sent >= after && !happened) {
        happened = true;
        await then();
      }
      if (sent === bytes) return controller.close();
      const piece = new Uint8Array(Math.min(1 << 20, bytes - sent));
      sent += piece.length;
      controller.enqueue(piece);
    },
  });
}

const quota = async (stored_gb: number | null) => {
  const { status } = await t.call('POST', '/projects/full', { quotas: { stored_gb } });
  expect(status).toBe(200);
};

async function withQuota(stored_gb: number | null, data?: string): Promise<void> {
  t = await createTestPlane(data === undefined ? {} : { data });
  const { status } = await t.call('POST', '/projects', {
    name: 'full',
    engines: ['local'],
    quotas: { stored_gb },
  });
  expect(status).toBe(201);
}

let disk: string | null = null;
afterEach(async () => {
  await t.close();
  if (disk !== null) execFileSync('umount', ['-l', disk]);
  disk = null;
  await rm(t.data, { recursive: true, force: true });
});

const refusal = {
  status: 413,
  body: { error: { code: 'too_large', exit_code: 6, hint: expect.stringContaining('aichor') } },
};

describe('the quota of a project', () => {
  test('refuses a file before it comes, in figures; a smaller one comes', async () => {
    await withQuota(0.001);
    let read = 0;
    const stream = content(2 * MB, 0, async () => void read++);
    const refused = await put('x', 2 * MB, stream);
    expect(refused).toMatchObject(refusal);
    expect(refused.body.error.message).toMatch(/project full may store 1(\.0)? MB .* 2(\.0)? MB more/);
    expect(await left()).toEqual([]);
    expect((await put('x', 900_000)).status).toBe(200);
    expect(await put('y', 200_000)).toMatchObject(refusal);
    // What goes makes room at once, whatever was measured before.
    await rm(join(t.data, 'inputs', 'full', 'x'));
    expect((await put('y', 200_000)).status).toBe(200);
  });

  test('counts only by how much there is more when a file is replaced', async () => {
    await withQuota(0.001);
    expect((await put('x', 800_000)).status).toBe(200);
    expect((await put('x', 950_000)).status).toBe(200);
    expect(await put('x', 1_050_000)).toMatchObject(refusal);
    expect((await begin('x', 990_000)).status).toBe(200);
  });

  test('counts outputs and what lies in inputs, and nothing behind a link', async () => {
    await withQuota(0.001);
    await mkdir(join(t.data, 'outputs', 'full'), { recursive: true });
    await writeFile(join(t.data, 'outputs', 'full', 'model'), Buffer.alloc(700_000));
    expect(await put('x', 400_000)).toMatchObject(refusal);
    expect((await put('x', 200_000)).status).toBe(200);
    await rm(join(t.data, 'inputs'), { recursive: true });
    await mkdir(join(t.data, 'inputs'));
    await mkdir(join(t.data, 'elsewhere'));
    await writeFile(join(t.data, 'elsewhere', 'data'), Buffer.alloc(2 * MB));
    await symlink(join(t.data, 'elsewhere'), join(t.data, 'inputs', 'full'));
    expect((await put('x', 200_000)).status).toBe(200);
  });

  test('does not hold back other projects, nor one without a quota', async () => {
    await withQuota(0.001);
    expect((await send('file?kind=inputs&project=other&path=x&', 2 * MB)).status).toBe(200);
    await quota(null);
    expect((await put('x', 2 * MB)).status).toBe(200);
  });

  test('counts small files that come together: those that fit are there', async () => {
    await withQuota(0.001);
    const content = new Uint8Array(400_000);
    const files = ['a', 'b', 'c'].map((path) => ({ path, content }));
    const pieces: Buffer[] = [];
    for await (const piece of packSmallFiles(Readable.from(files))) pieces.push(piece);
    const answer = await t.app.request(
      '/v1/storage/files?kind=inputs&project=full',
      { method: 'PUT', body: Buffer.concat(pieces), headers: { 'content-type': SMALL_FILES_TYPE } },
      {},
    );
    expect({ status: answer.status, body: await answer.json() }).toMatchObject(refusal);
    expect(await left()).toHaveLength(2);
  });

  test('stops a file in the middle: nothing is left of it, and what was there stays', async () => {
    await withQuota(0.1);
    expect((await put('x', 10)).status).toBe(200);
    const lowered = content(40 * MB, 2 * MB, () => quota(0.01));
    expect(await put('x', 40 * MB, lowered)).toMatchObject(refusal);
    expect(await left()).toEqual(['x']);
    await quota(0.1);
    expect((await put('x', 40 * MB)).status).toBe(200);
  });

  test('counts files that are on their way together', async () => {
    await withQuota(0.05);
    let go: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    const first = put(
      'x',
      30 * MB,
      content(30 * MB, MB, () => gate),
    );
    // It is on its way when there is something of it.
    await expect.poll(left).toHaveLength(1);
    expect(await put('y', 30 * MB)).toMatchObject(refusal);
    go();
    expect((await first).status).toBe(200);
    expect(await put('y', 30 * MB)).toMatchObject(refusal);
    expect((await put('y', 10 * MB)).status).toBe(200);
  });

  test('counts an upload in parts from its beginning on, once', async () => {
    await withQuota(0.05);
    const bytes = 2 * PART;
    expect(await begin('x', 60 * MB)).toMatchObject(refusal);
    expect(await left()).toEqual([]);
    const { upload } = (await begin('x', bytes)).body;
    expect((await begin('x', bytes)).body).toMatchObject({ upload, parts: [] });
    expect(await begin('y', 30 * MB)).toMatchObject(refusal);
    for (const number of [1, 2]) expect((await part(upload, 'x', { number, bytes })).status).toBe(200);
    expect((await begin('x', bytes)).body.parts).toEqual([1, 2]);
    expect((await complete(upload, 'x', bytes)).status).toBe(200);
    expect(await begin('y', 30 * MB)).toMatchObject(refusal);
    expect((await begin('y', 10 * MB)).status).toBe(200);
  });

  test('is asked about the file that was announced: parts of a larger one, or of another place, are none of it', async () => {
    await withQuota(0.02);
    const small = (await begin('x', MB)).body.upload;
    const bytes = 2 * PART;
    for (const number of [1, 2]) expect((await part(small, 'x', { number, bytes })).status).toBe(409);
    expect((await complete(small, 'x', bytes)).status).toBe(409);
    expect((await part(small, 'x', { number: 1, bytes: MB })).status).toBe(200);
    expect((await complete(small, 'x', MB)).status).toBe(200);

    // One in the place of another costs nothing; beside it, it would.
    expect((await put('large', 15 * MB)).status).toBe(200);
    const instead = (await begin('large', 15 * MB)).body.upload;
    expect((await part(instead, 'beside', { number: 1, bytes: 15 * MB })).status).toBe(409);
    expect((await part(instead, 'large', { number: 1, bytes: 15 * MB })).status).toBe(200);
    expect((await complete(instead, 'beside', 15 * MB)).status).toBe(409);
    expect((await complete(instead, 'large', 15 * MB)).status).toBe(200);
    expect((await complete(instead, 'large', 15 * MB)).status).toBe(200);
    expect((await left()).toSorted()).toEqual(['large', 'x']);
  });

  test('stops an upload in parts in the middle: nothing is left, and all its parts are told why', async () => {
    await withQuota(0.1);
    const bytes = 3 * PART;
    const { upload } = (await begin('x', bytes)).body;
    expect((await part(upload, 'x', { number: 1, bytes })).status).toBe(200);
    const body = content(PART, 2 * MB, () => quota(0.01));
    expect(await part(upload, 'x', { number: 2, bytes, body })).toMatchObject(refusal);
    expect(await part(upload, 'x', { number: 3, bytes })).toMatchObject(refusal);
    expect(await left()).toEqual([]);
    expect(await begin('x', bytes)).toMatchObject(refusal);
    await quota(0.1);
    expect((await begin('x', bytes)).body.parts).toEqual([]);
    expect((await part(upload, 'x', { number: 2, bytes })).status).toBe(200);
  });
});

/** A disk of its own needs the right to mount one. */
const canMount = await (async () => {
  const folder = await mkdtemp(join(tmpdir(), 'aichor-mount-'));
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]);
  if (status === 0) spawnSync('umount', [folder]);
  await rm(folder, { recursive: true });
  return status === 0;
})();
if (!canMount) process.stderr.write('skipped: room on a disk of its own, because none can be mounted\n');

describe.runIf(canMount)('the disk', () => {
  beforeEach(async () => {
    disk = await mkdtemp(join(tmpdir(), 'aichor-room-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=600m', 'tmpfs', disk]);
    await withQuota(null, disk);
  });
  /** Somebody else takes all but so much. */
  const fill = async (name: string, all_but: number) => {
    const { free } = roomOn(t.data);
    await writeFile(join(t.data, name), Buffer.alloc(free - all_but));
  };
  const never = () => content(MB, 0, () => new Promise(() => undefined));

  test('keeps a part for what runs: a larger file is refused before it comes', async () => {
    const { free } = roomOn(t.data);
    expect(await put('x', free - MB, never())).toMatchObject(refusal);
    expect(await begin('x', free - MB)).toMatchObject(refusal);
    expect(await left()).toEqual([]);
    expect((await put('x', 50 * MB)).status).toBe(200);
  });

  test('that fills up in the middle stops a file, and an upload in parts', async () => {
    const full = content(40 * MB, 2 * MB, () => fill('stray', 10 * MB));
    expect(await put('x', 40 * MB, full)).toMatchObject(refusal);
    expect(await left()).toEqual([]);
    await rm(join(t.data, 'stray'));
    const bytes = 3 * PART;
    const { upload } = (await begin('x', bytes)).body;
    expect((await part(upload, 'x', { number: 1, bytes })).status).toBe(200);
    const body = content(PART, 2 * MB, () => fill('stray', 10 * MB));
    expect(await part(upload, 'x', { number: 2, bytes, body })).toMatchObject(refusal);
    expect(await left()).toEqual([]);
  });
});
