import { AichorError } from '../../errors.ts';
import type { Access } from '../../source/access.ts';
import { maskCredentials } from '../../source/mask.ts';
import { isSameRepository } from '../../source/git.ts';
import type { Caller } from '../people/caller.ts';
import { accessOf } from './git.ts';
import type { RuleReading } from './rules.ts';

/** Of somebody who is not the server's own user, without a project: what everybody may read, over https. */
const FROM_AFAR: Access = {
  holder: 'anybody',
  local: false,
  inner: false,
  isNamed: false,
  token: null,
  private_key: null,
  known_hosts: [],
};

interface Wanted {
  /** Where whoever submits says that the commit is. */
  repository: string;
  project: string;
  caller: Pick<Caller, 'isOwner'>;
}

/**
 * Where a commit is fetched from, and how: a project that has a repository has its commits from there. Throws AichorError
 * `usage` when the commit is said to be of another one.
 */
export function reachedBy(
  by: RuleReading,
  { repository, project: name, caller }: Wanted,
): { repository: string; access: Access | null } {
  const project = by.projects.named(name);
  if (project === null || project.repository === null)
    return { repository, access: caller.isOwner ? null : FROM_AFAR };
  if (!isSameRepository(repository, project.repository))
    throw new AichorError(
      'usage',
      `the commit is of ${maskCredentials(repository)}, and the project ${name} has the repository ${project.repository}`,
      { hint: 'name the project of that repository with --project, or submit the directory' },
    );
  return {
    repository: project.repository,
    access: accessOf(project, by.privateValues.ofProject(project.id)),
  };
}
