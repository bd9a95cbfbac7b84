import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AichorError } from '../errors.ts';
import { maskCredentials } from './mask.ts';
import { assertRepository } from './repository.ts';
import { runGit, type Env } from './run-git.ts';

export interface ResolveOptions {
  /** A clone on this machine to look in first. */
  repoDir?: string | null | undefined;
  /** A path, or any URL that Git understands. */
  repository: string;
  /** A full or short SHA, a branch or a tag. */
  ref: string;
  env?: Env | undefined;
  signal?: AbortSignal | undefined;
}

const NAME = /^[^\s~^:?*[\\\0-\x1f\x7f-]((?!\.\.|@\{)[^\s~^:?*[\\\0-\x1f\x7f])*$/;
const FULL_SHA = /^[0-9a-f]{40}([0-9a-f]{24})?$/;

/**
 * The full SHA of a commit. Throws AichorError `not_found` with Git's reason for what is in neither place,
 * `ambiguous` for a name that means several commits, `usage` for what can be no name of a commit.
 */
export async function resolveCommit(options: ResolveOptions): Promise<string> {
  const { repoDir, repository, ref } = options;
  if (repoDir && isRevision(ref)) {
    assertRepository(repository);
    return revisionIn(repoDir, ref, options);
  }
  assertRef(ref);
  assertRepository(repository);
  if (FULL_SHA.test(ref.toLowerCase())) return ref.toLowerCase();
  if (repoDir) {
    const found = await lookUp(repoDir, ref, options);
    if (found.sha !== null) return found.sha;
  }
  return resolveAtOrigin(options);
}

/** A name with steps back from it: `HEAD~1`, `main^2`, `@`. Only a clone knows where they lead. */
function isRevision(ref: string): boolean {
  const [, name = '', steps = ''] = /^(.*?)((?:[~^]\d*)*)$/s.exec(ref) ?? [];
  return (steps !== '' || name === '@') && (name === '@' || NAME.test(name));
}

async function revisionIn(directory: string, ref: string, { env, signal }: Looking): Promise<string> {
  const name = `${ref}^{commit}`;
  const found = await runGit(['rev-parse', '--verify', '--end-of-options', name], { directory, env, signal });
  if (found.ok) return found.stdout;
  throw new AichorError('not_found', `no commit ${ref} in ${directory}: ${found.reason}`, {
    hint: 'see `git log --oneline` for the commits there are',
  });
}

/** Refuses (AichorError `usage`) what Git would take for an option, a range or a search instead of one name. */
export function assertRef(ref: string): void {
  if (NAME.test(ref)) return;
  throw new AichorError('usage', `${JSON.stringify(ref)} cannot be the name of a commit`, {
    hint: 'give a SHA, a branch or a tag',
  });
}

/** All branches and tags, without files where the origin can do that, in a folder that is removed again. */
async function resolveAtOrigin({ repository, ref, env, signal }: ResolveOptions): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'aichor-resolve-'));
  try {
    await runGit(['init', '--quiet', '--bare', '--template=', '.'], { directory, env, signal });
    const refspecs = ['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*'];
    const fetch = [
      'fetch',
      '--quiet',
      '--no-write-fetch-head',
      '--filter=tree:0',
      '--end-of-options',
      repository,
      ...refspecs,
    ];
    const fetched = await runGit(fetch, { directory, env, signal });
    if (!fetched.ok) throw unreachable(repository, fetched.reason);
    const found = await lookUp(directory, ref, { env, signal });
    if (found.sha !== null) return found.sha;
    throw new AichorError(
      'not_found',
      `no commit ${ref} in ${maskCredentials(repository)}: ${found.reason}`,
      {
        hint: 'see `git log` for its SHA, and push the commit to the origin',
      },
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** For a repository that cannot be fetched from at all. */
export function unreachable(repository: string, reason: string): AichorError {
  return new AichorError(
    'not_found',
    `cannot read the repository ${maskCredentials(repository)}: ${reason}`,
    {
      hint: 'see that `git ls-remote` of it works without asking anything',
    },
  );
}

interface Found {
  sha: string | null;
  reason: string;
}

type Looking = Pick<ResolveOptions, 'env' | 'signal'>;

/** What a name means in one repository. Git prefers tags to branches and only warns: here that is ambiguous. */
async function lookUp(directory: string, ref: string, { env, signal }: Looking): Promise<Found> {
  const parse = (name: string) =>
    runGit(['rev-parse', '--verify', '--end-of-options', `${name}^{commit}`], { directory, env, signal });
  const branch = await parse(`refs/heads/${ref}`);
  const named = branch.ok ? branch : await parse(`refs/remotes/origin/${ref}`);
  const tag = await parse(`refs/tags/${ref}`);
  if (named.ok && tag.ok && named.stdout !== tag.stdout) {
    throw ambiguous(
      ref,
      `refname '${ref}' is ambiguous: the branch is ${named.stdout}, the tag ${tag.stdout}`,
    );
  }
  const plain = tag.ok ? tag : named.ok ? named : await parse(ref);
  if (plain.ok) return { sha: plain.stdout, reason: '' };
  const candidates = await runGit(['rev-parse', `--disambiguate=${ref}`], { directory, env, signal });
  if (candidates.ok && candidates.stdout.includes('\n')) throw ambiguous(ref, plain.reason);
  return { sha: null, reason: plain.reason };
}

function ambiguous(ref: string, reason: string): AichorError {
  return new AichorError('ambiguous', `${ref} means more than one commit: ${reason}`, {
    hint: 'give the full SHA',
  });
}
