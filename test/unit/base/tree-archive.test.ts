/** Archives of others are taken apart within their folder, whatever they say. */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Header } from 'tar';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ForeignPath, unpackTree } from '../../../src/base/io/archive/tree-archive.ts';

let home: string;
let folder: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'aichor-tree-'));
  folder = join(home, 'within');
  mkdirSync(folder);
});
afterEach(() => rmSync(home, { recursive: true }));

interface Thing {
  path: string;
  type?: 'File' | 'Directory' | 'SymbolicLink' | 'Link' | 'FIFO';
  linkpath?: string;
  text?: string;
  mode?: number;
}

function archive(...things: Thing[]): Readable {
  const blocks = things.flatMap(({ path, type = 'File', linkpath, text = '', mode = 0o644 }) => {
    const block = Buffer.alloc(512);
    new Header({ path, type, size: text.length, mode, ...(linkpath && { linkpath }) }).encode(block);
    return [block, Buffer.from(text), Buffer.alloc((512 - (text.length % 512)) % 512)];
  });
  return Readable.from([Buffer.concat([...blocks, Buffer.alloc(1024)])]);
}

it('files, folders, links to within and permissions are as they were; setuid is not', async () => {
  const seen = await unpackTree(
    archive(
      { path: './', type: 'Directory', mode: 0o755 },
      { path: './run.sh', text: 'echo', mode: 0o4755 },
      { path: './sub/', type: 'Directory', mode: 0o500 },
      { path: './sub/a', text: 'abc', mode: 0o600 },
      { path: './sub/to', type: 'SymbolicLink', linkpath: '../run.sh' },
      { path: './hard', type: 'Link', linkpath: './sub/a' },
    ),
    folder,
  );
  expect(seen).toEqual({ files: 4, bytes: 7, isFolder: true, left_out: [] });
  expect(statSync(join(folder, 'run.sh')).mode & 0o7777).toBe(0o755);
  expect(statSync(join(folder, 'sub/a')).mode & 0o777).toBe(0o600);
  expect(readlinkSync(join(folder, 'sub/to'))).toBe('../run.sh');
  expect(readFileSync(join(folder, 'hard'), 'utf8')).toBe('abc');
});

it.each<[string, Thing[]]>([
  ['a path that climbs', [{ path: '../out', text: 'x' }]],
  ['a path that climbs inside', [{ path: './a/../../out', text: 'x' }]],
  ['an absolute path', [{ path: '/tmp/aichor-out', text: 'x' }]],
  [
    'a path through a link of its own',
    [
      { path: './link', type: 'SymbolicLink', linkpath: 'sub' },
      { path: './link/out', text: 'x' },
    ],
  ],
])('%s ends it, and nothing is written outside', async (_what, things) => {
  await expect(unpackTree(archive(...things), folder)).rejects.toThrow(ForeignPath);
  expect(existsSync(join(home, 'out'))).toBe(false);
  expect(existsSync('/tmp/aichor-out')).toBe(false);
});

it('links that lead out are left out, and named', async () => {
  const { left_out, files } = await unpackTree(
    archive(
      { path: './up', type: 'SymbolicLink', linkpath: '../../etc/passwd' },
      { path: './root', type: 'SymbolicLink', linkpath: '/etc/passwd' },
      { path: './hard', type: 'Link', linkpath: '../out' },
      { path: './kept', text: 'x' },
    ),
    folder,
  );
  expect({ left_out, files }).toEqual({ left_out: ['up', 'root', 'hard'], files: 1 });
  for (const name of ['up', 'root', 'hard']) expect(() => lstatSync(join(folder, name))).toThrow();
});

it('an archive that breaks off is an error', async () => {
  const whole = Buffer.concat(await archive({ path: './a', text: 'x'.repeat(2000) }).toArray());
  await expect(unpackTree(Readable.from([whole.subarray(0, 1200)]), folder)).rejects.toThrow();
});

it('takes what another system calls the root of a disk for a name', async () => {
  const names = ['\\root', 'c:drive', 'c:\\both'];
  await unpackTree(archive(...names.map((path) => ({ path, text: path }))), folder);
  expect(names.map((name) => readFileSync(join(folder, name), 'utf8'))).toEqual(names);
});
