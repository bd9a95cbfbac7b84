import { mkdir, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AichorError, isAichorError } from '../../errors.ts';
import { maskCredentials } from '../mask.ts';
import { isLocal } from '../repository.ts';
import { runGit, type Env, type GitResult } from '../run-git.ts';

/** Calls `work` with the kept repository of a submodule, which has the commit; with null where none is kept. */
export type WithKept = <T>(
  wish: { repository: string; sha: string },
  work: (folder: string | null) => Promise<T>,
) => Promise<T>;

/** What laying out a commit says of its submodules. */
interface SubmoduleOptions {
  repository: string;
  sha: string;
  branch?: string | null | undefined;
  from?: string | null | undefined;
  depth: number | null;
  submodules: 'false' | 'true' | 'recursive';
  /** Throws for a submodule's URL that may not be connected to; every one may, unless given. */
  judge?: ((url: string) => Promise<unknown>) | undefined;
  /** Null: Git clones them anew, with repositories of their own. */
  withKept?: WithKept | null | undefined;
  env?: Env | undefined;
  signal?: AbortSignal | undefined;
}

type LayOut<Options> = (directory: string, options: Options) => Promise<void>;

/**
 * Submodules on this machine are only read for a repository that is on this machine itself. Level by level, so that each address
 * is judged before it is asked.
 */
export async function checkOutSubmodules<Options extends SubmoduleOptions>(
  directory: string,
  options: Options,
  layOut: LayOut<Options>,
): Promise<void> {
  const { repository, submodules, depth, withKept, judge, env, signal } = options;
  if (submodules === 'false') return;
  const found = await foundSubmodules(directory, options);
  if (found.length === 0) return;
  for (const { url } of found) await judge?.(url);
  if (withKept && !isLocal(repository) && !found.some(({ url }) => isLocal(url)))
    return layOutEach(directory, { options, found, withKept }, layOut);
  const settings = [`protocol.file.allow=${isLocal(repository) ? 'always' : 'never'}`];
  const depths = depth === null ? [] : [`--depth=${depth}`];
  const args = [
    'submodule',
    '--quiet',
    'update',
    ...depths,
    '--',
    ...found.map(({ path }) => literally(path)),
  ];
  must(options, await runGit(args, { directory, env, signal, settings }));
  if (submodules !== 'recursive') return;
  for (const { path } of found) await checkOutSubmodules(join(directory, path), options, layOut);
}

/** `submodule.<name>.<setting>`, by name. */
async function settingsOf(
  where: readonly string[],
  setting: string,
  looking: Parameters<typeof runGit>[1],
): Promise<Map<string, string[]>> {
  const words = ['config', ...where, '--null', '--get-regexp', `^submodule\\..*\\.${setting}$`];
  const { stdout } = await runGit(words, looking);
  const found = new Map<string, string[]>();
  for (const entry of stdout.split('\0')) {
    const [, name, value] = /^submodule\.(.*)\.[a-z]+\n(.*)$/s.exec(entry) ?? [];
    if (name !== undefined && value !== undefined) found.set(name, [...(found.get(name) ?? []), value]);
  }
  return found;
}

interface Submodule {
  path: string;
  /** In full: one that is written as beside the repository's may climb to another host. */
  url: string;
  sha: string;
}

/**
 * What Git itself would fetch of those of one level that `.gitmodules` names: it makes full addresses, and leaves out what is not to
 * be updated. Paths are those of the commit, whatever that file says: it may name the folder itself, again and again.
 */
async function foundSubmodules(directory: string, options: SubmoduleOptions): Promise<Submodule[]> {
  const { env, signal } = options;
  const looking = { directory, env, signal };
  const named = await settingsOf(['--file', '.gitmodules'], 'path', looking);
  if (named.size === 0) return [];
  must(options, await runGit(['submodule', '--quiet', 'init'], looking));
  const urls = await settingsOf(['--local'], 'url', looking);
  const updates = await settingsOf(['--local'], 'update', looking);
  const namesByPath = new Map([...named].map(([name, paths]) => [paths.at(-1), name]));
  const paths = [...namesByPath.keys()].map((path = '') => literally(path));
  const { stdout } = await runGit(['ls-files', '--stage', '-z', '--', ...paths], looking);
  return stdout.split('\0').flatMap((line) => {
    const [, sha, path] = /^160000 ([0-9a-f]+) 0\t(.*)$/s.exec(line) ?? [];
    const name = namesByPath.get(path);
    const url = name === undefined ? undefined : urls.get(name)?.at(-1);
    if (path === undefined || sha === undefined || name === undefined || url === undefined) return [];
    return updates.get(name)?.at(-1) === 'none' ? [] : [{ path, url, sha }];
  });
}

/** For Git, to which `*` in a path would mean others, too. */
function literally(path: string): string {
  return `:(literal)${path}`;
}

async function layOutEach<Options extends SubmoduleOptions>(
  directory: string,
  { options, found, withKept }: { options: Options; found: readonly Submodule[]; withKept: WithKept },
  layOut: LayOut<Options>,
): Promise<void> {
  const top = await realpath(directory);
  const submodules = options.submodules === 'recursive' ? options.submodules : 'false';
  for (const { path, url, sha } of found) {
    const place = join(top, path);
    // Where names are not told apart by case, a link of the commit may stand in the way.
    if ((await realpath(place)) !== place)
      throw cannot(options, `${path} leads elsewhere through a symbolic link`);
    try {
      await withKept({ repository: url, sha }, async (from) => {
        await rm(place, { recursive: true, force: true });
        await mkdir(place);
        await layOut(place, { ...options, repository: url, sha, branch: null, submodules, from });
      });
    } catch (error) {
      if (!isAichorError(error) || error.code !== 'not_found') throw error;
      throw cannot(options, error.message, error);
    }
  }
}

function must(options: SubmoduleOptions, { ok, reason }: GitResult): void {
  if (!ok) throw cannot(options, reason);
}

function cannot({ repository }: SubmoduleOptions, reason: string, cause?: unknown): AichorError {
  return new AichorError(
    'not_found',
    `cannot fetch the submodules of ${maskCredentials(repository)}: ${reason}`,
    {
      hint: 'see that their addresses in .gitmodules can be read from here, or set clone.submodules to "false"',
      ...(cause !== undefined && { cause }),
    },
  );
}
