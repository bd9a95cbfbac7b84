import type { Submission } from '../../api/contract.ts';
import { AichorError } from '../../errors.ts';
import type { SnapshotStore } from '../ports.ts';
import type { CompleteSubmission } from './submission.ts';

/** What is known of submitted files, wherever they come from. */
export type FoundFiles = Pick<CompleteSubmission, 'source' | 'files' | 'vcs'>;

/** A directory that was sent before. Throws `not_found` unless all of it is here. */
export async function filesOfDirectory(
  { snapshots }: { snapshots: Pick<SnapshotStore, 'has' | 'open'> },
  { snapshot: digest, commit_sha, branch, dirty }: Extract<Submission['source'], { kind: 'local' }>,
): Promise<FoundFiles> {
  // `has` keeps it from being collected before the experiment refers to it.
  if (!(await snapshots.has(digest))) throw notHere(digest);
  return {
    source: { kind: 'local', snapshot: digest, repository: null, commit_sha, branch, dirty },
    files: {
      digest,
      async open() {
        const snapshot = await snapshots.open(digest);
        if (snapshot === null) throw notHere(digest);
        return snapshot;
      },
    },
    vcs: {},
  };
}

function notHere(digest: string): AichorError {
  return new AichorError('not_found', `the snapshot ${digest} is not here, or not complete`, {
    hint: 'send the directory again: repeat the command',
  });
}
