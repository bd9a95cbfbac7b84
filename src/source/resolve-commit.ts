import { AichorError } from '../errors.ts';
import { maskCredentials } from './mask.ts';
import { assertRepository } from './repository.ts';
import { inTemporaryFolder, runGit, type Env } from './run-git.ts';

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

/** The full SHA of what is called so in a clone: a branch, a tag, `HEAD~1`. Throws AichorError `not_found`, `usage`. */
export async function commitIn(directory: string, ref: string): Promise<string> {
  if (!isRevision(ref)) assertRef(ref);
  return revisionIn(directory, ref, {});
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
function resolveAtOrigin({ repository, ref, env, signal }: ResolveOptions): Promise<string> {
  return inTemporaryFolder(async (directory) => {
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
  });
}

/** For a repository that cannot be fetched from at all. */
export function unreachable(repository: string, reason: string): AichorError {
  return new AichorError(
    'not_found',
    `cannot read the repository ${maskCredentials(repository)}: ${reason}`,
    {
      hint:
        HINTS.find(([pattern]) => pattern.test(withoutNames(reason)))?.[1] ??
        'see that `git ls-remote` of it works without asking anything',
    },
  );
}

/** What Git quotes is the name of something, whatever it says. */
function withoutNames(reason: string): string {
  return reason.replace(/'[^']*'/g, "''");
}

const SILENCE = /too slow|timed out|timeout|not responding/i;

/** Whether a host took the connection and said nothing: it would not say more to another question. */
export function isSilence(reason: string): boolean {
  return SILENCE.test(withoutNames(reason));
}

/** What to do about the commonest reasons. Git and ssh tell them in their words only. */
const HINTS: readonly (readonly [RegExp, string])[] = [
  [
    /returned error: 30\d|unable to update url base from redirection/,
    'the repository has moved, and redirects are not followed: find its new address with a browser, and give that one (aichor projects update --repository URL)',
  ],
  [
    SILENCE,
    'the host took the connection and said nothing, or next to nothing: see that it works, and that the way to it is open. AICHOR_GIT_SILENCE says how many seconds of silence are waited (60); an answer may take 10 times as long, and a transfer that brings less than 1 kB a second 60 times',
  ],
  [
    /Host key verification failed/,
    'the key that the host shows is not the one that was accepted: it may be another machine. If its keys were changed, compare and accept the new one: aichor projects update NAME --repository URL --host-key SHA256:…',
  ],
  [
    /Permission denied \(/,
    'let the key of the project read the repository, as a deploy key: aichor projects get NAME shows it',
  ],
];

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
