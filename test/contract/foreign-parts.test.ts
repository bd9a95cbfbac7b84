/** Parts of a commit that lie elsewhere: files of Git LFS, submodules; and what their hosts are shown. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { reachedBy } from '../../src/server/projects/reached.ts';
import { createCommitSource, lfsFor } from '../../src/server/submission/commit/commits.ts';
import { assertAllowed, fetchCommit } from '../../src/source/git.ts';
import { startGitServer, type GitServer } from '../fakes/git-server.ts';
import { createTestPlane, FILES, type TestPlane } from './control-plane.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const TOKEN = 'canary-parts-token-3b';
const WEIGHTS = 'weights '.repeat(1000);
const OID = createHash('sha256').update(WEIGHTS).digest('hex');
const POINTER = `version https://git-lfs.github.com/spec/v1\noid sha256:${OID}\nsize ${WEIGHTS.length}\n`;

const hasLfs = spawnSync('git', ['lfs', 'version'], { stdio: 'ignore' }).status === 0;
if (!hasLfs) process.stderr.write('skipped: files of Git LFS, because git-lfs is not installed\n');

let t: TestPlane;
let origin: GitServer;
let other: GitServer;

beforeEach(async () => {
  const objects = new Map([[OID, WEIGHTS]]);
  other = await startGitServer({ lfs: { objects } });
  const from = () => new URL(other.url).origin;
  origin = await startGitServer({ basic: `git:${TOKEN}`, lfs: { objects, from } });
  t = await createTestPlane({ commits: createCommitSource(process.env) });
  const { status, body } = await t.call('POST', '/projects', {
    ...{ name: 'p', engines: ['local'], repository: origin.url, allow_inner_addresses: true },
    ...{ git: { kind: 'token', token: TOKEN } },
  });
  if (status !== 201) throw new Error(JSON.stringify(body));
});
afterEach(async () => {
  await t.close();
  origin.close();
  other.close();
});

const submit = () =>
  t.call('POST', '/experiments', {
    source: { kind: 'commit', repository: origin.url, commit_sha: 'main' },
    project: 'p',
  });

describe.skipIf(!hasLfs)('a file of Git LFS', () => {
  it('is the file itself, and the host that it comes from sees no token', async () => {
    origin.commit({ ...FILES, '.gitattributes': '*.bin filter=lfs -text\n', 'w.bin': POINTER }, 'with lfs');
    other.seen.length = 0;
    const { status, body } = await submit();
    expect(status, JSON.stringify(body)).toBe(201);
    const { context } = await t.engine.started(body.experiment_id);
    expect(context.snapshot.sizeOf(OID)).toBe(WEIGHTS.length);
    expect(other.seen.length).toBeGreaterThan(0);
    expect(JSON.stringify(other.seen)).not.toContain(Buffer.from(`git:${TOKEN}`).toString('base64'));
  });

  it('is asked for where the repository is, whatever its commit says', async () => {
    const lure = `[lfs]\n\turl = ${other.url}/info/lfs\n`;
    const attributes = { '.gitattributes': '*.bin filter=lfs -text\n', 'w.bin': POINTER, '.lfsconfig': lure };
    origin.commit({ ...FILES, ...attributes }, 'with a lure');
    const { status, body } = await submit();
    expect(status, JSON.stringify(body)).toBe(201);
    expect(origin.seen.some(({ accept }) => accept?.includes('git-lfs'))).toBe(true);
    expect(other.seen.some(({ accept }) => accept?.includes('git-lfs'))).toBe(false);
  });
});

describe.skipIf(!hasLfs)('files of Git LFS, where its client is set up for everything', () => {
  const isOfLfs = ({ accept }: GitServer['seen'][number]) => accept?.includes('git-lfs') === true;
  const withLfs = { '.gitattributes': '*.bin filter=lfs -text\n', 'w.bin': POINTER };
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'aichor-parts-'));
    const everywhere = '[filter "lfs"]\n\tprocess = git-lfs filter-process\n\trequired = true\n';
    await writeFile(join(folder, '.gitconfig'), everywhere);
    other.commit({ ...FILES, ...withLfs }, 'with lfs');
    other.seen.length = 0;
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function fetched(from: GitServer, path: string, lfs: 'all' | 'own' | 'none'): Promise<string> {
    const directory = join(folder, lfs);
    await fetchCommit({
      ...{ repository: from.url, sha: from.git('rev-parse', 'HEAD'), depth: 1, submodules: 'true' },
      ...{ includeDotGit: false, directory, lfs, env: { ...process.env, HOME: folder } },
    });
    return readFile(join(directory, path), 'utf8');
  }

  it('stay pointers of a repository that anybody names: nobody is asked for them', async () => {
    expect(await fetched(other, 'w.bin', 'none')).toBe(POINTER);
    expect(other.seen.filter(isOfLfs)).toEqual([]);
    expect(await fetched(other, 'w.bin', 'own')).toBe(WEIGHTS);
  });

  it('stay pointers in submodules of one that an admin has named', async () => {
    const outer = await startGitServer();
    try {
      outer.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', other.path, 'sub');
      outer.git('config', '--file', '.gitmodules', 'submodule.sub.url', other.url);
      outer.commit(FILES, 'with a submodule');
      other.seen.length = 0;
      expect(await fetched(outer, 'sub/w.bin', 'own')).toBe(POINTER);
      expect(other.seen.filter(isOfLfs)).toEqual([]);
      expect(await fetched(outer, 'sub/w.bin', 'all')).toBe(WEIGHTS);
    } finally {
      outer.close();
    }
  });

  it.each([
    ['the server’s own user', 'none', { isOwner: true }, 'all'],
    ['somebody else', 'none', { isOwner: false }, 'none'],
    ['somebody else, of a project that may reach inner addresses', 'p', { isOwner: false }, 'all'],
  ])('for %s', (_who, project, caller, lfs) => {
    expect(lfsFor(reachedBy(t.plane, { repository: origin.url, project, caller }).access)).toBe(lfs);
  });

  it('for a project that may not', async () => {
    const { access } = reachedBy(t.plane, {
      ...{ repository: origin.url, project: 'p', caller: { isOwner: false } },
    });
    expect(lfsFor(access && { ...access, inner: false })).toBe('own');
  });
});

describe('submodules', () => {
  /** Adds one, whose address is written as it is given. */
  const add = (to: GitServer, of: GitServer, path: string, url = of.url) => {
    to.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', of.path, path);
    to.git('config', '--file', '.gitmodules', `submodule.${path}.url`, url);
  };

  it('of submodules come too, each from where it is, and only the repository’s host sees the token', async () => {
    const inner = await startGitServer();
    try {
      inner.commit({ 'deep.py': '' }, 'deepest');
      add(other, inner, 'deep');
      other.commit({ 'x.py': '' }, 'theirs');
      add(origin, other, 'sub');
      const manifest = `${FILES['manifest.yaml']}clone:\n  submodules: recursive\n`;
      origin.commit({ ...FILES, 'manifest.yaml': manifest }, 'with submodules');
      const { status, body } = await submit();
      expect(status, JSON.stringify(body)).toBe(201);
      const { context } = await t.engine.started(body.experiment_id);
      expect(context.snapshot.paths()).toEqual(expect.arrayContaining(['sub/x.py', 'sub/deep/deep.py']));
      for (const { seen } of [other, inner]) {
        expect(seen.length).toBeGreaterThan(0);
        expect(seen.every(({ authorization }) => authorization === undefined)).toBe(true);
      }
    } finally {
      inner.close();
    }
  });

  it('whose address may not be connected to are not asked', async () => {
    other.commit({ 'x.py': '' }, 'theirs');
    add(origin, other, 'sub');
    const sha = origin.commit(FILES, 'with a submodule');
    other.seen.length = 0;
    const folder = await mkdtemp(join(tmpdir(), 'aichor-parts-'));
    const judged: string[] = [];
    const clone = fetchCommit({
      ...{ repository: origin.path, sha, depth: 1, submodules: 'recursive', includeDotGit: false },
      directory: join(folder, 'clone'),
      judge: async (url) => {
        judged.push(url);
        await assertAllowed(url, { local: false, inner: false });
      },
    });
    await expect(clone).rejects.toMatchObject({ code: 'forbidden' });
    expect(judged).toEqual([other.url]);
    expect(other.seen).toEqual([]);
    await rm(folder, { recursive: true, force: true });
  });
});
