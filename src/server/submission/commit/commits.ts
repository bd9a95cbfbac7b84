import { isAichorError } from '../../../errors.ts';
import { isForLackOfDisk } from '../../../base/io/disk-full.ts';
import { Damaged } from '../../../source/cache/blobs.ts';
import { createGitCache, type GitCache } from '../../../source/cache/git-cache.ts';
import { isBroken } from '../../../source/cache/kept-repository.ts';
import { readTree } from '../../../source/cache/tree.ts';
import { commitFacts } from '../../../source/commit-facts.ts';
import {
  assertAllowed,
  fetchCommit,
  removeLeftFolders,
  resolveCommit,
  withAccess,
} from '../../../source/git.ts';
import type { FetchOptions } from '../../../source/fetch-commit.ts';
import type { WithKept } from '../../../source/parts/submodules.ts';
import { maskCredentials } from '../../../source/mask.ts';
import type { CommitRequest, CommitSource, FetchedCommit, Log, TakeCommit } from '../../ports.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Where repositories are kept between clones, and how much of them. */
export interface KeptClones {
  folder: string;
  mostBytes: number;
  closing?: AbortSignal;
  log: Pick<Log, 'warn'>;
}

/** Commits from repositories that the `git` on the server's PATH can reach. @param kept null: each is cloned anew */
export function createCommitSource(
  env: Record<string, string | undefined>,
  kept: KeptClones | null = null,
): CommitSource {
  // A server that was killed at work with Git has left its folders.
  void removeLeftFolders();
  const cache = kept === null ? NOTHING_KEPT : createGitCache({ ...kept, onTrouble: toldTo(kept.log) });
  return {
    fetch(request, take) {
      const { repository, access } = request;
      const fetch = (own: Env) => fetchWith({ cache, env: own }, request, take);
      return access === null ? fetch(env) : withAccess(repository, { access, env }, fetch);
    },
    forget: (project) => cache.forget(project),
    settled: () => cache.settled(),
  };
}

/**
 * Which files of Git LFS are fetched: its client asks any address that the host names, inner ones too, and Git's settings do not
 * bind it.
 */
export function lfsFor(access: CommitRequest['access']): NonNullable<FetchOptions['lfs']> {
  if (access === null || access.inner) return 'all';
  return access.isNamed ? 'own' : 'none';
}

async function fetchWith<T>(
  { cache, env }: { cache: GitCache; env: Env },
  request: CommitRequest,
  take: TakeCommit<T>,
): Promise<T> {
  const { repository, ref, branch, clone, access, signal } = request;
  const sha = await resolveCommit({ repository, ref, env, signal });
  const named = branch ?? (sha === ref.toLowerCase() || sha.startsWith(ref.toLowerCase()) ? null : ref);
  const about = { repository, sha, branch: named, env, signal };
  const commit = (vcs: FetchedCommit['vcs']): FetchedCommit => ({
    commit_sha: sha,
    branch,
    repository: maskCredentials(repository),
    vcs,
  });
  const history = { depth: clone.includeDotGit ? clone.depth : 1, isAlone: clone.includeDotGit };
  return cache.use({ ...about, ...history, holder: holderOf(access) }, async (kept) => {
    const isPlain = !clone.includeDotGit && clone.submodules === 'false';
    const tree = kept !== null && isPlain ? await readTree(sha, { directory: kept, env, signal }) : null;
    if (kept === null || tree === null)
      return take(commit(await layOut(cache, request, { ...about, from: kept })), {
        kind: 'directory',
        directory: request.directory,
      });
    const vcs = await commitFacts({ ...about, branch: named, directory: kept });
    return take(commit(vcs), { kind: 'listed', ...tree });
  });
}

function holderOf(access: CommitRequest['access']): string {
  return access?.holder ?? 'owner';
}

function toldTo(log: KeptClones['log']) {
  return (err: unknown, what: string) => log.warn({ err }, what);
}

const NOTHING_KEPT: GitCache = {
  use: (_wish, work) => work(null),
  forget: async () => undefined,
  settled: async () => undefined,
};

type Wish = Pick<FetchOptions, 'repository' | 'sha' | 'branch' | 'env' | 'signal' | 'from'>;

/** Gives the facts of the commit. Throws `Damaged` when what is kept is the reason that it cannot be done. */
async function layOut(
  cache: GitCache,
  { clone, directory, access }: CommitRequest,
  wish: Wish,
): Promise<FetchedCommit['vcs']> {
  const judge = access === null ? undefined : (url: string) => assertAllowed(url, access);
  const { env, signal } = wish;
  const about = { env, signal, depth: 1, isAlone: false, holder: holderOf(access) };
  const withKept: WithKept = (submodule, work) =>
    cache.use({ ...about, ...submodule }, (from) => damagedOr({ from, signal }, () => work(from)));
  const { facts } = await damagedOr(wish, () =>
    fetchCommit({
      ...wish,
      ...clone,
      directory,
      judge,
      lfs: lfsFor(access),
      withKept: clone.includeDotGit ? null : withKept,
    }),
  );
  return facts;
}

async function damagedOr<T>(
  { from, signal }: Pick<Wish, 'from' | 'signal'>,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const isOfGit = isAichorError(error) && error.code === 'server_error' && !isForLackOfDisk(error);
    if (!isOfGit || !from || !(await isBroken(from, signal))) throw error;
    throw new Damaged('a commit cannot be laid out of what is kept', { cause: error });
  }
}
