import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar';
import { expect, test } from 'vitest';
import { packFiles } from '../../../../src/snapshot/packaging/sending/pack.ts';
import { scanDirectory } from '../../../../src/snapshot/packaging/scan.ts';
import { createSnapshotStore } from '../../../../src/snapshot/store/store.ts';
import { temporaryFolders, writeTree } from '../packaging/tree.ts';

const newFolder = temporaryFolders();
const LONG = `${'folder/'.repeat(40)}${'n'.repeat(120)}.py`;

async function snapshotOf(tree: Record<string, string>) {
  const root = newFolder();
  writeTree(root, tree);
  const { listing } = await scanDirectory(root, { cacheFolder: newFolder() });
  const store = createSnapshotStore(newFolder());
  const { digest, missing } = await store.announce(listing);
  if (missing.length > 0) await store.receive(digest, packFiles(root, listing, missing), 'contents');
  const snapshot = await store.open(digest);
  if (snapshot === null) throw new Error('no snapshot');
  return snapshot;
}

test('every file comes out as it was, whatever it is called, and the last one after all others', async () => {
  const large = 'm'.repeat((3 << 20) + 7);
  const tree = { 'a.py': 'print(1)\n', [LONG]: 'long', 'prä/ö.txt': 'ä', empty: '', 'model.bin': large };
  const snapshot = await snapshotOf({ ...tree, link: '-> a.py', 'empty folder/': '' });
  const to = newFolder();
  const pack = snapshot.pack({ places: (path) => [`context/${path}`], last: 'uploaded' });
  const paths: string[] = [];
  await pipeline(
    Readable.from(pack, { objectMode: false }),
    extract({ cwd: to, strict: true, preserveOwner: false, onReadEntry: ({ path }) => paths.push(path) }),
  );
  for (const [path, content] of Object.entries(tree))
    expect(readFileSync(join(to, 'context', path), 'utf8')).toBe(content);
  expect(readlinkSync(join(to, 'context/link'))).toBe('a.py');
  expect(paths.at(-1)).toBe('uploaded');
  expect(paths).toHaveLength(Object.keys(tree).length + 3);
  expect(readdirSync(join(to, 'context/empty folder'))).toEqual([]);
  // Wheels are ZIP files, which cannot hold a time before 1980.
  expect(lstatSync(join(to, 'context/a.py')).mtime.getUTCFullYear()).toBeGreaterThan(1980);
});

test('only what has a place', async () => {
  const snapshot = await snapshotOf({ 'app/a.py': '1', 'data/b.bin': '2' });
  const to = newFolder();
  const pack = snapshot.pack({ places: (path) => (path.startsWith('app/') ? [path] : []), last: 'end' });
  await pipeline(Readable.from(pack, { objectMode: false }), extract({ cwd: to }));
  expect(['app/a.py', 'data/b.bin', 'end'].map((path) => existsSync(join(to, path)))).toEqual([
    true,
    false,
    true,
  ]);
});
