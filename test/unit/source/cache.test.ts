/** Repositories that the server keeps between clones: what comes of a commit is the same with and without. */
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemErrorCode } from '../../../src/errors.ts';
import type { Clone } from '../../../src/manifest/manifest.ts';
import type { CommitFiles, CommitSource } from '../../../src/server/ports.ts';
import { filesOfCommit } from '../../../src/server/submission/commit/from-commit.ts';
import { createCommitSource } from '../../../src/server/submission/commit/commits.ts';
import { createSnapshotStore, type SnapshotStore } from '../../../src/snapshot/store/store.ts';
import type { Access } from '../../../src/source/access.ts';
import { runGit } from '../../../src/source/run-git.ts';
import { startGitServer, type GitServer } from '../../fakes/git-server.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const TOKEN = 'ada:canary-cache-3c1f';
const canMount = mayMount();
if (!canMount)
  process.stderr.write('skipped: kept repositories on a full disk, because no disk can be mounted\n');
const PLAIN: Clone = { depth: 1, submodules: 'false', includeDotGit: false };
const env = { PATH: process.env['PATH'], HOME: tmpdir(), GIT_CONFIG_NOSYSTEM: '1' };

let server: GitServer;
let root: string;
let troubles: string[];
let commits: CommitSource;
let snapshots: SnapshotStore;

const folder = () => join(root, 'repositories');
/** Folders of repositories that are kept. */
const kept = () => (existsSync(folder()) ? readdirSync(folder()) : []);

async function open(mostBytes = 1e9): Promise<CommitSource> {
  const warn = (_: object, message: string) => void troubles.push(message);
  return createCommitSource(env, { folder: folder(), mostBytes, log: { warn } });
}

beforeEach(async () => {
  server = await startGitServer({ basic: TOKEN });
  server.git('remote', 'set-url', 'origin', server.path);
  root = mkdtempSync(join(tmpdir(), 'aichor-cache-'));
  troubles = [];
  commits = await open();
  snapshots = createSnapshotStore(join(root, 'data'));
});
afterEach(async () => {
  await commits.settled();
  server.close();
  rmSync(root, { recursive: true, force: true });
});

function access(given: Partial<Access> = {}): Access {
  const [user = '', token = ''] = TOKEN.split(':');
  const keys = { token: { user, token }, private_key: null, known_hosts: [] };
  return { holder: 'p1', local: false, inner: true, isNamed: true, ...keys, ...given };
}

async function taken<T>(
  sha: string,
  take: (files: CommitFiles) => Promise<T>,
  { by = access(), clone = PLAIN, from = commits }: { by?: Access; clone?: Clone; from?: CommitSource } = {},
): Promise<T> {
  const directory = await mkdtemp(join(root, 'clone-'));
  const signal = new AbortController().signal;
  const request = { repository: server.url, ref: sha, branch: 'main', access: by, clone, directory, signal };
  try {
    return await from.fetch(request, (_, files) => take(files));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The digest of the commit's snapshot. */
async function stored(sha: string, options: { by?: Access; from?: CommitSource } = {}): Promise<string> {
  const { by: who = access(), from = commits } = options;
  mkdirSync(join(root, 'data'), { recursive: true });
  const wanted = { kind: 'commit', repository: server.url, commit_sha: sha, branch: 'main' } as const;
  const signal = new AbortController().signal;
  const by = { commits: from, snapshots, folders: { data: join(root, 'data') } };
  const { files } = await filesOfCommit(by, { ...wanted, manifest_path: null, access: who, signal });
  return files.digest;
}

const withoutCache = () => createCommitSource(env);

describe('a commit out of a kept repository', () => {
  it.each<[string, 'listed' | 'directory', () => void]>([
    ['plain files', 'listed', () => undefined],
    [
      'links, empty files, programs, folders',
      'listed',
      () => {
        mkdirSync(join(server.work, 'a', 'b'), { recursive: true });
        writeFileSync(join(server.work, 'a', 'b', 'empty'), '');
        writeFileSync(join(server.work, 'run.sh'), '#!/bin/sh\n', { mode: 0o755 });
        execFileSync('ln', ['-s', '../run.sh', join(server.work, 'a', 'link')]);
        writeFileSync(join(server.work, 'größe 1.txt'), 'ü\r\n'.repeat(300_000));
        writeFileSync(join(server.work, 'same'), 'ü\r\n'.repeat(300_000));
        writeFileSync(join(server.work, '.gitattributes'), '*.txt text=auto\n*.bin binary\n');
      },
    ],
    [
      'a submodule that is not fetched',
      'listed',
      () => server.git('update-index', '--add', '--cacheinfo', `160000,${'c'.repeat(40)},lib`),
    ],
    [
      'line ends that a checkout changes',
      'directory',
      () => {
        writeFileSync(join(server.work, 'x.bat'), 'a\nb\n');
        writeFileSync(join(server.work, '.gitattributes'), '*.bat text eol=crlf\n');
      },
    ],
    [
      'a name that is no text',
      'directory',
      () =>
        execFileSync('sh', ['-c', `printf x > "$(printf 'caf\\351')"`], {
          cwd: server.work,
        }),
    ],
  ])('is what a checkout lays out: %s', async (_, kind, prepare) => {
    server.commit({ 'main.py': 'print(1)\n' }, 'first');
    prepare();
    const sha = server.commit({ 'more.py': 'print(2)\n' }, 'second');
    expect(await taken(sha, async (files) => files.kind)).toBe(kind);
    expect(await stored(sha)).toBe(await stored(sha, { from: withoutCache() }));
    expect(troubles).toEqual([]);
    expect(kept()).toHaveLength(1);
  });

  it('brings what is new of the next commit, and reads nothing twice', async () => {
    const large = Array.from({ length: 40_000 }, () => Math.random()).join();
    const first = server.commit({ 'large.txt': large, 'main.py': '1' }, 'first');
    await stored(first);
    const second = server.commit({ 'main.py': '2' }, 'second');
    const before = server.sent;
    expect(await stored(second)).toBe(await stored(second, { from: withoutCache() }));
    const withCache = await bytesOf(() => stored(second));
    expect(server.sent - before).toBeGreaterThan(large.length / 3);
    expect(withCache).toBeLessThan(10_000);
    // The objects are here, and the contents in the store: of what is large nothing is read again.
    const contents = await taken(second, async (files) => {
      if (files.kind !== 'listed') throw new Error('laid out');
      return (await snapshots.announce(files.listing)).missing;
    });
    expect(contents).toEqual([]);
  });

  it.each([1, 2, 3])('has the history that was asked for: %i', async (depth) => {
    const clone: Clone = { depth, submodules: 'false', includeDotGit: true };
    const shas = ['1', '2', '3', '4'].map((text) => server.commit({ 'main.py': text }, text));
    const seen: string[] = [];
    for (const sha of [shas[3], shas[2], shas[3], shas[1]])
      seen.push(
        await taken(
          String(sha),
          async (files) => {
            if (files.kind !== 'directory') throw new Error('not laid out');
            const git = (...args: string[]) =>
              execFileSync('git', ['-C', files.directory, ...args], { encoding: 'utf8' }).trim();
            expect(existsSync(join(files.directory, '.git', 'objects', 'info', 'alternates'))).toBe(false);
            expect(git('fsck')).toBe('');
            expect(git('status', '--porcelain')).toBe('');
            expect(git('rev-parse', 'HEAD')).toBe(sha);
            return git('rev-list', '--count', 'HEAD');
          },
          { clone },
        ),
      );
    const all = [4, 3, 4, 2];
    expect(seen).toEqual(all.map((count) => String(Math.min(depth, Number(count)))));
    expect(kept()).toHaveLength(1);
  });
});

async function bytesOf(work: () => Promise<unknown>): Promise<number> {
  const before = server.sent;
  await work();
  return server.sent - before;
}

describe('what is kept', () => {
  it('is given to nobody whom the origin refuses now, nor to another project', async () => {
    const sha = server.commit({ 'main.py': '1' }, 'first');
    await stored(sha);
    const wrong = { user: 'ada', token: 'revoked' };
    for (const holder of ['p1', 'p2', 'anybody'])
      await expect(stored(sha, { by: access({ holder, token: wrong }) })).rejects.toMatchObject({
        code: 'not_found',
        message: expect.stringMatching(/Authentication failed|could not read Username/),
      });
    expect(kept()).toHaveLength(1);
    await stored(sha, { by: access({ holder: 'p2' }) });
    expect(kept()).toHaveLength(2);
    await commits.forget('p2');
    expect(kept()).toHaveLength(1);
    // Nothing of the token is in it.
    const [secret = ''] = TOKEN.split(':').slice(1);
    const basic = Buffer.from(TOKEN).toString('base64');
    for (const name of readdirSync(folder(), { recursive: true, encoding: 'utf8' })) {
      const path = join(folder(), name);
      const text = execFileSync('sh', ['-c', 'cat "$0" 2>/dev/null || true', path], { encoding: 'latin1' });
      expect(text.includes(secret) || text.includes(basic)).toBe(false);
    }
  });

  it('is bounded: what was not used for longest goes, and nothing that is in use', async () => {
    const sha = server.commit({ 'main.py': '1' }, 'first');
    commits = await open(1);
    await taken(sha, async (files) => {
      expect(files.kind).toBe('listed');
      await stored(sha, { by: access({ holder: 'other' }) });
      await vi.waitFor(() => expect(kept()).toHaveLength(1), 30_000);
      if (files.kind === 'listed')
        for await (const chunk of files.contents(
          files.listing.entries.flatMap((e) => (e.kind === 'file' ? [e.sha256] : [])),
        ))
          expect(chunk.length).toBeGreaterThan(40);
    });
    await commits.settled();
    expect(kept()).toEqual([]);
    expect(troubles).toEqual([]);
  });

  it('and was left half-made by a killed server goes at the next start', async () => {
    const sha = server.commit({ 'main.py': '1' }, 'first');
    const digest = await stored(sha);
    await commits.settled();
    const [name = ''] = kept();
    mkdirSync(join(folder(), 'new-1', 'objects'), { recursive: true });
    writeFileSync(join(folder(), name, 'shallow.lock'), '');
    commits = await open();
    await commits.settled();
    expect(kept()).toEqual([]);
    expect(await stored(sha)).toBe(digest);
    expect(kept()).toEqual([name]);
    expect(troubles).toEqual([]);
  });

  it.each<[string, (repository: string) => void]>([
    ['a pack', (path) => spoil(join(path, 'objects', 'pack'), /\.pack$/)],
    ['an index of a pack', (path) => spoil(join(path, 'objects', 'pack'), /\.idx$/)],
    ['the list of what is cut off', (path) => writeFileSync(join(path, 'shallow'), 'nonsense\n')],
    ['its HEAD', (path) => writeFileSync(join(path, 'HEAD'), '')],
    ['all objects', (path) => rmSync(join(path, 'objects'), { recursive: true })],
    ['what is known of contents', (path) => spoil(path, /^known-contents$/)],
  ])('and is damaged is fetched anew: %s', async (_, damage) => {
    const first = server.commit({ 'main.py': '1'.repeat(5000), 'b.py': 'b'.repeat(3000) }, 'first');
    await stored(first);
    await commits.settled();
    damage(join(folder(), String(kept()[0])));
    snapshots = createSnapshotStore(join(root, 'fresh'));
    const second = server.commit({ 'main.py': `${'1'.repeat(5000)}2` }, 'second');
    for (const sha of [first, second, first])
      expect(await stored(sha)).toBe(await stored(sha, { from: withoutCache() }));
    const third = server.commit({ 'b.py': 'c'.repeat(2000) }, 'third');
    troubles = [];
    expect(await taken(third, async (files) => files.kind)).toBe('listed');
    expect(troubles).toEqual([]);
  });

  it('and is taken away while it is read is fetched anew', async () => {
    const sha = server.commit({ 'main.py': '1' }, 'first');
    let tries = 0;
    const take = async (files: CommitFiles) => {
      tries += 1;
      if (tries > 1) return files.kind;
      await commits.forget('p1');
      throw new Error('nothing is there any more');
    };
    expect([await taken(sha, take), tries]).toEqual(['listed', 2]);
    expect(kept()).toHaveLength(1);
    // What was wrong with something else is told.
    const wrong = async () => Promise.reject(new Error('the disk of the snapshots'));
    await expect(taken(sha, wrong)).rejects.toThrow('the disk of the snapshots');
  });

  it.skipIf(!canMount)('is not needed: a full disk', async () => {
    mkdirSync(folder());
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=700', 'tmpfs', folder()]);
    try {
      const small = server.commit({ 'main.py': '1' }, 'small');
      await stored(small);
      expect(kept()).toHaveLength(1);
      const bytes = randomBytes(3_000_000).toString('latin1');
      const sha = server.commit({ 'large.bin': bytes }, 'large');
      // What Git says is a lack of room, and nothing of the origin's.
      const git = await runGit(['clone', '--quiet', server.path, join(folder(), 'whole')]).catch(
        (error) => error,
      );
      expect([git.code, systemErrorCode(git.cause)]).toEqual(['server_error', 'ENOSPC']);
      expect(await stored(sha)).toBe(await stored(sha, { from: withoutCache() }));
      expect(troubles.join()).toContain('no room');
      await commits.settled();
      expect(kept()).toEqual([]);
    } finally {
      await commits.settled();
      execFileSync('umount', ['-l', folder()]);
    }
  });

  it('is not needed: where none can be kept, commits are cloned', async () => {
    writeFileSync(folder(), 'a file');
    const sha = server.commit({ 'main.py': '1' }, 'first');
    expect(await taken(sha, async (files) => files.kind)).toBe('directory');
    expect(troubles).not.toEqual([]);
  });
});

/** A disk of its own needs the right to mount one. */
function mayMount(): boolean {
  const place = mkdtempSync(join(tmpdir(), 'aichor-mount-'));
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', place]);
  if (status === 0) spawnSync('umount', [place]);
  rmSync(place, { recursive: true });
  return status === 0;
}

/** Turns bytes in the middle of a file around. */
function spoil(place: string, pattern: RegExp): void {
  for (const name of readdirSync(place).filter((each) => pattern.test(each))) {
    const bytes = readFileSync(join(place, name));
    for (let at = bytes.length >> 1; at < (bytes.length >> 1) + 8; at++) bytes[at] = 255 - (bytes[at] ?? 0);
    rmSync(join(place, name), { force: true });
    writeFileSync(join(place, name), bytes);
  }
}
