import { createHash } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { Header, Pax, type HeaderData } from 'tar';
import { describe, expect, it } from 'vitest';
import { packFiles } from '../../../../src/snapshot/packaging/sending/pack.ts';
import { scanDirectory } from '../../../../src/snapshot/packaging/scan.ts';
import { wireLine } from '../../../../src/snapshot/listing/lines.ts';
import { collectGarbage } from '../../../../src/snapshot/store/collect.ts';
import { openBlobs } from '../../../../src/snapshot/store/contents/blobs.ts';
import { createListings } from '../../../../src/snapshot/store/listings/listings.ts';
import { createSnapshotStore } from '../../../../src/snapshot/store/store.ts';
import { sortedListing, type FileEntry, type Listing } from '../../../../src/snapshot/listing/listing.ts';
import { temporaryFolders, writeTree } from '../packaging/tree.ts';

const newFolder = temporaryFolders();
const HOUR = 3_600_000;

const sha256 = (content: string) => createHash('sha256').update(content).digest('hex');
const file = (path: string, content: string): FileEntry => ({
  path,
  kind: 'file',
  executable: false,
  bytes: Buffer.byteLength(content),
  sha256: sha256(content),
});

function entry(header: HeaderData, content = ''): Buffer {
  const block = Buffer.alloc(512);
  new Header({
    mode: 0o644,
    size: Buffer.byteLength(content),
    type: 'File',
    mtime: new Date(0),
    ...header,
  }).encode(block);
  return Buffer.concat([
    block,
    Buffer.from(content),
    Buffer.alloc((512 - (Buffer.byteLength(content) % 512)) % 512),
  ]);
}

const tar = (...entries: Buffer[]) => Readable.from([Buffer.concat([...entries, Buffer.alloc(1024)])]);

const tree = {
  'a/main.py': 'print(1)\n',
  'run.sh': '#!/bin/sh\n',
  empty: '',
  link: '-> a/main.py',
  'model.bin': 'm'.repeat(3 << 20),
  ä: 'umlaut',
  'checkpoints/': '',
  'a/deeper/outputs/': '',
};

async function scanned(root: string) {
  return scanDirectory(root, { cacheFolder: null, env: {} });
}

function allFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath, one.name));
}

async function stored(root: string, store = createSnapshotStore(newFolder())) {
  const { listing, digest } = await scanned(root);
  const { missing } = await store.announce(listing);
  await store.receive(digest, packFiles(root, listing, missing), 'contents');
  return { store, digest, listing };
}

describe('a snapshot', () => {
  it('comes back as it was, and is private while it is stored', async () => {
    const data = newFolder();
    const { store, digest } = await stored(writeTree(newFolder(), tree), createSnapshotStore(data));
    for (const path of allFiles(data)) expect([path, statSync(path).mode & 0o777]).toEqual([path, 0o600]);
    const reader = await createSnapshotStore(data).open(digest);
    const out = join(newFolder(), 'deep', 'out');
    await reader?.layOut(out);
    expect(readdirSync(out).sort()).toEqual([
      'a',
      'checkpoints',
      'empty',
      'link',
      'model.bin',
      'run.sh',
      'ä',
    ]);
    expect(readdirSync(join(out, 'a/deeper/outputs'))).toEqual([]);
    const folders = reader?.entries().filter(({ kind }) => kind === 'folder');
    expect(folders?.map(({ path }) => path)).toEqual(['a/deeper/outputs', 'checkpoints']);
    expect(readFileSync(join(out, 'a/main.py'), 'utf8')).toBe('print(1)\n');
    expect(readFileSync(join(out, 'model.bin'), 'utf8')).toBe(tree['model.bin']);
    expect(readlinkSync(join(out, 'link'))).toBe('a/main.py');
    const umask = 0o777 & ~statSync(join(out, 'run.sh')).mode;
    expect(statSync(join(out, 'run.sh')).mode & 0o100).toBe(0o100);
    for (const path of ['a/main.py', 'model.bin'])
      expect(statSync(join(out, path)).mode & 0o777).toBe(0o644 & ~umask);
    expect((await scanned(out)).digest).toBe(digest);
    expect((await reader?.read('link'))?.toString()).toBe('print(1)\n');
    expect(await reader?.read('nothing')).toBeNull();
    expect(reader?.bytes).toBe((await scanned(out)).bytes);
    expect(await store.bytesOnDisk()).toBeGreaterThan(3 << 20);
  });

  it('is sent once: what is there already is not missing', async () => {
    const root = writeTree(newFolder(), tree);
    const { store, digest, listing } = await stored(root);
    expect(await store.announce(listing)).toEqual({ digest, missing: [] });
    expect(await store.has(digest)).toBe(true);
    writeFileSync(join(root, 'a/main.py'), 'print(2)\n');
    const changed = await scanned(root);
    expect(await store.has(changed.digest)).toBe(false);
    expect(await store.open(changed.digest)).toBeNull();
    expect(await store.announce(changed.listing)).toEqual({
      digest: changed.digest,
      missing: [sha256('print(2)\n')],
    });
  });

  it('is not laid out over anything, nor half', async () => {
    const { store, digest } = await stored(writeTree(newFolder(), tree));
    const reader = await store.open(digest);
    const out = writeTree(newFolder(), { 'mine/x': 'mine' });
    await expect(reader?.layOut(join(out, 'mine'))).rejects.toMatchObject({ code: 'conflict' });
    expect(readdirSync(out)).toEqual(['mine']);
    mkdirSync(join(out, 'ready'));
    await reader?.layOut(join(out, 'ready'));
    expect(existsSync(join(out, 'ready', 'run.sh'))).toBe(true);
  });

  it('is not laid out any more when that is given up, and nothing of it stays', async () => {
    const { store, digest } = await stored(writeTree(newFolder(), tree));
    const reader = await store.open(digest);
    const out = newFolder();
    const reason = new Error('given up');
    await expect(reader?.layOut(join(out, 'copy'), { signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    );
    expect(readdirSync(out)).toEqual([]);
  });

  it('can be sent by two at once, and survives an upload that breaks', async () => {
    const root = writeTree(newFolder(), tree);
    const { listing, digest } = await scanned(root);
    const store = createSnapshotStore(newFolder());
    const { missing } = await store.announce(listing);
    const whole = await buffer(packFiles(root, listing, missing));
    const half = Readable.from(
      (async function* () {
        yield whole.subarray(0, 2048);
        throw new Error('connection lost');
      })(),
    );
    await expect(store.receive(digest, half, 'contents')).rejects.toThrow('connection lost');
    const { missing: left } = await store.announce(listing);
    expect(left.length).toBe(missing.length - 2);
    const both = await Promise.all(
      [1, 2].map(() => store.receive(digest, packFiles(root, listing, left), 'contents')),
    );
    expect(both).toEqual([
      { digest, missing: [] },
      { digest, missing: [] },
    ]);
  });

  it('imports a directory under the digest that a client would give it', async () => {
    const root = writeTree(newFolder(), tree);
    const store = createSnapshotStore(newFolder());
    expect(await store.importDirectory(root)).toBe((await scanned(root)).digest);
    await expect(store.importDirectory(writeTree(newFolder(), { out: '-> ../x' }))).rejects.toMatchObject({
      code: 'repository_invalid',
    });
  });
});

describe('a hostile archive', () => {
  const listing: Listing = sortedListing([file('a.py', 'good'), file('dir/b.py', 'other')]);
  const good = entry({ path: 'a.py' }, 'good');
  const pax = (fields: HeaderData) => new Pax(fields).encode();

  const archives: [string, () => Readable][] = [
    ['a path upwards', () => tar(entry({ path: '../a.py' }, 'good'))],
    ['an absolute path', () => tar(entry({ path: '/tmp/a.py' }, 'good'))],
    ['a drive letter', () => tar(entry({ path: 'C:\\a.py' }, 'good'))],
    ['a path in another spelling', () => tar(entry({ path: './a.py' }, 'good'))],
    ['another case', () => tar(entry({ path: 'A.PY' }, 'good'))],
    ['a path that nobody announced', () => tar(good, entry({ path: 'extra' }, 'x'))],
    ['other content', () => tar(entry({ path: 'a.py' }, 'evil'))],
    ['a wrong size', () => tar(entry({ path: 'a.py' }, 'longer'))],
    ['a file twice', () => tar(good, good)],
    [
      'a symbolic link',
      () => tar(entry({ path: 'a.py', type: 'SymbolicLink', linkpath: '/etc/passwd', size: 0 })),
    ],
    [
      'a link, then a file through it',
      () =>
        tar(
          entry({ path: 'dir', type: 'SymbolicLink', linkpath: '/tmp', size: 0 }),
          entry({ path: 'dir/b.py' }, 'other'),
        ),
    ],
    ['a hard link', () => tar(entry({ path: 'a.py', type: 'Link', linkpath: '/etc/passwd', size: 0 }))],
    ['a device', () => tar(entry({ path: 'a.py', type: 'CharacterDevice', size: 0 }))],
    ['a FIFO', () => tar(entry({ path: 'a.py', type: 'FIFO', size: 0 }))],
    ['a directory', () => tar(entry({ path: 'dir/', type: 'Directory', size: 0 }))],
    ['a pax path upwards', () => tar(pax({ path: '../../a.py' }), good)],
    ['a pax size', () => tar(pax({ size: 1 << 30 }), good)],
    [
      'an endless extended header',
      () => tar(entry({ path: 'PaxHeader/x', type: 'ExtendedHeader' }, 'x'.repeat(1 << 20))),
    ],
    ['a broken checksum', () => tar(Buffer.concat([Buffer.from('b'), good.subarray(1)]))],
    ['nothing but a cut header', () => Readable.from([good.subarray(0, 100)])],
    ['a cut', () => Readable.from([good.subarray(0, 514)])],
    ['no archive at all', () => Readable.from([Buffer.from('not a tar '.repeat(300))])],
    ['a compressed one', () => Readable.from([gzipSync(Buffer.concat([good, Buffer.alloc(1024)]))])],
    [
      'one without end',
      () =>
        Readable.from(
          (function* () {
            for (;;) yield Buffer.alloc(1 << 16);
          })(),
        ),
    ],
  ];

  it.each(archives)('with %s is refused in one sentence, and nothing false is kept', async (_, archive) => {
    const data = newFolder();
    const store = createSnapshotStore(data);
    const { digest } = await store.announce(listing);
    await expect(store.receive(digest, archive())).rejects.toMatchObject({
      code: 'usage',
      hint: expect.any(String),
    });
    expect(await store.has(digest)).toBe(false);
    const { missing } = await store.announce(listing);
    expect(missing).toContain(sha256('other'));
    expect(await store.receive(digest, tar(good, entry({ path: 'dir/b.py' }, 'other')))).toEqual({
      digest,
      missing: [],
    });
    for (const path of allFiles(data)) expect(lstatSync(path).mode & 0o7177).toBe(0);
  });

  it('without all of it says what is missing', async () => {
    const store = createSnapshotStore(newFolder());
    const { digest } = await store.announce(listing);
    expect(await store.receive(digest, tar(good))).toEqual({ digest, missing: [sha256('other')] });
    expect(await store.receive(digest, tar(entry({ path: sha256('other') }, 'other')))).toEqual({
      digest,
      missing: [],
    });
  });

  it('for a snapshot that nobody announced is not_found, and a bad listing is refused', async () => {
    const store = createSnapshotStore(newFolder());
    await expect(store.receive(`sha256:${'0'.repeat(64)}`, tar(good))).rejects.toMatchObject({
      code: 'not_found',
    });
    await expect(store.announce({ entries: [file('../x', 'y')] })).rejects.toMatchObject({ code: 'usage' });
    await stored(writeTree(newFolder(), { 'a.py': 'good' }), store);
    await expect(store.announce({ entries: [{ ...file('b.py', 'good'), bytes: 5 }] })).rejects.toMatchObject({
      code: 'usage',
    });
  });
});

describe('an allowance for all snapshots together', () => {
  const OF_SIZE = 2 << 20;
  const kept = new Set<string>();
  const limited = (now: () => number) =>
    createSnapshotStore(newFolder(), { now, allowance: { bytes: 2.5 * OF_SIZE, keep: () => kept } });
  const directory = (name: string) => writeTree(newFolder(), { [name]: name.repeat(OF_SIZE) });

  it('is not exceeded, whatever each of them has; what is here already costs nothing', async () => {
    const store = limited(Date.now);
    const one = directory('a');
    const digest = await store.importDirectory(one);
    await store.importDirectory(directory('b'));
    await expect(store.importDirectory(directory('c'))).rejects.toMatchObject({
      code: 'too_large',
      hint: expect.stringContaining('prune'),
    });
    expect(await store.importDirectory(one)).toBe(digest);
    expect(await store.bytesOnDisk()).toBeLessThan(2.5 * OF_SIZE);
  });

  it('is used up by what experiments have, and not by what nobody needs', async () => {
    let time = Date.now();
    const store = limited(() => time);
    const digest = await store.importDirectory(directory('a'));
    kept.add(digest);
    await store.importDirectory(directory('b'));
    time += 2 * HOUR;
    kept.add(await store.importDirectory(directory('c')));
    expect(await store.open(digest)).not.toBeNull();
    await expect(store.importDirectory(directory('d'))).rejects.toMatchObject({ code: 'too_large' });
  });

  it.each(['large', 'small'])(
    'never takes away what the new one shares with an old one: %s',
    async (kind) => {
      let time = Date.now();
      const store = limited(() => time);
      const shared = kind === 'large' ? 'a'.repeat(OF_SIZE) : 'a';
      await store.importDirectory(writeTree(newFolder(), { shared }));
      for (const name of kind === 'large' ? ['b'] : ['b', 'c']) await store.importDirectory(directory(name));
      time += 2 * HOUR;
      const root = writeTree(newFolder(), { shared, new: 'n'.repeat(OF_SIZE) });
      const reader = await store.open(await store.importDirectory(root));
      expect((await reader?.read('shared'))?.toString()).toBe(shared);
    },
  );

  it('leaves a listing that still comes what it has asked for, when others need room', async () => {
    let time = Date.now();
    const store = limited(() => time);
    await store.importDirectory(writeTree(newFolder(), { shared: 'a' }));
    for (const name of ['b', 'c']) await store.importDirectory(directory(name));
    time += 2 * HOUR;
    const root = writeTree(newFolder(), { shared: 'a', 'z.py': 'z' });
    const { listing, digest } = await scanned(root);
    const told = new EventEmitter();
    const [asked, others] = [once(told, 'asked'), once(told, 'others')];
    async function* lines() {
      const [first, ...rest] = listing.entries.map((entry) => Buffer.from(wireLine(entry)));
      yield Buffer.concat([Buffer.from('{"base":null}\n'), ...(first ? [first] : [])]);
      told.emit('asked');
      await others;
      yield* rest;
    }
    const announced = store.announceLines(lines(), () => undefined);
    await asked;
    // Two at once: whoever finds a collection running counts what is left when it is done.
    await Promise.all(['d', 'e'].map((name) => store.importDirectory(directory(name))));
    told.emit('others');
    expect(await announced).toEqual({ digest, missing_lines: [[1, 1]] });
    await store.receive(digest, packFiles(root, listing, [sha256('z')]), 'contents');
    expect((await (await store.open(digest))?.read('shared'))?.toString()).toBe('a');
  });
});

describe('collecting', () => {
  it('removes what nobody refers to once it is old, and keeps what is shared', async () => {
    const data = newFolder();
    let time = Date.now();
    const store = createSnapshotStore(data, { now: () => time });
    const big = 'b'.repeat(2 << 20);
    const one = await stored(
      writeTree(newFolder(), { 'shared.py': 'shared', 'own.py': 'x'.repeat(10_000), 'big.bin': big }),
      store,
    );
    const two = await stored(writeTree(newFolder(), { 'shared.py': 'shared' }), store);
    await store.collect(new Set());
    expect([await store.has(one.digest), await store.has(two.digest)]).toEqual([true, true]);
    time += 2 * HOUR;
    await store.collect(new Set([two.digest]));
    expect([await store.has(one.digest), await store.has(two.digest)]).toEqual([false, true]);
    expect(await store.bytesOnDisk()).toBeLessThan(100_000);
    expect((await (await createSnapshotStore(data).open(two.digest))?.read('shared.py'))?.toString()).toBe(
      'shared',
    );
    time += 2 * HOUR;
    for (const path of allFiles(data)) utimesSync(path, 1, 1);
    await store.collect(new Set());
    expect(allFiles(data)).toEqual([]);
  });

  it('leaves alone what is announced while it runs', async () => {
    let time = Date.now();
    const store = createSnapshotStore(newFolder(), { now: () => time });
    const root = writeTree(newFolder(), { 'a.py': 'a', 'b.py': 'b' });
    const { listing, digest } = await stored(root, store);
    time += 2 * HOUR;
    const [, announced] = await Promise.all([store.collect(new Set()), store.announce(listing)]);
    if (announced.missing.length > 0)
      await store.receive(digest, packFiles(root, listing, announced.missing), 'contents');
    expect((await (await store.open(digest))?.read('b.py'))?.toString()).toBe('b');
  });

  it('leaves alone what somebody was told is here, also when that was a moment ago', async () => {
    let time = Date.now();
    const data = newFolder();
    const { digest } = await stored(
      writeTree(newFolder(), { 'a.py': 'a' }),
      createSnapshotStore(data, { now: () => time }),
    );
    time += 2 * HOUR;
    const listings = createListings(join(data, 'snapshots'), () => time);
    const renewedMeanwhile = {
      ...listings,
      async all() {
        const found = await listings.all();
        expect(await listings.touch(digest)).toBe(true);
        return found;
      },
    };
    const blobs = openBlobs(join(data, 'blobs'));
    const collect = (these: typeof listings) =>
      collectGarbage({ listings: these, blobs, keep: new Set(), announced: [], asked: [], now: time });
    await collect(renewedMeanwhile);
    expect(await listings.touch(digest)).toBe(true);
    time += 2 * HOUR;
    await collect(listings);
    expect(await listings.touch(digest)).toBe(false);
  });
});
