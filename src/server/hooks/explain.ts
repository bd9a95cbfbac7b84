import type { TriggerAnswer, TriggerQuery } from '../../api/team/hook-contract.ts';
import type { Push } from '../../api/team/push-payloads.ts';
import { readCommitMessage, withForm } from '../../repository/commit-trigger.ts';
import type { Caller } from '../people/caller.ts';
import { projectNamed } from '../projects/manage.ts';
import type { ProjectTable } from '../store/tables/projects.ts';
import { manifestPathOf } from './judge.ts';
import { whyIgnored } from './receive.ts';

/** A commit that nobody has pushed yet; its message is read by itself. */
const NEW_COMMIT: Omit<Push, 'ref' | 'branch'> = {
  before: null,
  after: 'f'.repeat(40),
  created: true,
  message: null,
  listed: true,
};

/**
 * Whether a push of a commit with this message would start an experiment of the project: what would be decided of it, less what only the
 * repository can tell (whether the manifest is there, and valid). Throws AichorError `not_found`, `forbidden`.
 */
export function explainPush(
  by: { projects: Pick<ProjectTable, 'named'> },
  { name, caller }: { name: string; caller: Pick<Caller, 'projects'> },
  { message, branch }: TriggerQuery,
): TriggerAnswer {
  const { repository, branches, manifest_root } = projectNamed(by, name, caller);
  // Who names no branch means one that counts.
  const meant = { repository, branches: branch === undefined ? [] : branches };
  const against = whyIgnored(meant, { ...NEW_COMMIT, ref: `refs/heads/${branch}`, branch: branch ?? 'any' });
  if (against !== null) return { triggers: false, manifest: null, why: against, hint: null };
  const read = withForm(readCommitMessage(message));
  const { manifest } = read;
  return { ...read, manifest: manifest === null ? null : manifestPathOf({ manifest_root }, manifest) };
}
