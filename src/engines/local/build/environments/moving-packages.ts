import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { readIfThere } from '../../../../base/io/files.ts';
import { formatDuration } from '../../../../base/text/duration.ts';
import { plural } from '../../../../base/text/plural.ts';
import type { Notice } from '../../../../experiment/record.ts';
import type { SnapshotReader } from '../../../engine.ts';
import { packageFolders } from '../editable/installed.ts';

/** A distribution that was installed from what a Git repository had at that time: later it may have something else. */
export interface MovingPackage {
  name: string;
  /** Branch, or another name that may move; null: what is checked out by default. */
  revision: string | null;
  /** What it was then. */
  commit: string;
}

/**
 * What installers wrote down of a distribution's origin (`direct_url.json`).
 *
 * @returns null: it comes from no Git repository, or from a commit or a release tag that was named
 */
export function movingRevision(origin: string): Omit<MovingPackage, 'name'> | null {
  const said = /"vcs_info"\s*:\s*(\{[^{}]*\})/.exec(origin)?.[1];
  if (said === undefined) return null;
  const commit = /"commit_id"\s*:\s*"([0-9a-f]{40,64})"/.exec(said)?.[1];
  const revision = /"requested_revision"\s*:\s*"([^"\\]{1,200})"/.exec(said)?.[1] ?? null;
  if (!/"vcs"\s*:\s*"git"/.test(said) || commit === undefined) return null;
  const isFixed = revision !== null && (isStartOf(revision, commit) || /^v?\d+(?:\.\d+)+/.test(revision));
  return isFixed ? null : { revision, commit };
}

function isStartOf(revision: string, commit: string): boolean {
  return revision.length >= 7 && commit.startsWith(revision.toLowerCase());
}

/** What a lock has fixed does not move. */
const LOCKS = new Set(['uv.lock', 'pylock.toml']);

/** Those of an environment; a lock among the files is followed. */
export async function movingPackages(
  environment: string,
  snapshot: Pick<SnapshotReader, 'paths' | 'read'>,
): Promise<MovingPackage[]> {
  const found: MovingPackage[] = [];
  for (const packages of await packageFolders(environment)) {
    for (const info of (await readdir(packages)).filter((name) => name.endsWith('.dist-info'))) {
      const origin = await readIfThere(join(packages, info, 'direct_url.json'));
      const moving = origin === null ? null : movingRevision(origin);
      if (moving !== null) found.push({ name: info.replace(/-[^-]*\.dist-info$/, ''), ...moving });
    }
  }
  if (found.length === 0) return found;
  const locks: string[] = [];
  for (const path of snapshot.paths())
    if (LOCKS.has(basename(path))) locks.push((await snapshot.read(path))?.toString() ?? '');
  return found.filter(({ commit }) => !locks.some((lock) => lock.includes(commit)));
}

/** That an environment is as old as it is, and how to get a newer one; null: it holds nothing that could be newer. */
export function ageNotice(packages: readonly MovingPackage[], ageSeconds: number): Notice | null {
  if (packages.length === 0) return null;
  const named = packages
    .slice(0, 3)
    .map(({ name, revision, commit }) => `${name} (${revision ?? 'default branch'}, ${commit.slice(0, 8)})`);
  const more = packages.length - named.length;
  const all = `${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  const age = formatDuration(Math.max(1, Math.round(ageSeconds)))
    .split(' ')
    .slice(0, 2)
    .join(' ');
  const message = `the Python environment is ${age} old, and has the ${plural(packages.length, 'package')} from Git as of then: ${all}; --rebuild takes what is there now`;
  return { code: 'environment_not_pinned', message };
}
