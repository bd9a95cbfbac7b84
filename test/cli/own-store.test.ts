/** Inputs and outputs in an object store of the user's: the built program, and a store that checks signatures. */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { StorageQueryInput } from '../../src/api/storage-contract.ts';
import { createClient } from '../../src/client/client.ts';
import { isAichorError } from '../../src/errors.ts';
import { stateFolder } from '../../src/machine/state-folder.ts';
import { serveObjects } from '../../src/object-store/serve/serve.ts';
import { s3Client, type S3Client } from '../object-store/client.ts';
import { startFlakyLine, type Fate, type FlakyLine } from '../object-store/flaky.ts';
import { chanceOf, seedsOf } from '../faults/seed.ts';
import { makeProgram, type Program } from './program.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });

const KEYS = { accessKey: 'MINE', secretKey: 'canary-of-the-store' };

let folder: string;
let store: Server;
let line: FlakyLine;
let fate: () => Fate | null = () => null;
let s3: S3Client;
let p: Program;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'aichor-own-store-'));
  const buckets = ['default-inputs', 'default-outputs'].map((name) => ({
    ...{ name, folder: join(folder, name), writable: '' },
  }));
  for (const bucket of buckets) mkdirSync(bucket.folder);
  store = await serveObjects({ ...KEYS, port: 0, state: join(folder, 'state'), buckets });
  const { port } = store.address() as AddressInfo;
  s3 = s3Client(port, KEYS);
  line = await startFlakyLine(port, () => fate());
  p = makeProgram('own-store');
  mkdirSync(join(p.home, '.aws'));
  writeFileSync(
    join(p.home, '.aws', 'credentials'),
    `[team]\naws_access_key_id = ${KEYS.accessKey}\naws_secret_access_key = ${KEYS.secretKey}\n`,
  );
  mkdirSync(join(p.home, 'state'), { mode: 0o700 });
  const storage = { s3_endpoint: `http://127.0.0.1:${line.port}`, profile: 'team' };
  writeFileSync(join(p.home, 'state', 'settings.json'), JSON.stringify({ storage }));
});
afterAll(() => {
  p.close();
  line.close();
  store.closeAllConnections();
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

async function json(...args: string[]) {
  const { code, stdout, stderr } = await p.aichor(args);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout);
}
const errorOf = ({ stderr }: { stderr: string }) =>
  JSON.parse(stderr.split('\n').find((one) => one.startsWith('{"error"')) ?? '{}').error;
const digest = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');

/** Files as they lie in a folder, by name. */
function contents(at: string): Record<string, string> {
  const files = readdirSync(at, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  return Object.fromEntries(
    files.map((one) => join(one.parentPath, one.name)).map((path) => [path.slice(at.length), digest(path)]),
  );
}

test('a folder goes there and comes back, and nothing goes twice', async () => {
  const data = join(p.home, 'data');
  mkdirSync(join(data, 'a/ü'), { recursive: true });
  writeFileSync(join(data, 'a/ü/x +%20#?.bin'), Buffer.from([0, 255, 13, 10]));
  writeFileSync(join(data, 'empty'), '');
  writeFileSync(join(data, 'one.csv'), '1,2\n');
  expect(await json('storage', 'upload', data)).toMatchObject({ kind: 'inputs', bytes: 8, unchanged: 0 });
  expect(contents(join(folder, 'default-inputs/data'))).toEqual(contents(data));
  expect(await json('storage', 'upload', data)).toMatchObject({ unchanged: 3 });
  writeFileSync(join(data, 'one.csv'), '1,2\n3,4\n');
  expect(await json('storage', 'upload', data)).toMatchObject({ unchanged: 2 });
  const { files } = await json('storage', 'list', '--inputs', 'data/');
  expect(files.map(({ path, bytes }: { path: string; bytes: number }) => [path, bytes])).toEqual([
    ['data/a/ü/x +%20#?.bin', 4],
    ['data/empty', 0],
    ['data/one.csv', 8],
  ]);
  const to = join(p.home, 'back');
  expect(await json('storage', 'download', '--inputs', '--to', to)).toMatchObject({ unchanged: 0 });
  expect(contents(join(to, 'data'))).toEqual(contents(data));
  expect(await json('storage', 'download', '--inputs', '--to', to)).toMatchObject({ unchanged: 3 });
  expect(contents(join(to, 'data'))).toEqual(contents(data));

  // Somebody changed one here, and another one there.
  writeFileSync(join(to, 'data/one.csv'), 'mine');
  expect(errorOf(await p.aichor(['storage', 'download', '--inputs', '--to', to])).code).toBe('conflict');
  expect(readFileSync(join(to, 'data/one.csv'), 'utf8')).toBe('mine');
  await json('storage', 'download', '--inputs', '--to', to, '--force');
  expect(readFileSync(join(to, 'data/one.csv'), 'utf8')).toBe('1,2\n3,4\n');
  writeFileSync(join(data, 'one.csv'), 'older');
  utimesSync(join(data, 'one.csv'), new Date(0), new Date(0));
  expect(errorOf(await p.aichor(['storage', 'upload', data])).code).toBe('conflict');
  await json('storage', 'upload', data, '--force', '--to', 'raw/2026');
  expect(readFileSync(join(folder, 'default-inputs/raw/2026/one.csv'), 'utf8')).toBe('older');
});

test('hundreds of small files go and come over a line that breaks, each at its place', async () => {
  const many = join(p.home, 'many');
  for (let at = 0; at < 700; at++) {
    if (at % 100 === 0) mkdirSync(join(many, `${at / 100} ü`), { recursive: true });
    writeFileSync(join(many, `${Math.floor(at / 100)} ü`, `${at}.txt`), `${at}`.repeat(at % 50));
  }
  let breaks = 3;
  line.drop();
  fate = () => (breaks-- > 0 ? { bytes: 20_000, end: 'cut' } : null);
  expect(await json('storage', 'upload', many)).toMatchObject({ unchanged: 0 });
  expect(contents(join(folder, 'default-inputs/many'))).toEqual(contents(many));
  expect(await json('storage', 'upload', many)).toMatchObject({ unchanged: 700 });
  breaks = 3;
  line.drop();
  const to = join(p.home, 'many-back');
  const back = await json('storage', 'download', '--inputs', 'many/', '--to', to, '--concurrency', '5');
  expect(back).toMatchObject({ unchanged: 0 });
  expect(contents(join(to, 'many'))).toEqual(contents(many));
  const again = await json('storage', 'download', '--inputs', 'many', '--to', to);
  expect(again).toMatchObject({ unchanged: 700 });
  fate = () => null;
  expect(breaks).toBeLessThan(0);
});

test('pods are told where it is, and outputs go with the experiment', async () => {
  writeFileSync(join(p.repo, 'main.sh'), 'env\n');
  const { experiment_id: id, paths, notices } = await json('experiments', 'submit', 'local', '--wait');
  expect(paths).toMatchObject({
    input: 's3://default-inputs/',
    output: `s3://default-outputs/output/${id}/`,
  });
  expect(notices.map(({ code }: { code: string }) => code)).not.toContain('storage_keys_absent');
  const { stdout } = await p.aichor(['experiments', 'logs', id]);
  for (const said of [
    `AICHOR_OUTPUT_PATH=s3://default-outputs/output/${id}/`,
    `AWS_ENDPOINT_URL=http://127.0.0.1:${line.port}`,
    `S3_ENDPOINT=http://127.0.0.1:${line.port}`,
    `AWS_ACCESS_KEY_ID=${KEYS.accessKey}`,
  ])
    expect(stdout).toContain(said);
  const put = (key: string, body: string) => s3('PUT', `/default-outputs/output/${key}`, { body });
  await put(`${id}/metrics.jsonl`, '{"step": 1, "loss": 0.5}\n');
  await put('another/kept', 'kept');
  const { files } = await json('storage', 'list', '--experiment', id);
  expect(files).toMatchObject([{ path: 'metrics.jsonl', bytes: 25 }]);
  const all = await json('storage', 'list');
  expect(all.files.map(({ path }: { path: string }) => path).toSorted()).toEqual(
    ['output/another/kept', `output/${id}/metrics.jsonl`].toSorted(),
  );
  writeFileSync(join(p.home, 'scores.json'), '{}');
  await json('storage', 'upload', join(p.home, 'scores.json'), '--experiment', id, '--to', 'evaluation');
  await json('experiments', 'delete', id, '--outputs');
  expect((await json('storage', 'list')).files).toMatchObject([{ path: 'output/another/kept' }]);
  const second = (await json('experiments', 'submit', 'local', '--wait')).experiment_id;
  await put(`${second}/model`, 'x');
  await json('experiments', 'prune', '--all', '--outputs', '--yes');
  expect((await json('storage', 'list')).files).toMatchObject([{ path: 'output/another/kept' }]);
  // Nothing that was kept or said holds the key.
  const { stdout: log } = await p.aichor(['server', 'logs']);
  expect(log).not.toContain(KEYS.secretKey);
});

test('metrics that pods put there come to the record, by keys that nobody gave them', async () => {
  const hold = join(p.home, 'hold');
  writeFileSync(join(p.repo, 'main.sh'), 'while [ ! -e "$HOLD" ]; do sleep 0.1; done\n');
  const { experiment_id: id } = await json('experiments', 'submit', 'local', '--env', `HOLD=${hold}`);
  await s3('PUT', `/default-outputs/output/${id}/metrics.jsonl`, { body: '{"step": 1, "loss": 0.25}\n' });
  writeFileSync(hold, '');
  await json('experiments', 'wait', id);
  const { metrics } = await json('experiments', 'get', id);
  expect(metrics).toMatchObject({ loss: { last: 0.25 } });
});

test.each(seedsOf('own-store: cuts'))(
  'over connections that are cut, everything comes: seed %d',
  async (seed) => {
    const chance = chanceOf(seed, 'own-store: cuts');
    const data = join(p.home, 'large');
    mkdirSync(data);
    const bytes = chance.bytes(4096);
    writeFileSync(join(data, 'large.bin'), Buffer.concat(Array.from({ length: 17_000 }, () => bytes)));
    for (let at = 0; at < 60; at++) writeFileSync(join(data, `${at}.txt`), bytes.subarray(0, at * 50));
    // A part of 16 MiB comes through now and then.
    let sure = 2;
    line.drop();
    fate = () => {
      // However few connections it takes: the first ones break.
      if (sure-- > 0) return { bytes: 1000, end: 'cut' };
      return chance.below(1) < 0.5 ? null : { bytes: chance.between(0, 24e6), end: 'cut' };
    };
    const to = join(p.home, 'large-back');
    const before = line.broken();
    await json('storage', 'upload', data);
    expect(contents(join(folder, 'default-inputs/large'))).toEqual(contents(data));
    await json('storage', 'download', '--inputs', 'large', '--to', to);
    fate = () => null;
    expect(line.broken()).toBeGreaterThan(before);
    expect(contents(join(to, 'large'))).toEqual(contents(data));
  },
  240_000,
);

test('parts of an upload that nobody goes on with go from the store: after a week, and with the outputs', async () => {
  const home = join(p.home, 'state');
  const parts = join(folder, 'state/uploads');
  const inStore = () => (existsSync(parts) ? readdirSync(parts) : []);
  const before = inStore();
  const left = () => inStore().filter((name) => !before.includes(name));
  const { socket, data } = stateFolder({ AICHOR_HOME: home });
  const client = createClient({ address: { socketPath: socket }, apiKey: null });
  const begin = async (path: string, of: Partial<StorageQueryInput> = { kind: 'inputs' }) => {
    const target = { ...of, path, bytes: 3 };
    const { upload: id } = await client.beginUpload({ ...target, content: 'some' });
    await client.sendPart({ ...target, upload: id, number: 1 }, () => Readable.from([Buffer.from('one')]));
    return { id, complete: () => client.completeUpload({ ...target, upload: id }) };
  };

  await json('storage', 'list', '--inputs');
  const old = await begin('left/old.bin');
  const young = await begin('left/young.bin');
  expect(left()).toHaveLength(2);
  const lastWeek = new Date(Date.now() - 8 * 24 * 3600 * 1000);
  utimesSync(join(data, 'uploads', `${old.id}.json`), lastWeek, lastWeek);
  await p.aichor(['server', 'stop']);
  const look = async () => [(await p.aichor(['storage', 'list', '--inputs'])).code, left().length];
  await expect.poll(look, { timeout: 200_000, interval: 500 }).toEqual([0, 1]);
  expect(errorOfCode(await young.complete().then(() => null, (error: unknown) => error))).toBeNull();
  expect(readFileSync(join(folder, 'default-inputs/left/young.bin'), 'utf8')).toBe('one');
  expect(left()).toEqual([]);
  expect(errorOfCode(await old.complete().then(() => null, (error: unknown) => error))).toBe('conflict');

  writeFileSync(join(p.repo, 'main.sh'), 'true\n');
  const { experiment_id: id } = await json('experiments', 'submit', 'local', '--wait');
  await begin('model.bin', { experiment: id });
  expect(left()).toHaveLength(1);
  await json('experiments', 'delete', id, '--outputs');
  expect(left()).toEqual([]);
  expect(readdirSync(join(data, 'uploads'))).toEqual([]);
}); // prettier-ignore

const errorOfCode = (error: unknown) => (isAichorError(error) ? error.code : error);

test('a bucket that is not there, and keys that are wrong, say what to do', async () => {
  const none = errorOf(await p.aichor(['storage', 'list', '--project', 'other']));
  expect(none).toMatchObject({ code: 'not_found', hint: expect.stringContaining('make the bucket') });
  writeFileSync(
    join(p.home, '.aws', 'credentials'),
    `[team]\naws_access_key_id = ${KEYS.accessKey}\naws_secret_access_key = wrong\n`,
  );
  await p.aichor(['server', 'stop']);
  const wrong = errorOf(await p.aichor(['storage', 'list']));
  expect(wrong).toMatchObject({ code: 'forbidden', hint: expect.stringContaining('AWS_ACCESS_KEY_ID') });
  writeFileSync(join(p.home, '.aws', 'credentials'), '');
  await p.aichor(['server', 'stop']);
  const absent = errorOf(await p.aichor(['storage', 'list']));
  expect(absent.message).toContain('there is no profile team in ~/.aws');
});
