import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { readIfThere } from '../base/io/files.ts';
import { AichorError } from '../errors.ts';
import { commitFacts } from './commit-facts.ts';
import { maskCredentials } from './mask.ts';
import { lfsSettings } from './parts/large-files.ts';
import { checkOutSubmodules, type WithKept } from './parts/submodules.ts';
import { assertRepository, isPath } from './repository.ts';
import { assertRef, isSilence, unreachable } from './resolve-commit.ts';
import { runGit, type Env, type GitResult } from './run-git.ts';

export interface FetchOptions {
  repository: string;
  /** Full SHA. */
  sha: string;
  /** Where else to look for it when the origin does not give out commits by SHA; also told to the pods. */
  branch?: string | null | undefined;
  /** Commits of history (`clone.depth`); null: all. */
  depth: number | null;
  submodules: 'false' | 'true' | 'recursive';
  includeDotGit: boolean;
  /** Throws for a submodule's URL that may not be connected to; every one may, unless given. */
  judge?: ((url: string) => Promise<unknown>) | undefined;
  /** Files of Git LFS that are fetched; the others stay pointers: those of submodules too (unless given), the repository's own, none. */
  lfs?: 'all' | 'own' | 'none' | undefined;
  /** A bare repository of ours that has the commit with as much history: the origin is not asked for it then. */
  from?: string | null | undefined;
  /** The same for submodules, where no `.git` stays; null: each is cloned. */
  withKept?: WithKept | null | undefined;
  /** Made here; must not exist, or be empty. */
  directory: string;
  env?: Env | undefined;
  signal?: AbortSignal | undefined;
}

export interface LaidOutCommit {
  sha: string;
  /** `VCS_*` variables. */
  facts: Record<string, string>;
}

/**
 * Puts exactly one commit into a directory, whole or not at all. Throws AichorError `not_found` with Git's reason
 * when the repository cannot be read or does not have the commit.
 */
export async function fetchCommit(options: FetchOptions): Promise<LaidOutCommit> {
  assertRepository(options.repository);
  assertRef(options.sha);
  if (options.branch) assertRef(options.branch);
  const directory = resolve(options.directory);
  const beside = `${directory}.${randomUUID()}.tmp`;
  await mkdir(beside, { recursive: true, mode: 0o700 });
  try {
    const facts = await checkOut(beside, options.lfs === 'none' ? withoutLfs(options) : options);
    if (options.includeDotGit) await forgetCredentials(beside, options.repository);
    else await removeDotGit(beside, options.submodules !== 'false');
    await rename(beside, directory);
    return { sha: options.sha, facts };
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
}

async function checkOut(directory: string, options: FetchOptions): Promise<Record<string, string>> {
  const { repository, sha, branch = null, env, signal } = options;
  await layOut(directory, options);
  return commitFacts({ directory, sha, repository, branch, env, signal });
}

async function layOut(directory: string, options: FetchOptions): Promise<void> {
  const { repository, sha, env, signal } = options;
  const address = isPath(repository) ? resolve(repository) : repository;
  const git = (...args: string[]) => runGit(args, { directory, env, signal });
  const format = sha.length === 64 ? ['--object-format=sha256'] : [];
  must(await git('init', '--quiet', '--template=', ...format), 'make a repository');
  must(await git('remote', 'add', 'origin', address), 'name the origin');
  if (options.from) await takeObjects(directory, options.from, options);
  else await fetchObjects(directory, options);
  // A folder whose `.git` stays has its large files there, too.
  const kept = options.includeDotGit ? null : (options.from ?? null);
  const settings = await lfsSettings({ address, sha, kept }, { directory, env, signal });
  const checkout = ['checkout', '--quiet', '--detach', sha, '--'];
  must(await runGit(checkout, { directory, env, signal, settings }), `check out ${sha}`);
  await checkOutSubmodules(directory, options.lfs === 'own' ? withoutLfs(options) : options, layOut);
}

/** Its client may be set up for everything on this machine: then it is this that holds it back. */
function withoutLfs<Options extends Pick<FetchOptions, 'env'>>(options: Options): Options {
  return { ...options, env: { ...(options.env ?? process.env), GIT_LFS_SKIP_SMUDGE: '1' } };
}

/** Objects that stay are copied; those of a folder whose `.git` goes again are read where they are. */
async function takeObjects(directory: string, from: string, options: FetchOptions): Promise<void> {
  const { sha, depth, includeDotGit, env, signal } = options;
  if (includeDotGit) {
    const fetch = ['fetch', '--quiet', '--no-tags', ...(depth === null ? [] : [`--depth=${depth}`])];
    const settings = ['protocol.file.allow=always'];
    const fetched = await runGit([...fetch, '--', from, sha], { directory, env, signal, settings });
    return must(fetched, `copy ${sha}`);
  }
  await writeFile(join(directory, '.git', 'objects', 'info', 'alternates'), `${join(from, 'objects')}\n`);
  const shallow = await readIfThere(join(from, 'shallow'));
  if (shallow !== null) await writeFile(join(directory, '.git', 'shallow'), shallow);
}

/** By SHA first; an origin that refuses that is asked for the branch, or for all it has. */
export async function fetchObjects(
  directory: string,
  options: Pick<FetchOptions, 'repository' | 'sha' | 'branch' | 'depth' | 'env' | 'signal'>,
): Promise<void> {
  const { repository, sha, branch, depth, env, signal } = options;
  const fetch = (...args: string[]) =>
    runGit(['fetch', '--quiet', '--no-tags', '--no-recurse-submodules', ...args], { directory, env, signal });
  const depths = depth === null ? [] : [`--depth=${depth}`];
  const exact = await fetch(...depths, '--end-of-options', 'origin', sha);
  if (exact.ok) return;
  if (isSilence(exact.reason)) throw unreachable(repository, exact.reason);
  const heads = branch ? [`+refs/heads/${branch}:refs/remotes/origin/${branch}`] : [];
  const all = ['+refs/heads/*:refs/remotes/origin/*', '+refs/tags/*:refs/tags/*'];
  for (const refspecs of [heads, all]) {
    if (refspecs.length === 0) continue;
    const wide = await fetch('--end-of-options', 'origin', ...refspecs);
    if (!wide.ok && refspecs === all) throw unreachable(repository, wide.reason);
    // The commit may be here from before: that says nothing of an origin that refuses.
    if (wide.ok && (await runGit(['cat-file', '-e', `${sha}^{commit}`], { directory, env, signal })).ok)
      return;
  }
  throw new AichorError('not_found', `no commit ${sha} in ${maskCredentials(repository)}: ${exact.reason}`, {
    hint: 'push it there first (`git push`), or check the SHA',
  });
}

async function removeDotGit(directory: string, everywhere: boolean): Promise<void> {
  await rm(join(directory, '.git'), { recursive: true, force: true });
  if (!everywhere) return;
  for (const path of await readdir(directory, { recursive: true })) {
    if (basename(path) === '.git') await rm(join(directory, path), { recursive: true, force: true });
  }
}

/** A repository that goes into a snapshot holds no user name or password of its address. */
async function forgetCredentials(directory: string, repository: string): Promise<void> {
  const dotGit = join(directory, '.git');
  await rm(join(dotGit, 'FETCH_HEAD'), { force: true });
  if (maskCredentials(repository) === repository) return;
  for (const path of await readdir(dotGit, { recursive: true })) {
    if (basename(path) !== 'config') continue;
    const text = await readFile(join(dotGit, path), 'utf8');
    await writeFile(join(dotGit, path), text.replace(/([a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi, '$1'));
  }
}

function must(result: GitResult, what: string): void {
  if (result.ok) return;
  const { reason } = result;
  const isFilter = /(?:external|smudge) filter/.test(reason);
  throw new AichorError('server_error', `git could not ${what}: ${reason}`, {
    hint: isFilter
      ? 'a filter of the Git settings did not work: for Git LFS see that `git lfs pull` works in a clone, or submit the directory'
      : 'see that the disk has room, and that `git checkout` of the commit works in a clone',
  });
}
