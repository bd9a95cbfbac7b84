import type { Submission } from '../../api/contract.ts';
import { DEFAULT_PROJECT } from '../../experiment/project-name.ts';
import { storedSummary } from '../../experiment/summary.ts';
import type { ExperimentStore, Idempotency } from '../store/store.ts';
import type { Acceptor } from './accept.ts';
import { filesOfCommit, type CommitReading } from './commit/from-commit.ts';
import { filesOfDirectory, type FoundFiles } from './from-directory.ts';
import { idempotencyOf } from './request-hash.ts';
import type { Preparer } from './prepare.ts';
import type { Caller } from '../people/caller.ts';
import { refuseFromAfar } from './from-afar.ts';
import { refuseDoubleNames, type Accepted, type CompleteSubmission } from './submission.ts';

/** What making an experiment of a complete submission needs. */
export interface Making {
  store: Pick<ExperimentStore, 'madeWith' | 'state'>;
  preparer: Preparer;
  acceptor: Acceptor;
}

/** For whom experiments run on the server's own machine. */
export interface LocalUse {
  /** `--local`: for everybody who may submit, and not only for the server's own user. */
  localForAll: boolean;
}

/** What submitting needs. */
export interface Submitting extends Making, CommitReading, LocalUse {
  /** Where experiments go for which nobody names an engine; null: to the embedded one. */
  defaultEngine: string | null;
}

/**
 * Takes a submission: afterwards the experiment exists, and is taken care of whatever happens. The same idempotency
 * key with the same content gives the same experiment again.
 */
export async function submit(
  by: Submitting,
  submission: Submission,
  { caller, signal }: { caller: Caller; signal: AbortSignal },
): Promise<Accepted> {
  refuseFromAfar(caller, submission);
  return makeOnce(by, idempotencyOf(submission, 'submit'), async () => {
    refuseDoubleNames(submission.env, submission.secrets);
    const completed = await complete(by, submission, signal);
    return { ...completed, may_run_here: mayRunHere(by, caller) };
  });
}

export function mayRunHere({ localForAll }: LocalUse, { isOwner }: Caller): boolean {
  return isOwner || localForAll;
}

/** Complete → prepare (which validates) → accept. What the key made before is given instead, when it did. */
export async function makeOnce(
  by: Making,
  idempotency: Idempotency | null,
  completed: () => Promise<CompleteSubmission>,
): Promise<Accepted> {
  const known = idempotency === null ? null : madeBefore(by, idempotency);
  if (known !== null) return known;
  const submission = await completed();
  return by.acceptor.accept(submission, await by.preparer.prepare(submission), idempotency);
}

/** The experiment that this key has made, or null. Throws `conflict` when it was made from other content. */
function madeBefore({ store }: Making, idempotency: Idempotency): Accepted | null {
  const id = store.madeWith(idempotency);
  const state = id === null ? null : store.state(id);
  return state && { summary: storedSummary(state), created: false };
}

async function complete(
  by: Submitting,
  { source, engine, default_engine, message, idempotency_key: _key, ...submission }: Submission,
  signal: AbortSignal,
): Promise<Omit<CompleteSubmission, 'may_run_here'>> {
  const found = await filesOf(by, { source, manifest_path: submission.manifest_path, signal });
  return {
    ...submission,
    ...found,
    message: message === '' ? (found.vcs['VCS_COMMIT_MESSAGE'] ?? '') : message,
    project: submission.project ?? DEFAULT_PROJECT,
    engine: { asked: engine, preferred: default_engine ?? by.defaultEngine },
    manifest: null,
    resubmit_of: null,
    sweep: null,
  };
}

/** The files that a submission names, as a snapshot that is here. Throws AichorError `not_found`. */
export function filesOf(
  by: CommitReading,
  { source, ...wanted }: Pick<Submission, 'source' | 'manifest_path'> & { signal: AbortSignal },
): Promise<FoundFiles> {
  return source.kind === 'local' ? filesOfDirectory(by, source) : filesOfCommit(by, { ...source, ...wanted });
}
