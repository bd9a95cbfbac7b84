import type { Submission } from '../../api/contract.ts';
import { accept, type Accepted } from './accept.ts';
import type { ControlPlane } from '../control-plane.ts';
import { importCommit } from './import-commit.ts';
import { describe, tryPrepare } from '../experiments/outcome.ts';
import type { Idempotency } from '../store/store.ts';
import type { CompleteSubmission } from './submit.ts';

type CommitSubmission = Extract<Submission['source'], { kind: 'commit' }>;

/** Stands in the record when no manifest was found in the commit. */
const USUAL_MANIFEST = 'aichor_manifests/manifest.yaml';

/**
 * Fetches the commit before it answers: what Git refuses is an error of the request (`not_found` with Git's reason).
 * A manifest that is missing or invalid in it is not: that experiment exists, `Failed` at `clone`.
 */
export async function submitCommit(
  plane: ControlPlane,
  submission: CompleteSubmission,
  {
    source,
    idempotency,
    signal,
  }: { source: CommitSubmission; idempotency: Idempotency | null; signal: AbortSignal },
): Promise<Accepted> {
  const { commit, snapshot } = await importCommit(plane, {
    ...source,
    manifestPath: submission.manifest_path,
    signal,
  });
  const { project, labels, env, secrets, shell, python_env, keep } = submission;
  const message = submission.message === '' ? (commit.vcs['VCS_COMMIT_MESSAGE'] ?? '') : submission.message;
  const request = {
    snapshot,
    submission: { message, project, env, secrets: Object.keys(secrets), vcs: commit.vcs },
    engine: { asked: submission.engine, preferred: submission.default_engine ?? plane.defaultEngine },
    python_env,
    force: submission.force,
  };
  const { manifest, plan, facts, ...described } = describe(
    await tryPrepare(plane.engines, request, submission.manifest_path),
    {
      engine: submission.engine ?? submission.default_engine ?? plane.defaultEngine ?? 'local',
      manifestPath: submission.manifest_path ?? USUAL_MANIFEST,
    },
  );
  const { commit_sha, repository, branch } = commit;
  return accept(plane, {
    ...described,
    ...{ project, message, labels, env, idempotency },
    source: { kind: 'commit', snapshot: snapshot.digest, repository, commit_sha, branch },
    resubmitOf: null,
    values: { secrets, shell, python_env },
    submission: { manifest, plan, keep, vcs: commit.vcs },
    facts,
  });
}
