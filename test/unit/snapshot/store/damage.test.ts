import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { packFiles } from '../../../../src/snapshot/packaging/sending/pack.ts';
import { scanDirectory } from '../../../../src/snapshot/packaging/scan.ts';
import { createSnapshotStore } from '../../../../src/snapshot/store/store.ts';
import { temporaryFolders, writeTree } from '../packaging/tree.ts';

const newFolder = temporaryFolders();
const tree = { 'a.py': 'print(1)\n', 'b/c.py': 'print(2)\n', 'model.bin': 'm'.repeat(2 << 20), 'empty/': '' };

let data: string;
let root: string;
let digest: string;

/** What `submit local` does; how many contents had to be sent. */
async function send(store = createSnapshotStore(data)): Promise<number> {
  const { listing } = await scanDirectory(root, { cacheFolder: null, env: {} });
  const announced = await store.announce(listing);
  digest = announced.digest;
  if (announced.missing.length > 0) {
    const sent = packFiles(root, listing, announced.missing);
    expect((await store.receive(digest, sent, 'contents')).missing).toEqual([]);
  }
  return announced.missing.length;
}

async function layOut(store = createSnapshotStore(data)): Promise<string> {
  const out = join(newFolder(), 'out');
  const reader = await store.open(digest);
  if (reader === null) throw new Error('it is not here');
  await reader.layOut(out);
  return out;
}

const files = (folder: string, end: string) =>
  readdirSync(join(data, folder), { recursive: true })
    .map(String)
    .filter((name) => name.endsWith(end))
    .map((name) => join(data, folder, name));

const flip = (path: string, at: number) => {
  const bytes = readFileSync(path);
  const place = at < 0 ? bytes.length + at : at;
  bytes[place] = (bytes[place] ?? 0) ^ 0xff;
  writeFileSync(path, bytes);
};

beforeEach(async () => {
  data = newFolder();
  root = writeTree(newFolder(), tree);
  await send();
});

const largeFile = () => files('blobs', '').find((path) => /\/[0-9a-f]{64}$/.test(path)) ?? '';

describe('a damaged content', () => {
  const damages: [string, () => void, RegExp, number][] = [
    ['a small one', () => flip(files('blobs', '.pack')[0] ?? '', 3), /"a\.py" is damaged/, 1],
    ['the end of a pack', () => truncateSync(files('blobs', '.pack')[0] ?? '', 3), /is damaged|not here/, 2],
    ['a large one', () => flip(largeFile(), 1000), /"model\.bin" is damaged/, 1],
    ['a large one cut off', () => truncateSync(largeFile(), 1000), /"model\.bin" is damaged/, 1],
    ['a large one removed', () => rmSync(largeFile()), /"model\.bin" is damaged/, 1],
  ];
  it.each(damages)(
    '%s never reaches a pod, counts as missing and is sent again',
    async (_, damage, told, sent) => {
      const store = createSnapshotStore(data);
      damage();
      await expect(layOut(store)).rejects.toThrow(told);
      expect(await store.has(digest)).toBe(false);
      expect(await store.open(digest)).toBeNull();
      // What is found out one after another is sent one after another.
      let again = 0;
      for (let round = 0; round < 3; round++) {
        again += await send(store);
        try {
          const out = await layOut(store);
          expect((await scanDirectory(out, { cacheFolder: null, env: {} })).digest).toBe(digest);
          break;
        } catch {
          continue;
        }
      }
      expect(again).toBe(sent);
      // Another process finds it sound as well.
      expect(await send()).toBe(0);
      await layOut();
    },
  );

  it('is not read as a file either', async () => {
    const store = createSnapshotStore(data);
    flip(files('blobs', '.pack')[0] ?? '', 3);
    const reader = await store.open(digest);
    await expect(reader?.read('a.py')).rejects.toThrow(/damaged/);
    await expect(reader?.read('model.bin')).rejects.toMatchObject({
      code: 'server_error',
      hint: expect.any(String),
    });
  });

  it('makes other snapshots that name it incomplete, and only those', async () => {
    const store = createSnapshotStore(data);
    const first = digest;
    writeFileSync(join(root, 'b/c.py'), 'print(3)\n');
    await send(store);
    const second = digest;
    rmSync(join(root, 'a.py'));
    await send(store);
    const without = digest;
    flip(files('blobs', '.pack').find((path) => readFileSync(path).includes('print(1)')) ?? '', 3);
    digest = first;
    await expect(layOut(store)).rejects.toThrow(/damaged/);
    expect(await Promise.all([first, second, without].map((one) => store.has(one)))).toEqual([
      false,
      false,
      true,
    ]);
  });
});

describe('a damaged index', () => {
  it.each<[string, (path: string) => void]>([
    ['empty', (path) => writeFileSync(path, '')],
    ['cut off', (path) => truncateSync(path, 60)],
    ['with another byte', (path) => flip(path, 40)],
    ['longer', (path) => appendFileSync(path, 'x')],
    ['no index at all', (path) => writeFileSync(path, '{}')],
  ])('%s stops nothing: what it told of is sent again', async (_, damage) => {
    const [index = ''] = files('blobs', '.idx');
    damage(index);
    const store = createSnapshotStore(data);
    expect(store.damaged).toHaveLength(1);
    await expect(layOut(store)).rejects.toThrow(/damaged/);
    expect(await send(store)).toBe(2);
    await layOut(store);
    await store.collect(new Set([digest]));
    await layOut(createSnapshotStore(data));
  });
});

describe('a damaged listing', () => {
  it.each<[string, (path: string) => void]>([
    ['empty', (path) => writeFileSync(path, '')],
    ['cut off', (path) => truncateSync(path, 100)],
    ['with another byte', (path) => flip(path, 10)],
    ['with a damaged end', (path) => flip(path, -3)],
    [
      'of another snapshot',
      (path) => writeFileSync(path, readFileSync(path, 'utf8').replace('a.py', 'x.py')),
    ],
  ])('%s is told once, and then as if it had never come', async (_, damage) => {
    const [path = ''] = files('snapshots', '.listing');
    damage(path);
    const store = createSnapshotStore(data);
    await store.collect(new Set([digest]));
    await layOut(store).catch((error: unknown) => expect(String(error)).toMatch(/damaged|not here/));
    expect(await store.has(digest)).toBe(false);
    expect(await send(store)).toBe(0);
    await layOut(store);
  });
});

describe('what an earlier version stored', () => {
  it('is read', async () => {
    const { listing } = await scanDirectory(root, { cacheFolder: null, env: {} });
    const [listed = ''] = files('snapshots', '.listing');
    const [pack = ''] = files('blobs', '.pack');
    const [index = ''] = files('blobs', '.idx');
    rmSync(listed);
    rmSync(index);
    const small = listing.entries.filter((entry) => entry.kind === 'file' && entry.bytes < 1000);
    const bytes = readFileSync(pack);
    const hashes = small.map((entry) => (entry.kind === 'file' ? entry.sha256 : '')).join('');
    const spans = small.flatMap((entry) => {
      const content = readFileSync(join(root, entry.path));
      return [bytes.indexOf(content), content.length];
    });
    writeFileSync(pack.replace(/pack$/, 'json'), JSON.stringify({ hashes, spans }));
    writeFileSync(listed.replace(/listing$/, 'json'), JSON.stringify(listing));
    mkdirSync(join(data, 'snapshots', 'announced'), { recursive: true });
    const store = createSnapshotStore(data);
    expect(store.damaged).toEqual([]);
    expect(await store.has(digest)).toBe(true);
    const out = await layOut(store);
    expect((await scanDirectory(out, { cacheFolder: null, env: {} })).digest).toBe(digest);
    expect(await send(store)).toBe(0);
  });
});
