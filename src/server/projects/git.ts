import { isAbsolute } from 'node:path';
import {
  hostKeyOf,
  hostKeysOf,
  makeKeyPair,
  publicKeyOf,
  type Access,
  type HostKey,
} from '../../source/git.ts';
import { AichorError } from '../../errors.ts';
import { assertAllowed, placeOfRepository, type Reach } from '../../source/allowed.ts';
import { isLocal, isPath } from '../../source/repository.ts';
import { statusPlace } from '../told/commit-status/requests.ts';
import type { StoredProject } from '../store/tables/projects.ts';
import type { ProjectPrivateValues } from '../submission/private-values.ts';
import type { GitAccess } from '../../api/team/project-contract.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** How a project's repository is got at. */
export function accessOf(
  { id, allow_inner_addresses, allow_local_repository, host_keys }: StoredProject,
  { git }: Pick<ProjectPrivateValues, 'git'>,
): Access {
  return {
    holder: id,
    local: allow_local_repository,
    inner: allow_inner_addresses,
    isNamed: true,
    token: git !== null && 'token' in git ? git : null,
    private_key: git !== null && 'private_key' in git ? git.private_key : null,
    known_hosts: host_keys,
  };
}

/**
 * Refuses a repository that the project may not have, and credentials that do not fit it.
 * Throws AichorError `usage`, `forbidden`, `not_found`, `conflict`.
 */
export async function assertRepositoryFits(
  repository: string,
  { reach, git, host_keys }: { reach: Reach; git: GitAccess['kind']; host_keys: readonly string[] },
): Promise<void> {
  assertFolder(repository, reach);
  await assertAllowed(repository, reach);
  const place = placeOfRepository(repository);
  const isSsh = place?.protocol === 'ssh';
  if (git === 'token' && (place === null || isSsh))
    throw new AichorError('usage', 'a token is for a repository with an https URL', {
      hint: 'give the https URL of the repository, or a deploy key instead of the token',
    });
  if (git === 'deploy_key' && !isSsh)
    throw new AichorError('usage', 'a deploy key is for a repository with an ssh URL', {
      hint: 'give the ssh URL of the repository (git@host:owner/name.git), or a token instead of the key',
    });
  if (isSsh && !host_keys.some((line) => hostKeyOf(line) !== null))
    throw new AichorError('conflict', `the host ${place.host} is not known yet`, {
      hint: 'aichor projects create shows its keys and asks; in a script, --host-key SHA256:… says which is right',
    });
}

/** A folder of the server is one that an admin allowed, and the same one wherever the server is started. */
function assertFolder(repository: string, { local }: Reach): void {
  if (!isLocal(repository)) return;
  if (!local)
    throw new AichorError('forbidden', 'a repository on the server itself has to be allowed for a project', {
      hint: 'an admin allows it: --allow-local-repository; or give an https or ssh URL',
    });
  if (isPath(repository) && !isAbsolute(repository))
    throw new AichorError('usage', `${JSON.stringify(repository)} depends on where the server was started`, {
      hint: 'give the whole path of the folder on the server, from / on',
    });
}

/**
 * Refuses a host that cannot be told what came of experiments: it takes a token, and a repository at an address of its own.
 * Throws AichorError `usage`.
 */
export function assertStatusFits(
  { repository, commit_status }: Pick<StoredProject, 'repository' | 'commit_status'>,
  git: GitAccess['kind'],
): void {
  if (commit_status === null) return;
  if (repository === null || git !== 'token')
    throw new AichorError(
      'usage',
      'what comes of an experiment is written to its commit with a token, and the project has none',
      {
        hint: 'give the https URL of the repository and --git-token, or leave --commit-status out',
      },
    );
  if (statusPlace(commit_status, repository, '0'.repeat(40)) !== null) return;
  throw new AichorError('usage', `${repository} is not the address of a repository of ${commit_status}`, {
    hint: 'name the kind of the host that the repository is at: --commit-status',
  });
}

/** What is kept of credentials that were given, and the public half of a key. */
export async function keptAccess(
  git: GitAccess,
  { name, env }: { name: string; env: Env },
): Promise<{ told: StoredProject['git']; kept: ProjectPrivateValues['git'] }> {
  switch (git.kind) {
    case 'none':
      return { told: { kind: 'none', public_key: null }, kept: null };
    case 'token':
      return { told: { kind: 'token', public_key: null }, kept: { user: git.user, token: git.token } };
    case 'deploy_key': {
      const given = git.private_key === null ? null : asOpensshReads(git.private_key);
      const { private_key, public_key } =
        given === null
          ? await makeKeyPair(`aichor-${name}`, env)
          : { private_key: given, public_key: await publicKeyOf(given, env) };
      return { told: { kind: 'deploy_key', public_key }, kept: { private_key } };
    }
  }
}

/** OpenSSH takes no key whose last line has no end, or whose lines end as on Windows. */
function asOpensshReads(key: string): string {
  return `${key.replaceAll('\r\n', '\n').trimEnd()}\n`;
}

/** Of a host of ssh, for somebody to compare. Throws AichorError. */
export function tellHostKeys(
  { repository, allow_inner_addresses }: { repository: string; allow_inner_addresses: boolean },
  env: Env,
): Promise<HostKey[]> {
  return hostKeysOf(repository, { reach: { local: false, inner: allow_inner_addresses }, env });
}
