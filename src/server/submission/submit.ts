import type { Submission } from '../../api/contract.ts';
import { AichorError } from '../../errors.ts';
import { DEFAULT_PROJECT } from '../../experiment/project-name.ts';
import { storedSummary } from '../../experiment/summary.ts';
import { accept, refuseDoubleNames, type Accepted } from './accept.ts';
import type { ControlPlane } from '../control-plane.ts';
import { idempotencyOf } from './idempotency.ts';
import { findManifest, prepare } from './prepare.ts';
import { noticeFacts } from './notice-facts.ts';
import { submitCommit } from './from-commit.ts';
import type { Idempotency } from '../store/store.ts';

/** A submission that has its defaults. */
export type CompleteSubmission = Submission & { project: string };

/**
 * Takes a submission: afterwards the experiment exists, and is taken care of whatever happens. The same idempotency
 * key with the same content gives the same experiment again.
 */
export async function submit(
  plane: ControlPlane,
  submission: Submission,
  signal: AbortSignal,
): Promise<Accepted> {
  const idempotency = idempotencyOf(submission, 'submit');
  const known = idempotency === null ? null : madeBefore(plane, idempotency);
  if (known !== null) return known;
  refuseDoubleNames(submission.env, submission.secrets);
  const complete = { ...submission, project: submission.project ?? DEFAULT_PROJECT };
  return complete.source.kind === 'local'
    ? submitLocal(plane, complete, { snapshot: complete.source.snapshot, idempotency })
    : submitCommit(plane, complete, { source: complete.source, idempotency, signal });
}

/** The experiment that this key has made, or null. Throws `conflict` when it was made from other content. */
export function madeBefore({ store }: ControlPlane, idempotency: Idempotency): Accepted | null {
  const id = store.madeWith(idempotency);
  const state = id === null ? null : store.state(id);
  return state && { summary: storedSummary(state), created: false };
}

async function submitLocal(
  plane: ControlPlane,
  submission: CompleteSubmission,
  { snapshot: digest, idempotency }: { snapshot: string; idempotency: Idempotency | null },
): Promise<Accepted> {
  // `has` keeps it from being collected before the experiment refers to it.
  const snapshot = (await plane.snapshots.has(digest)) ? await plane.snapshots.open(digest) : null;
  if (snapshot === null) {
    throw new AichorError('not_found', `the snapshot ${digest} is not here, or not complete`, {
      hint: 'send the directory again: repeat the command',
    });
  }
  const { message, project, env, secrets } = submission;
  const prepared = await prepare(
    plane.engines,
    {
      snapshot,
      submission: { message, project, env, secrets: Object.keys(secrets), vcs: {} },
      engine: { asked: submission.engine, preferred: submission.default_engine ?? plane.defaultEngine },
      python_env: submission.python_env,
      force: submission.force,
    },
    await findManifest(snapshot, submission.manifest_path),
  );
  return accept(plane, {
    engine: prepared.engine.name,
    ...{ project, message, env, idempotency },
    labels: submission.labels,
    source: { kind: 'local', snapshot: digest, repository: null, commit_sha: null, branch: null },
    manifestPath: prepared.manifestPath,
    resubmitOf: null,
    values: { secrets, shell: submission.shell, python_env: submission.python_env },
    submission: { manifest: prepared.manifest, plan: prepared.plan, keep: submission.keep, vcs: {} },
    facts: noticeFacts(prepared.notices),
  });
}
