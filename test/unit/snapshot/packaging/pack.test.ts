import { build } from 'esbuild';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buffer } from 'node:stream/consumers';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  filesToPack,
  packStream,
  type PackOptions,
} from '../../../../src/snapshot/packaging/sending/pack.ts';
import { scanDirectory } from '../../../../src/snapshot/packaging/scan.ts';
import { temporaryFolders, writeTree } from './tree.ts';

const newFolder = temporaryFolders();
let worker: URL;

beforeAll(async () => {
  const outfile = join(newFolder(), 'pack-worker.mjs');
  const js = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
  await build({
    entryPoints: ['src/snapshot/packaging/sending/pack-worker.ts'],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    banner: { js },
  });
  worker = pathToFileURL(outfile);
});

async function scanned(root: string) {
  const { listing } = await scanDirectory(root, { cacheFolder: null, env: {} });
  return listing;
}

async function allFiles(root: string): Promise<Pick<PackOptions, 'root' | 'files'>> {
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

  it('writes an archive that tar reads, with or without a worker, always the same bytes', async () => {
    const order = await allFiles(writeTree(newFolder(), tree));
    const here = await buffer(packStream({ ...order, worker: null }));
    const there = await buffer(packStream({ ...order, worker }));
    expect(there.equals(here)).toBe(true);
    const out = newFolder();
    execFileSync('tar', ['xf', '-', '-C', out], { input: here });
    for (const path of ['empty', 'a/b/c.py', 'exact', 'over', 'new\nline', 'big.bin'] as const) {
      expect(readFileSync(join(out, path), 'utf8')).toBe(tree[path]);
    }
    // Names that a plain header cannot hold go by their hash.
    expect(readdirSync(out).filter((name) => /^[0-9a-f]{64}$/.test(name))).toHaveLength(2);
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
    for (const from of [null, worker]) {
      const packing = buffer(packStream({ ...order, worker: from }));
      await expect(packing).rejects.toMatchObject({
        code: 'conflict',
        message: expect.stringContaining('"b.py"'),
        hint: expect.any(String),
      });
    }
  });

  it('reads no further than it is read from, and ends when it is aborted', async () => {
    const root = newFolder();
    for (let index = 0; index < 64; index++)
      writeFileSync(join(root, String(index)), Buffer.alloc(1 << 20, index));
    const order = await allFiles(root);
    const controller = new AbortController();
    const stream = packStream({ ...order, worker, signal: controller.signal });
    const first = await stream[Symbol.asyncIterator]().next();
    expect(first.value.length).toBeGreaterThan(0);
    // The worker is far ahead of nothing: files at the end can still change unseen, and are caught when they are reached.
    controller.abort(new Error('enough'));
    await expect(buffer(stream)).rejects.toThrow();
    expect(stream.destroyed).toBe(true);
  });
});
