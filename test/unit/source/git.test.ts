import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fetchCommit, originOf, resolveCommit, type FetchOptions } from '../../../src/source/git.ts';
import { maskCredentials } from '../../../src/source/mask.ts';
import { isPath, repositoryHost, repositorySlug } from '../../../src/source/repository.ts';
import { runGit } from '../../../src/source/run-git.ts';

const root = mkdtempSync(join(tmpdir(), 'aichor-git-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A user of Git of whom this machine knows nothing else. */
const env = {
  PATH: process.env['PATH'],
  HOME: join(root, 'home'),
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'ada@example.org',
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'ada@example.org',
  GIT_CONFIG_NOSYSTEM: '1',
};

function git(directory: string, ...args: string[]): string {
  return execFileSync('git', ['-c', 'protocol.file.allow=always', ...args], {
    cwd: directory,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim();
}

function commit(directory: string, name: string, content: string, message: string): string {
  writeFileSync(join(directory, name), content);
  git(directory, 'add', '--all');
  git(directory, 'commit', '--quiet', '-m', message);
  return git(directory, 'rev-parse', 'HEAD');
}

const origin = join(root, 'ada', 'train.git');
const clone = join(root, 'clone');
let first: string;
let second: string;
let onSide: string;

beforeAll(() => {
  for (const folder of [env.HOME, origin]) mkdirSync(folder, { recursive: true });
  git(origin, 'init', '--quiet', '--bare', '-b', 'main');
  git(root, 'clone', '--quiet', origin, clone);
  git(clone, 'checkout', '--quiet', '-b', 'main');
  first = commit(clone, 'train.py', 'print(1)\n', 'First\n\nWith a body.');
  git(clone, 'tag', '-a', 'v1', '-m', 'release');
  second = commit(clone, 'train.py', 'print(2)\n', 'Second');
  git(clone, 'checkout', '--quiet', '-b', 'side');
  onSide = commit(clone, 'side.py', 'print(3)\n', 'On the side');
  git(clone, 'push', '--quiet', '--tags', 'origin', 'main', 'side');
  git(clone, 'checkout', '--quiet', 'main');
});

function fetching(sha: string, options: Partial<FetchOptions> = {}): FetchOptions {
  const directory = join(mkdtempSync(join(root, 'out-')), 'tree');
  return {
    repository: origin,
    sha,
    depth: 1,
    submodules: 'false',
    includeDotGit: false,
    directory,
    env,
    ...options,
  };
}

describe('originOf', () => {
  it('is the URL or absolute path of origin, from any folder of the clone', async () => {
    mkdirSync(join(clone, 'below'), { recursive: true });
    expect(await originOf(join(clone, 'below'), env)).toBe(origin);
    git(clone, 'remote', 'set-url', 'origin', '../clone/../ada/train.git');
    expect(await originOf(clone, env)).toBe(origin);
    git(clone, 'remote', 'set-url', 'origin', origin);
  });

  it.each([
    ['no repository', () => root],
    ['no origin', () => (git(root, 'init', '--quiet', 'lonely'), join(root, 'lonely'))],
  ])('refuses a directory with %s', async (_, directory) => {
    await expect(originOf(directory(), env)).rejects.toMatchObject({
      code: 'repository_invalid',
      hint: expect.any(String),
    });
  });

  it('says that a directory does not exist, and that there is no Git', async () => {
    await expect(originOf(join(root, 'nowhere'), env)).rejects.toMatchObject({ code: 'usage' });
    await expect(originOf(clone, { ...env, PATH: join(root, 'nowhere') })).rejects.toMatchObject({
      code: 'engine_unavailable',
    });
  });
});

describe('resolveCommit', () => {
  it('finds branches, tags and short SHAs, in the clone and at the origin alike', async () => {
    for (const repoDir of [clone, null]) {
      const resolve = (ref: string) => resolveCommit({ repoDir, repository: origin, ref, env });
      expect(await resolve('main')).toBe(second);
      expect(await resolve('side')).toBe(onSide);
      expect(await resolve('v1')).toBe(first);
      expect(await resolve(first.slice(0, 9))).toBe(first);
      expect(await resolve(second)).toBe(second);
    }
  });

  it('prefers what the clone says to what the origin says', async () => {
    const ahead = join(root, 'ahead');
    git(root, 'clone', '--quiet', '-b', 'main', origin, ahead);
    const local = commit(ahead, 'more.py', '', 'Not pushed');
    expect(await resolveCommit({ repoDir: ahead, repository: origin, ref: 'main', env })).toBe(local);
  });

  it('gives the reason of Git for what is not there', async () => {
    const unknown = resolveCommit({ repoDir: clone, repository: origin, ref: 'no-such-branch', env });
    await expect(unknown).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringContaining('Needed a single revision'),
    });
    const nowhere = resolveCommit({ repository: join(root, 'gone.git'), ref: 'main', env });
    await expect(nowhere).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringContaining('gone.git'),
    });
  });

  it('refuses a name with two meanings', async () => {
    const both = join(root, 'both');
    git(root, 'clone', '--quiet', '-b', 'main', origin, both);
    git(both, 'tag', 'main', first);
    await expect(
      resolveCommit({ repoDir: both, repository: origin, ref: 'main', env }),
    ).rejects.toMatchObject({ code: 'ambiguous' });
  });

  it('refuses a short SHA of several commits', async () => {
    const many = join(root, 'many');
    git(root, 'init', '--quiet', '-b', 'main', many);
    const stream = Array.from(
      { length: 1500 },
      (_, index) => `commit refs/heads/main\ncommitter A <a@b> ${index} +0000\ndata 1\nx\n`,
    );
    execFileSync('git', ['fast-import', '--quiet'], { cwd: many, env, input: stream.join('') });
    const shas = git(many, 'log', '--format=%H', 'main').split('\n').sort();
    const twin = shas.find((sha, index) => shas[index + 1]?.slice(0, 4) === sha.slice(0, 4));
    const ambiguous = resolveCommit({
      repoDir: many,
      repository: many,
      ref: twin?.slice(0, 4) ?? 'none',
      env,
    });
    await expect(ambiguous).rejects.toMatchObject({
      code: 'ambiguous',
      message: expect.stringContaining('ambiguous'),
    });
  });

  it('takes steps back from a name, as the clone knows them', async () => {
    const asked = (ref: string) => resolveCommit({ repoDir: clone, repository: origin, ref, env });
    const head = await asked('HEAD');
    expect(await asked('@')).toBe(head);
    expect(await asked('@~0')).toBe(head);
    expect(await asked('HEAD^0')).toBe(head);
    await expect(asked('HEAD~99')).rejects.toMatchObject({ code: 'not_found' });
  });

  it.each([
    '-x',
    '--upload-pack=touch pwned',
    'a..b',
    'main@{1}',
    ':/fix',
    '-x~1',
    'main@{1}~1',
    'main^{/x}',
    '',
    'a b',
    'a:b',
  ])('refuses %j', async (ref) => {
    await expect(resolveCommit({ repoDir: clone, repository: origin, ref, env })).rejects.toMatchObject({
      code: 'usage',
    });
  });

  it.each(['--upload-pack=touch pwned', 'ext::sh -c touch% pwned', ''])(
    'refuses the repository %j',
    async (repository) => {
      await expect(resolveCommit({ repository, ref: 'main', env })).rejects.toMatchObject({ code: 'usage' });
      await expect(fetchCommit(fetching(first, { repository }))).rejects.toMatchObject({ code: 'usage' });
    },
  );
});

describe('fetchCommit', () => {
  it('lays out exactly that commit and tells its facts', async () => {
    const options = fetching(first, { branch: 'main' });
    const { sha, facts } = await fetchCommit(options);
    expect(sha).toBe(first);
    expect(readdirSync(options.directory)).toEqual(['train.py']);
    expect(readFileSync(join(options.directory, 'train.py'), 'utf8')).toBe('print(1)\n');
    expect(facts).toEqual({
      VCS_REPOSITORY: 'ada/train',
      VCS_REF_NAME: 'main',
      VCS_SHA: first,
      VCS_SHA_SHORT: first.slice(0, 7),
      VCS_AUTHOR_NAME: 'Ada',
      VCS_AUTHOR_EMAIL: 'ada@example.org',
      VCS_COMMIT_MESSAGE: 'First\n\nWith a body.',
      VCS_COMMIT_MESSAGE_SHORT: 'First',
    });
  });

  it('keeps the history that was asked for, and no credentials, with includeDotGit', async () => {
    const shallow = fetching(second, { includeDotGit: true });
    await fetchCommit(shallow);
    expect(git(shallow.directory, 'rev-list', '--count', 'HEAD')).toBe('1');
    const whole = fetching(second, { includeDotGit: true, depth: null });
    await fetchCommit(whole);
    expect(git(whole.directory, 'rev-list', '--count', 'HEAD')).toBe('2');
    expect(existsSync(join(whole.directory, '.git', 'FETCH_HEAD'))).toBe(false);
    expect(git(whole.directory, 'status', '--porcelain')).toBe('');
  });

  it('finds a commit where the origin gives none out by SHA', async () => {
    const deaf = join(root, 'deaf.git');
    git(root, 'clone', '--quiet', '--bare', origin, deaf);
    const old = {
      ...env,
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'protocol.version',
      GIT_CONFIG_VALUE_0: '0',
    };
    for (const branch of ['main', null]) {
      const options = fetching(first, { repository: deaf, branch, env: old });
      await fetchCommit(options);
      expect(readFileSync(join(options.directory, 'train.py'), 'utf8')).toBe('print(1)\n');
    }
  });

  it('leaves nothing behind when the commit or the repository is not there', async () => {
    const missing = fetching('0123456789012345678901234567890123456789');
    await expect(fetchCommit(missing)).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringContaining('not our ref'),
    });
    const gone = fetching(first, { repository: join(root, 'gone.git') });
    await expect(fetchCommit(gone)).rejects.toMatchObject({ code: 'not_found' });
    for (const { directory } of [missing, gone]) expect(readdirSync(join(directory, '..'))).toEqual([]);
  });

  it('runs no hook and no file system monitor that the settings name', async () => {
    const trap = join(root, 'trap');
    git(root, 'clone', '--quiet', '-b', 'main', origin, trap);
    const proof = join(root, 'pwned');
    const script = `#!/bin/sh\ntouch ${proof}\n`;
    mkdirSync(join(env.HOME, 'hooks'), { recursive: true });
    writeFileSync(join(env.HOME, 'hooks', 'post-checkout'), script, { mode: 0o755 });
    writeFileSync(
      join(env.HOME, '.gitconfig'),
      `[core]\nhooksPath = ${join(env.HOME, 'hooks')}\nfsmonitor = ${join(env.HOME, 'hooks', 'post-checkout')}\n`,
    );
    await fetchCommit(fetching(second, { repository: trap }));
    rmSync(join(env.HOME, '.gitconfig'));
    expect(existsSync(proof)).toBe(false);
  });

  it('brings submodules when asked to, and only reads local ones for a local repository', async () => {
    const part = join(root, 'part');
    git(root, 'init', '--quiet', '-b', 'main', part);
    commit(part, 'part.py', 'part\n', 'Part');
    const whole = join(root, 'whole');
    git(root, 'init', '--quiet', '-b', 'main', whole);
    git(whole, 'submodule', '--quiet', 'add', part, 'lib');
    const sha = commit(whole, 'main.py', 'main\n', 'Whole');
    const without = fetching(sha, { repository: whole });
    await fetchCommit(without);
    expect(readdirSync(join(without.directory, 'lib'))).toEqual([]);
    const options = fetching(sha, { repository: whole, submodules: 'recursive' });
    await fetchCommit(options);
    expect(readdirSync(join(options.directory, 'lib'))).toEqual(['part.py']);
    expect(readdirSync(options.directory).sort()).toEqual(['.gitmodules', 'lib', 'main.py']);
  });

  it('says that a filter did not work', async () => {
    const large = join(root, 'large');
    git(root, 'init', '--quiet', '-b', 'main', large);
    commit(large, '.gitattributes', '*.bin filter=crypt\n', 'Attributes');
    git(large, 'config', 'filter.crypt.clean', 'cat');
    const sha = commit(large, 'm.bin', 'x', 'Filtered');
    const home = join(root, 'with-filter');
    mkdirSync(home);
    writeFileSync(join(home, '.gitconfig'), '[filter "crypt"]\n\tsmudge = false\n\trequired = true\n');
    const options = fetching(sha, {
      repository: large,
      env: { ...env, HOME: home, GIT_CONFIG_NOSYSTEM: '1' },
    });
    await expect(fetchCommit(options)).rejects.toMatchObject({
      message: expect.stringContaining('filter'),
      hint: expect.stringContaining('git lfs pull'),
    });
  });

  it.each([
    ['fatal: write error: No space left on device', true],
    ['fatal: remote error: upload-pack: No space left on device', false],
    ['remote: fatal: write error: No space left on device', false],
  ])('tells its own disk from that of the origin: %s', async (said, isOwn) => {
    const programs = mkdtempSync(join(root, 'programs-'));
    writeFileSync(join(programs, 'git'), '#!/bin/sh\necho "$SAID" >&2\nexit 128\n', { mode: 0o755 });
    const path = `${programs}:${env.PATH}`;
    const result = await runGit(['fetch'], { env: { ...env, PATH: path, SAID: said } }).catch(
      (error: unknown) => error,
    );
    expect(result).toMatchObject(isOwn ? { code: 'server_error' } : { ok: false });
  });

  it('stops when it is told to', async () => {
    const options = fetching(first, { signal: AbortSignal.abort() });
    await expect(fetchCommit(options)).rejects.toMatchObject({ code: 'interrupted' });
    expect(readdirSync(join(options.directory, '..'))).toEqual([]);
  });
});

describe('addresses', () => {
  it.each([
    ['https://github.com/ada/train.git', false, 'ada/train', 'github'],
    ['git@gitlab.example.org:team/sub/train.git', false, 'sub/train', 'gitlab'],
    ['ssh://git@host.example:22/ada/train', false, 'ada/train', null],
    ['/srv/git/ada/train.git/', true, 'ada/train', null],
    ['../github/train', true, 'github/train', null],
  ])('%s', (repository, path, slug, host) => {
    expect([isPath(repository), repositorySlug(repository), repositoryHost(repository)]).toEqual([
      path,
      slug,
      host,
    ]);
  });

  it('never show a password', async () => {
    expect(maskCredentials("fatal: unable to access 'https://ada:s3cret@host/x.git/'")).toBe(
      "fatal: unable to access 'https://***@host/x.git/'",
    );
    const repository = 'http://ada:s3cret@127.0.0.1:1/x.git';
    const failure = await fetchCommit(fetching(first, { repository })).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'not_found', message: expect.stringContaining('***@') });
    expect(String(failure)).not.toContain('s3cret');
  });
});
