import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { hasManifest } from '../../repository/locate.ts';
import type { RepositoryPaths } from '../../repository/paths.ts';
import type { Talk } from '../runtime/talk.ts';

/** How deep one looks for names to propose. */
const LOOKING_DEPTH = 3;
/** Folders that hold no manifests of the repository's own. */
export const NOT_LOOKED_INTO: ReadonlySet<string> = new Set([
  '.git',
  '.venv',
  'venv',
  'node_modules',
  '__pycache__',
]);

/** A directory as a repository's paths. Files are looked for where they should be; the list is for proposals. */
export function directoryPaths(root: string): RepositoryPaths {
  return {
    has: (path) => statSync(join(root, path), { throwIfNoEntry: false })?.isFile() === true,
    hasFolder: (path) => statSync(join(root, path), { throwIfNoEntry: false })?.isDirectory() === true,
    list: () => pathsBelow(root, '', LOOKING_DEPTH),
  };
}

interface Above {
  /** `--manifest-path`; null: any manifest in its usual places. */
  requested: string | null;
  /** The user's home directory: what lies there for everything is no repository. */
  home: string | undefined;
  onNotice(message: string): void;
}

/**
 * The repository that a command means which is typed in one of its folders: the nearest folder, from the current one
 * upwards, that has the manifest, and not above a checkout's root. The current one where there is none. Which one was taken
 * is said when it is another.
 */
export function repositoryAbove(current: string, { requested, home, onNotice }: Above): string {
  for (const folder of foldersFrom(resolve(current))) {
    if (folder === home && folder !== resolve(current)) break;
    if (hasManifest(directoryPaths(folder), requested)) {
      const up = relative(resolve(current), folder);
      if (up === '') return current;
      onNotice(`the repository is ${folder}, above this folder`);
      return up;
    }
    if (existsSync(join(folder, '.git'))) break;
  }
  return current;
}

/** The repository around the current folder. */
export function repositoryMeant(requested: string | null, talk: Talk): string {
  const onNotice = (message: string) => talk.notice(message);
  return repositoryAbove('.', { requested, home: process.env['HOME'], onNotice });
}

/**
 * The repository that a manifest belongs to: the nearest folder above it with `.git`, else the one that holds its
 * `aichor_manifests`. Else what was named, or the current folder, where that has a manifest in its usual places; the nearest
 * folder in them that has one; what was named; the current folder when the manifest is below that; the manifest's own.
 *
 * @param named the folder that the manifest was looked for in; null: the manifest itself was named
 */
export function repositoryOf(manifest: string, current: string, named: string | null = null): string {
  const folder = dirname(resolve(current, manifest));
  const above = foldersFrom(folder);
  const checkout = above.find((each) => existsSync(join(each, '.git')));
  if (checkout !== undefined) return checkout;
  const manifests = above.find((each) => basename(each) === 'aichor_manifests');
  if (manifests !== undefined) return dirname(manifests);
  const around = [...(named === null ? [] : [resolve(current, named)]), current].filter((each) =>
    above.includes(each),
  );
  const isRepository = (each: string) => hasManifest(directoryPaths(each), null);
  const inside = above.filter((each) => around.some((outer) => !relative(outer, each).startsWith('..')));
  return around.find(isRepository) ?? inside.find(isRepository) ?? around[0] ?? folder;
}

function foldersFrom(folder: string): string[] {
  const above = dirname(folder);
  return above === folder ? [folder] : [folder, ...foldersFrom(above)];
}

function pathsBelow(root: string, folder: string, depth: number): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (!entry.isDirectory()) return entry.isFile() ? [path] : [];
    return depth === 0 || NOT_LOOKED_INTO.has(entry.name) ? [] : pathsBelow(root, path, depth - 1);
  });
}
