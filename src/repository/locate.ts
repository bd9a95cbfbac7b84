import { AichorError } from '../errors.ts';
import { didYouMean } from '../base/text/did-you-mean.ts';
import { innerPath } from '../manifest/inner-path.ts';
import type { RepositoryPaths } from './paths.ts';

export interface LocatedManifest {
  /** From the repository's root, without `./`. */
  path: string;
  notices: { code: string; message: string }[];
}

/** Where a repository's manifests are. */
export const FOLDER = 'aichor_manifests';
const PLACES = [`${FOLDER}/manifest`, 'manifest'] as const;

/**
 * Which manifest of a repository counts: the requested one, else `aichor_manifests/manifest.yaml`, else the
 * root's (`.yml` where there is no `.yaml`). A notice says which one was taken when both places have one.
 * Throws AichorError `repository_invalid` when there is none.
 */
export function locateManifest(paths: RepositoryPaths, requested: string | null): LocatedManifest {
  if (requested !== null) return { path: requestedManifest(paths, requested), notices: [] };
  const [first, second] = PLACES.flatMap(
    (place) => [`${place}.yaml`, `${place}.yml`].find((path) => paths.has(path)) ?? [],
  );
  if (first === undefined) throw noManifest(paths);
  if (second === undefined) return { path: first, notices: [] };
  return {
    path: first,
    notices: [
      {
        code: 'two_manifests',
        message: `${first} is used; ${second} is there as well (--manifest-path takes it)`,
      },
    ],
  };
}

/** Whether a folder is a repository with the manifest that is asked for, or, without one, with any in its usual places. */
export function hasManifest(paths: Pick<RepositoryPaths, 'has'>, requested: string | null): boolean {
  if (requested === null)
    return PLACES.some((place) => paths.has(`${place}.yaml`) || paths.has(`${place}.yml`));
  const path = innerPath('.', requested);
  return path !== null && paths.has(path);
}

function requestedManifest(paths: RepositoryPaths, requested: string): string {
  const path = innerPath('.', requested);
  if (path === null) {
    throw new AichorError('repository_invalid', `the manifest ${requested} is not in the repository`, {
      hint: 'give its path from the root of the repository, for example aichor_manifests/manifest.yaml',
    });
  }
  if (paths.has(path)) return path;
  const candidates = manifestsOf(paths);
  const meant = didYouMean(path, candidates) ?? candidates.find((each) => each === `${FOLDER}/${path}`);
  throw new AichorError('repository_invalid', `there is no ${path} in the repository`, {
    hint: meant === undefined ? foundElsewhere(candidates) : `did you mean ${meant}?`,
  });
}

function noManifest(paths: RepositoryPaths): AichorError {
  return new AichorError(
    'repository_invalid',
    `there is no manifest: neither ${FOLDER}/manifest.yaml nor manifest.yaml`,
    {
      hint: foundElsewhere(manifestsOf(paths)),
    },
  );
}

/** YAML files that are manifests by their name or folder, shallow ones first. */
export function manifestsOf(paths: RepositoryPaths): string[] {
  const isManifest = (path: string) =>
    /\.ya?ml$/.test(path) && (path.startsWith(`${FOLDER}/`) || /manifest[^/]*$/i.test(path));
  const depth = (path: string) => path.split('/').length;
  return paths
    .list()
    .filter(isManifest)
    .sort((a, b) => depth(a) - depth(b));
}

function foundElsewhere(candidates: readonly string[]): string {
  if (candidates.length === 0) return 'add one with "aichor manifest init", or name it with --manifest-path';
  const named = candidates.slice(0, 3).join(', ');
  return `use --manifest-path with one that is there: ${named}${candidates.length > 3 ? ', …' : ''}`;
}
