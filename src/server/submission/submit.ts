import type { Submission } from '../../api/contract.ts';
import { DEFAULT_PROJECT } from '../../experiment/project-name.ts';
import { storedSummary } from '../../experiment/summary.ts';
import type { ExperimentStore, Idempotency } from '../store/store.ts';
import type { Acceptor } from './accept.ts';
import { filesOfCommit, type CommitReading } from './commit/from-commit.ts';
import { filesOfDirectory, type FoundFiles } from './from-directory.ts';
import { idempotencyOf } from './request-hash.ts';
import type { Preparer } from './prepare.ts';
import type { Notifier } from '../told/notifier.ts';
import type { Caller } from '../people/caller.ts';
import { reachedBy } from '../projects/reached.ts';
import { mayRunHere, projectMeant, rulesOf, type RuleReading } from '../projects/rules.ts';
import { refuseFromAfar } from './from-afar.ts';
import { refuseDoubleNames, type Accepted, type CompleteSubmission, type OfCaller } from './submission.ts';

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

/** What is asked of whoever submits. */
export type CallerReading = LocalUse & RuleReading;

/** What submitting needs. */
export interface Submitting extends Making, CommitReading, CallerReading {
  /** Where experiments go for which nobody names an engine; null: to the embedded one. */
  defaultEngine: string | null;
  notifier: Pick<Notifier, 'accepted'>;
}

/**
 * Takes a submission: afterwards the experiment exists, and is taken care of whatever happens. The same idempotency
 * key with the same content gives the same experiment again.
 */
export async function submit(
  by: Submitting,
  asked: Submission,
  { caller, signal }: { caller: Caller; signal: AbortSignal },
): Promise<Accepted> {
  const submission = { ...asked, project: projectMeant(caller, asked.project) };
  const project = by.projects.named(submission.project ?? DEFAULT_PROJECT);
  refuseFromAfar(caller, asked, project?.allow_local_repository === true ? project.repository : null);
  return makeOnce(by, idempotencyOf(submission, 'submit'), async () => {
    refuseDoubleNames(submission.env, submission.secrets);
    const completed = await complete(by, submission, { caller, signal });
    const notify = by.notifier.accepted(caller, submission.notify);
    return { ...completed, notify, ...ofCaller(by, caller, completed.project) };
  });
}

/** What follows from who submits, and to which project. */
export function ofCaller(by: CallerReading, caller: Caller, project: string): OfCaller {
  const made = by.projects.named(project);
  return {
    may_run_here: mayRunHere(made, caller, by.localForAll),
    submitted_by: caller.name,
    rules: rulesOf(by, project),
  };
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
  { source, engine, default_engine, message, idempotency_key: _key, notify: _n, ...submission }: Submission,
  { caller, signal }: { caller: Caller; signal: AbortSignal },
): Promise<Omit<CompleteSubmission, keyof OfCaller | 'notify'>> {
  const { manifest_path, project } = submission;
  const found = await filesOf(by, { source, manifest_path, project, caller, signal });
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

type WantedFiles = Pick<Submission, 'source' | 'manifest_path' | 'project'> & {
  caller: Pick<Caller, 'isOwner'>;
  signal: AbortSignal;
};

/** The files that a submission names, as a snapshot that is here. Throws AichorError `not_found`. */
export function filesOf(
  by: CommitReading & CallerReading,
  { source, project, caller, manifest_path, signal }: WantedFiles,
): Promise<FoundFiles> {
  if (source.kind === 'local') return filesOfDirectory(by, source);
  const reached = reachedBy(by, {
    repository: source.repository,
    project: project ?? DEFAULT_PROJECT,
    caller,
  });
  return filesOfCommit(by, { ...source, ...reached, manifest_path, signal });
}
