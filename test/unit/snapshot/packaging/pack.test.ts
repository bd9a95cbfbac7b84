import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { filesToPack, packContents, type Packing } from '../../../../src/snapshot/packaging/sending/pack.ts';
import { FRAME_HEADER } from '../../../../src/snapshot/listing/frame.ts';
import { scanDirectory } from '../../../../src/snapshot/packaging/scan.ts';
import { temporaryFolders, writeTree } from './tree.ts';

const newFolder = temporaryFolders();
async function scanned(root: string) {
  const { listing } = await scanDirectory(root, { cacheFolder: null, env: {} });
  return listing;
}

async function allFiles(root: string): Promise<Pick<Packing, 'root' | 'files'>> {
  const listing = await scanned(root);
  return {
    root,
    files: filesToPack(
      listing,
      listing.entries.flatMap((entry) => (entry.kind === 'file' ? [entry.sha256] : [])),
    ),
  };
}

describe('packing', () => {
  const tree = {
    empty: '',
    'a/b/c.py': 'print(1)\n',
    exact: 'x'.repeat(512),
    over: 'y'.repeat(513),
    'ä/ü.txt': 'umlaut',
    'new\nline': 'n',
    [`${'d'.repeat(90)}/${'e'.repeat(90)}/${'f'.repeat(90)}`]: 'long',
    'big.bin': 'z'.repeat(3 << 20),
  };

  it('is each content after its hash and its length, read or from memory', async () => {
    const root = writeTree(newFolder(), tree);
    const order = await allFiles(root);
    const { contents } = await scanDirectory(root, { cacheFolder: null, env: {} });
    expect(contents.size).toBe(Object.keys(tree).length - 1);
    const stream = await buffer(packContents(order));
    expect((await buffer(packContents({ ...order, contents }))).equals(stream)).toBe(true);
    const found: string[] = [];
    for (let at = 0; at < stream.length;) {
      const bytes = stream.readDoubleLE(at + 32);
      const content = stream.subarray(at + FRAME_HEADER, at + FRAME_HEADER + bytes);
      expect(createHash('sha256').update(content).digest('hex')).toBe(stream.toString('hex', at, at + 32));
      found.push(content.toString());
      at += FRAME_HEADER + bytes;
    }
    expect(found.sort()).toEqual(Object.values(tree).sort());
  });

  it('sends each missing content once, and only those', async () => {
    const listing = await scanned(writeTree(newFolder(), { a: 'same', b: 'same', c: 'other' }));
    const [a, , c] = listing.entries;
    expect(filesToPack(listing, [a?.kind === 'file' ? a.sha256 : '']).map((file) => file.path)).toEqual([
      'a',
    ]);
    expect(c?.path).toBe('c');
    expect(filesToPack(listing, []).map((file) => file.path)).toEqual([]);
  });

  const changes: [string, (path: string) => void][] = [
    ['grows', (path) => appendFileSync(path, 'more')],
    ['shrinks', (path) => truncateSync(path, 3)],
    ['says something else', (path) => writeFileSync(path, 'y'.repeat(1000))],
    ['vanishes', (path) => rmSync(path)],
    ['becomes a link', (path) => (rmSync(path), symlinkSync('/etc/passwd', path))],
    ['becomes a folder', (path) => (rmSync(path), mkdirSync(path))],
    ['becomes a FIFO', (path) => (rmSync(path), execFileSync('mkfifo', [path]))],
  ];
  it.each(changes)('names a file that %s after the scan', async (_, change) => {
    const root = writeTree(newFolder(), { 'a.py': 'fine', 'b.py': 'x'.repeat(1000), 'c.py': 'fine' });
    const order = await allFiles(root);
    change(join(root, 'b.py'));
    await expect(buffer(packContents(order))).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('"b.py"'),
      hint: expect.any(String),
    });
  });

  it('reads no further than it is read from, and ends when it is aborted', async () => {
    const root = newFolder();
    for (let index = 0; index < 64; index++)
      writeFileSync(join(root, String(index)), Buffer.alloc(1 << 20, index));
    const order = await allFiles(root);
    const controller = new AbortController();
    const stream = packContents({ ...order, signal: controller.signal });
    const first = await stream[Symbol.asyncIterator]().next();
    expect(first.value.length).toBeGreaterThan(0);
    controller.abort(new Error('enough'));
    await expect(buffer(stream)).rejects.toThrow();
    expect(stream.destroyed).toBe(true);
  });
});
