import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import type { RepositoryPaths } from '../../repository/paths.ts';

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

/**
 * The repository that a manifest belongs to: the nearest folder above it with `.git`, else the one that holds
 * its `aichor_manifests`, else the current one when the manifest is below that, else the manifest's own.
 */
export function repositoryOf(manifest: string, current: string): string {
  const folder = dirname(resolve(current, manifest));
  const above = foldersFrom(folder);
  const checkout = above.find((each) => existsSync(join(each, '.git')));
  if (checkout !== undefined) return checkout;
  const manifests = above.find((each) => basename(each) === 'aichor_manifests');
  if (manifests !== undefined) return dirname(manifests);
  return relative(current, folder).startsWith('..') ? folder : current;
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
