/** Files of Git LFS and submodules, of repositories that the server keeps: fetched once, and the same as without. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, readFile, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AichorError } from '../../../src/errors.ts';
import type { Clone } from '../../../src/manifest/manifest.ts';
import type { CommitSource } from '../../../src/server/ports.ts';
import { createCommitSource } from '../../../src/server/submission/commit/commits.ts';
import { fetchCommit } from '../../../src/source/fetch-commit.ts';
import { trimLargeFiles } from '../../../src/source/parts/large-files.ts';
import { startGitServer, type GitServer } from '../../fakes/git-server.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const hasLfs = spawnSync('git', ['lfs', 'version'], { stdio: 'ignore' }).status === 0;
if (!hasLfs) process.stderr.write('skipped: kept files of Git LFS, because git-lfs is not installed\n');
const env = { PATH: process.env['PATH'], HOME: tmpdir(), GIT_CONFIG_NOSYSTEM: '1' };
const large = (name: string) => {
  const text = `${name} `.repeat(1000);
  const oid = createHash('sha256').update(text).digest('hex');
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize ${text.length}\n`;
  return { text, oid, pointer };
};
const [WEIGHTS, MORE] = [large('weights'), large('more')];
const ATTRIBUTES = { '.gitattributes': '*.bin filter=lfs -text\n' };

let server: GitServer;
let other: GitServer;
let root: string;
let troubles: string[];
let commits: CommitSource;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'aichor-kept-parts-'));
  const objects = new Map([WEIGHTS, MORE].map(({ oid, text }) => [oid, text]));
  server = await startGitServer({ lfs: { objects } });
  other = await startGitServer();
  troubles = [];
  const warn = (_: object, message: string) => void troubles.push(message);
  commits = createCommitSource(env, {
    folder: join(root, 'repositories'),
    mostBytes: 1e9,
    log: { warn },
  });
});
afterEach(async () => {
  await commits.settled();
  server.close();
  other.close();
  rmSync(root, { recursive: true, force: true });
});

const kept = () => readdirSync(join(root, 'repositories')).toSorted();

/** Texts of the files of a commit, by path. */
async function filesOf(
  sha: string,
  {
    clone = {},
    holder = 'p1',
    from = commits,
  }: { clone?: Partial<Clone>; holder?: string; from?: CommitSource } = {},
): Promise<Record<string, string>> {
  const directory = await mkdtemp(join(root, 'clone-'));
  const access = {
    ...{ holder, local: false, inner: true, isNamed: true },
    ...{ token: null, private_key: null, known_hosts: [] },
  };
  const whole: Clone = { depth: 1, submodules: 'false', includeDotGit: false, ...clone };
  const signal = new AbortController().signal;
  const request = {
    repository: server.url,
    ref: sha,
    branch: 'main',
    access,
    clone: whole,
    directory,
    signal,
  };
  return from.fetch(request, async (_, files) => {
    if (files.kind !== 'directory') throw new Error('it was not laid out');
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    const texts = entries
      .filter((entry) => entry.isFile() && !entry.parentPath.includes('.git'))
      .map(async ({ parentPath, name }) => {
        const path = join(parentPath, name);
        return [path.slice(directory.length + 1), await readFile(path, 'utf8')] as const;
      });
    return Object.fromEntries(await Promise.all(texts));
  });
}

describe.skipIf(!hasLfs)('files of Git LFS', () => {
  const asked = () => server.seen.filter(({ accept }) => accept?.includes('git-lfs')).length;
  const first = () => server.commit({ ...ATTRIBUTES, 'w.bin': WEIGHTS.pointer }, 'first');
  const objectOf = (oid: string) => {
    const below = join(root, 'repositories', String(kept()[0]));
    const found = readdirSync(below, { recursive: true, encoding: 'utf8' }).find((name) =>
      name.endsWith(oid),
    );
    return join(below, String(found));
  };

  it('are fetched once for a project, and for each anew', async () => {
    expect(await filesOf(first())).toMatchObject({ 'w.bin': WEIGHTS.text });
    expect(asked()).toBeGreaterThan(0);
    server.seen.length = 0;
    const second = server.commit({ 'main.py': '2' }, 'second');
    expect(await filesOf(second)).toMatchObject({ 'w.bin': WEIGHTS.text, 'main.py': '2' });
    expect(asked()).toBe(0);
    expect(await filesOf(server.commit({ 'v.bin': MORE.pointer }, 'third'))).toMatchObject({
      ...{ 'w.bin': WEIGHTS.text, 'v.bin': MORE.text },
    });
    server.seen.length = 0;
    expect(await filesOf(second, { holder: 'p2' })).toMatchObject({ 'w.bin': WEIGHTS.text });
    expect(asked()).toBeGreaterThan(0);
    expect(troubles).toEqual([]);
  });

  it.each([
    ['another content of the same length', 'x'.repeat(WEIGHTS.text.length)],
    ['a part of it', WEIGHTS.text.slice(0, 100)],
  ])('are fetched anew where what is kept is %s', async (_, content) => {
    const sha = first();
    await filesOf(sha);
    await commits.settled();
    writeFileSync(objectOf(WEIGHTS.oid), content);
    expect(await filesOf(sha)).toMatchObject({ 'w.bin': WEIGHTS.text });
    expect(await readFile(objectOf(WEIGHTS.oid), 'utf8')).toBe(WEIGHTS.text);
  });

  it('stay with a repository that is submitted with its .git', async () => {
    const sha = first();
    await filesOf(sha);
    const clone = { includeDotGit: true };
    expect(await filesOf(sha, { clone })).toMatchObject({ 'w.bin': WEIGHTS.text });
  });

  it('go when they were not asked for the longest, and others take their place', async () => {
    await filesOf(first());
    await filesOf(server.commit({ 'w.bin': MORE.pointer }, 'second'));
    await commits.settled();
    const [old, last] = [objectOf(WEIGHTS.oid), objectOf(MORE.oid)];
    await filesOf(server.commit({ 'x.py': '' }, 'third'));
    await commits.settled();
    await trimLargeFiles(join(root, 'repositories', String(kept()[0])), statSync(last).size);
    expect([existsSync(old), existsSync(last)]).toEqual([false, true]);
  });
});

describe('submodules', () => {
  const add = (to: GitServer, of: GitServer, path: string, url = of.url) => {
    to.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', of.path, path);
    to.git('config', '--file', '.gitmodules', `submodule.${path}.url`, url);
  };
  const clone = { submodules: 'recursive' } as const;
  const noise = () => Array.from({ length: 20_000 }, () => Math.random()).join();

  it('are fetched once, those of theirs too, and are what Git itself lays out', async () => {
    const deepest = await startGitServer();
    try {
      const large = noise();
      deepest.commit({ 'large.txt': large }, 'deepest');
      add(other, deepest, 'deep');
      other.commit({ 'x.txt': large.slice(1) }, 'theirs');
      add(server, other, 'sub');
      const first = server.commit({ 'main.py': '1' }, 'first');
      const found = await filesOf(first, { clone });
      expect(found).toMatchObject({ 'sub/x.txt': large.slice(1), 'sub/deep/large.txt': large });
      expect(found).toEqual(await filesOf(first, { clone, from: createCommitSource(env) }));
      const before = other.sent + deepest.sent;
      const second = server.commit({ 'main.py': '2' }, 'second');
      expect(await filesOf(second, { clone })).toMatchObject({ ...found, 'main.py': '2' });
      expect(other.sent + deepest.sent - before).toBeLessThan(10_000);
      expect(kept()).toHaveLength(3);
      expect(await filesOf(second, { clone: { submodules: 'true' } })).not.toHaveProperty([
        'sub/deep/large.txt',
      ]);
      await filesOf(second, { clone, holder: 'p2' });
      expect(kept()).toHaveLength(6);
      expect(troubles).toEqual([]);
    } finally {
      deepest.close();
    }
  });

  it('that are the repository itself, or are not to be updated, are as Git has them', async () => {
    server.commit({ 'main.py': '0' }, 'before');
    other.commit({ 'x.txt': '' }, 'theirs');
    add(server, server, 'itself', './.');
    add(server, other, 'not');
    server.git('config', '--file', '.gitmodules', 'submodule.itself.url', '../repo.git');
    server.git('config', '--file', '.gitmodules', 'submodule.not.update', 'none');
    const sha = server.commit({ 'main.py': '1' }, 'first');
    const found = await filesOf(sha, { clone });
    expect(found).toMatchObject({ 'main.py': '1', 'itself/main.py': '0' });
    expect(found).toEqual(await filesOf(sha, { clone, from: createCommitSource(env) }));
    expect(found).not.toHaveProperty(['not/x.txt']);
  });

  it.each([false, true])(
    'beside the repository are judged by the host that they lead to (with .git: %s)',
    async (includeDotGit) => {
      other.commit({ 'x.txt': '' }, 'theirs');
      add(server, other, 'sub', `../../${other.url.replace('http://', '')}`);
      const judged: string[] = [];
      const fetching = fetchCommit({
        ...{ repository: server.url, sha: server.commit({ 'main.py': '1' }, 'first'), env },
        ...{ depth: 1, includeDotGit, submodules: 'true', directory: join(root, 'clone') },
        withKept: includeDotGit ? null : (_, work) => work(null),
        judge: async (url) => {
          judged.push(url);
          throw new AichorError('forbidden', 'not there');
        },
      });
      await expect(fetching).rejects.toMatchObject({ code: 'forbidden' });
      expect(judged).toEqual([other.url]);
      expect(other.seen).toEqual([]);
    },
  );

  it.each(['.', './'])('that are said to lie at %s are none', async (path) => {
    server.git('config', '--file', '.gitmodules', 'submodule.x.path', path);
    server.git('config', '--file', '.gitmodules', 'submodule.x.url', '../repo.git');
    const gitmodules = readFileSync(join(server.work, '.gitmodules'), 'utf8');
    const files = { 'main.py': '1', '.gitmodules': gitmodules };
    const sha = server.commit(files, 'first');
    expect(await filesOf(sha, { clone: { ...clone, includeDotGit: true } })).toEqual(files);
  });

  it('are fetched anew where what is kept is damaged', async () => {
    other.commit({ 'x.txt': noise() }, 'theirs');
    add(server, other, 'sub');
    const sha = server.commit({ 'main.py': '1' }, 'first');
    const found = await filesOf(sha, { clone });
    await commits.settled();
    for (const name of kept()) {
      const packs = join(root, 'repositories', name, 'objects', 'pack');
      for (const pack of readdirSync(packs).filter((each) => each.endsWith('.pack'))) {
        const bytes = readFileSync(join(packs, pack));
        chmodSync(join(packs, pack), 0o600);
        writeFileSync(join(packs, pack), bytes.fill(0, bytes.length >> 1, bytes.length - 20));
      }
    }
    expect(await filesOf(sha, { clone })).toEqual(found);
    expect(troubles).not.toEqual([]);
  });

  it('that their host does not have are told, with their repository', async () => {
    other.commit({ 'x.txt': '' }, 'theirs');
    add(server, other, 'sub');
    const sha = server.commit({ 'main.py': '1' }, 'first');
    server.git('update-index', '--cacheinfo', `160000,${'c'.repeat(40)},sub`);
    server.git('commit', '--quiet', '--message', 'gone');
    server.git('push', '--quiet', 'origin', 'main');
    const gone = server.git('rev-parse', 'HEAD');
    expect(gone).not.toBe(sha);
    await expect(filesOf(gone, { clone })).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringMatching(/^cannot fetch the submodules of .*: no commit c{40} in /),
    });
  });
});
