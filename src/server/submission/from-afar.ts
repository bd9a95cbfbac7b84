import type { Resubmission, Submission } from '../../api/contract.ts';
import { AichorError } from '../../errors.ts';
import { isLocal } from '../../source/git.ts';
import type { Caller } from '../people/caller.ts';

type Given = Pick<Resubmission, 'shell' | 'python_env' | 'notify'> & { source?: Submission['source'] };

/**
 * Refuses what only the server's own user may ask for: to read a repository of its machine, to use a Python environment
 * of it, to set the variables that its programs run with (`LD_PRELOAD` is one), to run a command when it is over. Throws
 * AichorError `forbidden`.
 *
 * @param ofProject a repository of its machine that an admin has allowed the project that is meant to have
 */
export function refuseFromAfar(
  { isOwner }: Caller,
  { source, python_env, shell, notify }: Given,
  ofProject: string | null = null,
): void {
  if (isOwner) return;
  if (source?.kind === 'commit' && isLocal(source.repository) && source.repository !== ofProject)
    throw refused(
      'a repository on the server itself cannot be read over the network',
      'give an https or ssh URL; for files of yours, aichor experiments submit local',
    );
  if (python_env !== null)
    throw refused(
      'a Python environment on the server cannot be named over the network',
      'leave --python-env out: the environment is built from the Dockerfile',
    );
  if (Object.keys(shell).length > 0)
    throw refused(
      "the variables of a submitter's shell are not taken over the network",
      'leave "shell" out: the server gives its own; --env sets variables of the experiment',
    );
  if (notify?.some(({ kind }) => kind === 'command') === true)
    throw refused(
      'a command to notify is not run for others on the server itself',
      'give an https address; or wait for it here, and run the command then: aichor experiments wait',
    );
}

function refused(message: string, hint: string): AichorError {
  return new AichorError('forbidden', message, { hint });
}
