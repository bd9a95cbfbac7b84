import fc from 'fast-check';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseWireLine } from '../../../../src/snapshot/listing/lines.ts';
import { readRecord } from '../../../../src/snapshot/packaging/reading/record.ts';
import { scanDirectory, type Scan, type ScanOptions } from '../../../../src/snapshot/packaging/scan.ts';
import { git, temporaryFolders, writeTree } from './tree.ts';

const newFolder = temporaryFolders();

function scan(root: string, options: Partial<ScanOptions> = {}): Promise<Scan> {
  return scanDirectory(root, {
    cacheFolder: null,
    env: { PATH: process.env['PATH'], HOME: join(root, 'no-home') },
    ...options,
  });
}

/** As if everything had been written long ago, so that it is remembered. */
const later = { now: () => Date.now() + 60_000 };

function recordOf(cacheFolder: string) {
  const [name = ''] = readdirSync(join(cacheFolder, 'packing'));
  return readRecord(join(cacheFolder, 'packing', name));
}

describe('what is remembered of a directory', () => {
  it('is not trusted for what changed, and gives the same digest as no memory', async () => {
    const root = writeTree(newFolder(), { 'a.py': '1', 'b.py': '2' });
    const cacheFolder = newFolder();
    const cold = await scan(root, { cacheFolder, ...later });
    expect((await scan(root, { cacheFolder, ...later })).listing).toEqual(cold.listing);
    const { mtime, atime } = statSync(join(root, 'a.py'));
    writeFileSync(join(root, 'a.py'), '3');
    utimesSync(join(root, 'a.py'), atime, mtime);
    const changed = await scan(root, { cacheFolder, ...later });
    expect(changed.digest).toBe((await scan(root)).digest);
    expect(changed.digest).not.toBe(cold.digest);
  });

  it('reads nothing of a tree that is as it was, and one file when one changed', async () => {
    const root = writeTree(newFolder(), { 'a.py': '1', 'b/c.py': '2', link: '-> a.py', 'empty/': '' });
    const cacheFolder = newFolder();
    const first = await scan(root, { cacheFolder, ...later });
    const same = await scan(root, { cacheFolder, ...later });
    expect(same.contents.size).toBe(0);
    expect([same.digest, same.bytes, same.files]).toEqual([first.digest, first.bytes, first.files]);
    expect(same.difference()).toBeNull();
    writeFileSync(join(root, 'b/c.py'), '22');
    const changed = await scan(root, { cacheFolder, ...later });
    expect([...changed.contents.values()].map(String)).toEqual(['22']);
    expect(changed.bytes).toBe(3);
    const difference = changed.difference();
    expect(difference?.base).toBe(first.digest);
    expect(parseWireLine(difference?.lines.trimEnd() ?? '')?.path).toBe('b/c.py');
  });

  it('does not hold for files that changed a moment before it was made', async () => {
    const root = writeTree(newFolder(), { 'a.py': '1' });
    const cacheFolder = newFolder();
    await scan(root, { cacheFolder });
    expect(recordOf(cacheFolder)?.looks[1]).toBeNaN();
    // Another content of the same length, within one tick of a clock that ticks slowly.
    const { mtime, atime } = statSync(join(root, 'a.py'));
    writeFileSync(join(root, 'a.py'), '2');
    utimesSync(join(root, 'a.py'), atime, mtime);
    expect((await scan(root, { cacheFolder })).digest).toBe((await scan(root)).digest);
    await scan(root, { cacheFolder, ...later });
    expect(recordOf(cacheFolder)?.looks[1]).toBe(statSync(join(root, 'a.py')).mtimeMs);
  });

  it('is private, and made afresh when it is damaged', async () => {
    const root = writeTree(newFolder(), { 'a.py': '1' });
    const cacheFolder = newFolder();
    const { digest } = await scan(root, { cacheFolder, ...later });
    const [name = ''] = readdirSync(join(cacheFolder, 'packing'));
    const path = join(cacheFolder, 'packing', name);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const whole = readFileSync(path);
    for (let at = 0; at < whole.length; at += 7) {
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] ?? 0) ^ 0xff;
      writeFileSync(path, damaged);
      expect((await scan(root, { cacheFolder, ...later })).digest).toBe(digest);
    }
    for (const damage of ['', '{', whole.subarray(0, whole.length - 1), whole.subarray(0, 30), '\0\xff']) {
      writeFileSync(path, damage);
      expect((await scan(root, { cacheFolder, ...later })).digest).toBe(digest);
      expect(recordOf(cacheFolder)?.about.digest).toBe(digest);
    }
  });

  it('costs nothing but reading again where it cannot be written', async () => {
    const root = writeTree(newFolder(), { 'a.py': '1' });
    const inTheWay = join(newFolder(), 'file');
    writeFileSync(inTheWay, '');
    const { digest } = await scan(root, { cacheFolder: join(inTheWay, 'cache'), ...later });
    expect(digest).toBe((await scan(root)).digest);
  });

  it('follows rules from outside the tree, and what Git tracks', async () => {
    const top = writeTree(newFolder(), {
      'in/a.log': '',
      'in/b.py': '',
      'in/sub/.gitignore': 'x\n',
      'in/sub/x': '',
    });
    const root = join(top, 'in');
    git(top, ['init', '--quiet']);
    const cacheFolder = newFolder();
    const paths = async () => {
      const remembered = await scan(root, { cacheFolder, ...later });
      expect(remembered.digest).toBe((await scan(root)).digest);
      return remembered.listing.entries.map(({ path }) => path);
    };
    expect(await paths()).toEqual(['a.log', 'b.py', 'sub/.gitignore']);
    writeFileSync(join(top, '.gitignore'), '*.log\n');
    expect(await paths()).toEqual(['b.py', 'sub/.gitignore']);
    git(top, ['add', '--force', 'in/a.log']);
    expect(await paths()).toEqual(['a.log', 'b.py', 'sub/.gitignore']);
    writeFileSync(join(root, 'sub/.gitignore'), 'y\n');
    expect(await paths()).toEqual(['a.log', 'b.py', 'sub/.gitignore', 'sub/x']);
    writeFileSync(join(root, '.aichorignore'), 'sub\n');
    expect(await paths()).toEqual(['.aichorignore', 'a.log', 'b.py']);
  });

  it('says where the directory stands in its repository, also when nothing is read', async () => {
    const root = writeTree(newFolder(), { 'a.py': '1', 'sub/b.py': '2' });
    const cacheFolder = newFolder();
    const state = async (folder = root) => {
      const remembered = await scan(folder, { cacheFolder, ...later });
      expect(remembered.git).toEqual((await scan(folder)).git);
      return remembered.git;
    };
    expect(await state()).toBeNull();
    git(root, ['init', '--quiet', '--initial-branch=main']);
    expect(await state()).toBeNull();
    const commit = () => {
      git(root, ['add', '--all']);
      git(root, ['-c', 'user.name=a', '-c', 'user.email=a@example.org', 'commit', '--quiet', '--message=x']);
      return git(root, ['rev-parse', 'HEAD']).trim();
    };
    const first = commit();
    expect(await state()).toEqual({ commit_sha: first, branch: 'main', dirty: false });
    expect(await state()).toEqual({ commit_sha: first, branch: 'main', dirty: false });
    writeFileSync(join(root, 'a.py'), '3');
    expect(await state()).toEqual({ commit_sha: first, branch: 'main', dirty: true });
    expect(await state(join(root, 'sub'))).toEqual({ commit_sha: first, branch: 'main', dirty: false });
    const second = commit();
    expect(await state()).toEqual({ commit_sha: second, branch: 'main', dirty: false });
    writeFileSync(join(root, 'new.py'), '');
    expect(await state()).toMatchObject({ dirty: true });
    rmSync(join(root, 'new.py'));
    expect(await state()).toMatchObject({ dirty: false });
    git(root, ['checkout', '--quiet', '--detach']);
    expect(await state()).toEqual({ commit_sha: second, branch: null, dirty: false });
    git(root, ['reset', '--quiet', '--soft', first]);
    expect(await state()).toEqual({ commit_sha: first, branch: null, dirty: true });
    writeFileSync(join(root, '.aichorignore'), '');
    git(root, ['checkout', '--quiet', '-b', 'other']);
    expect(await state()).toEqual({ commit_sha: first, branch: 'other', dirty: true });
  });

  const name = fc.constantFrom('a', 'b', 'c.py', 'ä', '.gitignore', 'd/e', 'd/f', 'd/g/h');
  const content = fc.constantFrom('', '1', '22', 'b\n', 'd/\n', '*.py\n');
  const change = fc.oneof(
    fc.record({ what: fc.constant('write' as const), name, content }),
    fc.record({ what: fc.constant('save' as const), name, content }),
    fc.record({ what: fc.constant('append' as const), name, content }),
    fc.record({ what: fc.constant('remove' as const), name, content }),
    fc.record({ what: fc.constant('chmod' as const), name, content }),
    fc.record({ what: fc.constant('link' as const), name, content }),
    fc.record({ what: fc.constant('folder' as const), name, content }),
  );

  /** Does what it can; what is in the way is removed. */
  function apply(
    root: string,
    { what, name: at, content: text }: { what: string; name: string; content: string },
  ) {
    const path = join(root, at);
    const above = join(path, '..');
    if (existsSync(above) && !statSync(above).isDirectory()) rmSync(above);
    mkdirSync(above, { recursive: true });
    const isFile = existsSync(path) && statSync(path).isFile();
    if (what === 'append' && isFile) return appendFileSync(path, text);
    if (what === 'chmod' && isFile) return chmodSync(path, text === '' ? 0o644 : 0o755);
    if (what === 'save' && isFile) {
      // As many editors do: written beside it and renamed.
      writeFileSync(`${path}~`, text);
      return renameSync(`${path}~`, path);
    }
    if (what === 'write' && isFile) return writeFileSync(path, text);
    rmSync(path, { recursive: true, force: true });
    if (what === 'remove') return;
    if (what === 'link') return symlinkSync(text === '' ? 'a' : 'b', path);
    if (what === 'folder') return mkdirSync(path);
    writeFileSync(path, text);
  }

  it('never hides a change, whatever was done, and says what differs', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(change, { maxLength: 3 }), { maxLength: 5 }), async (rounds) => {
        const root = newFolder();
        const cacheFolder = newFolder();
        let before = await scan(root, { cacheFolder, ...later });
        for (const changes of rounds) {
          for (const each of changes) apply(root, each);
          const remembered = await scan(root, { cacheFolder, ...later });
          const fresh = await scan(root);
          expect(remembered.digest).toBe(fresh.digest);
          expect(remembered.listing).toEqual(fresh.listing);
          expect([remembered.bytes, remembered.files]).toEqual([fresh.bytes, fresh.files]);
          const difference = remembered.difference();
          if (difference) {
            const patched = new Map(before.listing.entries.map((entry) => [entry.path, entry]));
            for (const line of difference.lines.trimEnd().split('\n')) {
              const { path, entry } = parseWireLine(line) ?? { path: '', entry: null };
              if (entry) patched.set(path, entry);
              else expect(patched.delete(path)).toBe(true);
            }
            expect(difference.base).toBe(before.digest);
            const all = [...patched.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
            expect(all).toEqual(fresh.listing.entries);
          }
          before = remembered;
        }
      }),
      { numRuns: 60 },
    );
  });
});
