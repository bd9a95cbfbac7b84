import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isThere } from '../../base/io/files.ts';
import { AichorError } from '../../errors.ts';
import { fetchObjects, type FetchOptions } from '../fetch-commit.ts';
import { headsOf } from '../remote.ts';
import { runGit, type GitResult } from '../run-git.ts';

type Wish = Pick<FetchOptions, 'repository' | 'sha' | 'branch' | 'depth' | 'env' | 'signal'>;

/** Commits that are kept by name: from these the origin sees what need not be sent again. */
const MOST_KEPT = 16;
/** Each fetch makes one; many make reading slow. */
const MOST_PACKS = 40;

/** Makes a bare repository with one commit in it. Throws AichorError: what the origin has against it, or the disk. */
export async function makeRepository(folder: string, wish: Wish): Promise<void> {
  const { repository, sha, env, signal } = wish;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const git = (...args: string[]) => runGit(args, { directory: folder, env, signal });
  const format = sha.length === 64 ? ['--object-format=sha256'] : [];
  must(await git('init', '--quiet', '--bare', '--template=', ...format, '.'));
  for (const [name, value] of [
    ['uploadpack.allowAnySHA1InWant', 'true'],
    ['fetch.unpackLimit', '1'],
  ] as const)
    must(await git('config', name, value));
  must(await git('remote', 'add', 'origin', repository));
  await fetchObjects(folder, wish);
  await keep(folder, wish);
}

/** Asks the origin for a commit, also for one that is here. Throws AichorError. */
export async function bringUpToDate(folder: string, wish: Wish): Promise<void> {
  const { repository, depth, env = process.env, signal } = wish;
  // Only a fetch that may change the depth asks for what is here already.
  if (depth === null) await headsOf(repository, { env, signal });
  await fetchObjects(folder, wish);
  await keep(folder, wish);
}

async function keep(folder: string, { sha, env, signal }: Wish): Promise<void> {
  const git = (...args: string[]) => runGit(args, { directory: folder, env, signal });
  const { stdout } = await git('for-each-ref', '--format=%(refname)', 'refs/kept');
  const refs = stdout.split('\n').filter((ref) => ref !== '');
  const [mine = null] = refs.filter((ref) => ref.endsWith(`-${sha}`));
  const old = refs.slice(0, Math.max(0, refs.length + 1 - MOST_KEPT));
  for (const ref of new Set([...old, ...(mine === null ? [] : [mine])]))
    must(await git('update-ref', '-d', ref));
  // In the order of their names the oldest is the first.
  must(await git('update-ref', `refs/kept/${String(Date.now()).padStart(15, '0')}-${sha}`, sha));
}

/**
 * Joins what many fetches have brought, without what no kept commit needs; false: it cannot be done. Nobody may be at it meanwhile.
 * Throws AichorError `interrupted` when the signal was aborted: then it is as it was.
 */
export async function tidyUp(folder: string, signal?: AbortSignal): Promise<boolean> {
  const packs = (await readdir(join(folder, 'objects', 'pack'))).filter((name) => name.endsWith('.pack'));
  if (packs.length <= MOST_PACKS) return true;
  return (await runGit(['repack', '-a', '-d', '--quiet'], { directory: folder, signal })).ok;
}

/** Whether something of it is not there, or not as it was written. Takes long. */
export async function isBroken(folder: string, signal?: AbortSignal): Promise<boolean> {
  if (!(await isThere(folder))) return true;
  return !(await runGit(['fsck', '--no-dangling', '--no-progress'], { directory: folder, signal })).ok;
}

/** Whether a killed Git has left something there that stops others. */
export async function isLocked(folder: string): Promise<boolean> {
  const names = await readdir(folder, { recursive: true });
  return names.some((name) => /(?:\.lock|\/tmp_[^/]*)$/.test(name));
}

/** Whether it is the origin that does not give a commit, by what Git says: then what is kept has no part in it. */
export function isOfOrigin({ code, message }: AichorError): boolean {
  return code !== 'not_found' || OF_ORIGIN.test(message);
}

const OF_ORIGIN =
  /unable to access|Could not read from remote|Authentication failed|could not read (?:User|Pass)|not our ref|unadvertised object|couldn't find remote ref|returned error|too slow|timed out|Host key verification|Permission denied \(|not allowed|RPC failed|early EOF|hung up unexpectedly|unexpected disconnect|does not appear to be a git repository|repository .* not found/i;

function must(result: GitResult): void {
  if (!result.ok)
    throw new AichorError('not_found', `a repository cannot be kept: ${result.reason}`, {
      hint: 'it is cloned instead',
    });
}
