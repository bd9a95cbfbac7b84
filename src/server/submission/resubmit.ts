import type { Resubmission } from '../../api/contract.ts';
import { AichorError } from '../../errors.ts';
import { refuseUnknownNames } from '../../experiment/plan/leaving-out.ts';
import type { ExperimentSummary } from '../../experiment/record.ts';
import { isOnThisMachine } from '../engines/place.ts';
import type { Caller } from '../people/caller.ts';
import type { SnapshotStore } from '../ports.ts';
import { projectMeant } from '../projects/rules.ts';
import { stateOf, type ExperimentStore } from '../store/store.ts';
import { refuseFromAfar } from './from-afar.ts';
import { idempotencyOf } from './request-hash.ts';
import type { Notifier } from '../told/notifier.ts';
import type { PrivateStore } from './private-values.ts';
import {
  refuseDoubleNames,
  type Accepted,
  type CompleteSubmission,
  type OfCaller,
  type SubmittedFiles,
} from './submission.ts';
import { makeOnce, ofCaller, type CallerReading, type Making } from './submit.ts';

/** What submitting again needs. */
export interface Resubmitting extends Making, CallerReading {
  store: Pick<ExperimentStore, 'madeWith' | 'state' | 'resolve' | 'submission'>;
  snapshots: SnapshotStore;
  privateValues: Pick<PrivateStore, 'read' | 'ofProject'>;
  notifier: Pick<Notifier, 'targets' | 'accepted'>;
}

/** A new experiment from the same code and manifest, whatever became of the first; what is given merges over it. */
export async function resubmit(
  by: Resubmitting,
  { ref, caller }: { ref: string; caller: Caller },
  asked: Resubmission,
): Promise<Accepted> {
  refuseFromAfar(caller, asked);
  const resubmission = { ...asked, project: asked.project && projectMeant(caller, asked.project) };
  const id = by.store.resolve(ref);
  return makeOnce(by, idempotencyOf(resubmission, `resubmit ${id}`), async () => {
    refuseDoubleNames(resubmission.env, resubmission.secrets);
    const completed = await completeAgain(by, id, resubmission);
    const notify =
      resubmission.notify === null
        ? by.notifier.targets(id)
        : by.notifier.accepted(caller, resubmission.notify);
    return { ...completed, ...ofCaller(by, caller, completed.project), notify };
  });
}

async function completeAgain(
  by: Resubmitting,
  id: string,
  resubmission: Resubmission,
): Promise<Omit<CompleteSubmission, keyof OfCaller | 'notify'>> {
  const { record: first } = stateOf(by.store, id);
  refuseUnknownNames(first, { labels: resubmission.drop_labels, env: resubmission.drop_env });
  const engine = resubmission.engine ?? first.engine;
  const again = by.store.submission(id);
  const dropped = new Set(resubmission.drop_labels);
  const kept = Object.fromEntries(Object.entries(first.labels).filter(([key]) => !dropped.has(key)));
  const { python_env, ...merged } = await mergedVariables(by, id, { first, resubmission });
  return {
    ...merged,
    source: first.source,
    files: await filesAgain(by, id, first.source.snapshot),
    manifest_path: first.manifest_path,
    manifest: again?.manifest || null,
    set: resubmission.set,
    project: resubmission.project ?? first.project,
    message: resubmission.message ?? first.message,
    labels: { ...kept, ...resubmission.labels },
    shell: resubmission.shell,
    // An environment of this machine is none elsewhere; one that is given now is refused there.
    python_env: resubmission.python_env ?? (isOnThisMachine({ engine }) ? python_env : null),
    rebuild: resubmission.rebuild,
    storage: resubmission.storage ?? again?.plan?.storage.kind ?? null,
    container: resubmission.container ?? again?.plan?.container ?? null,
    engine: { asked: engine, preferred: null },
    force: resubmission.force,
    keep: resubmission.keep,
    vcs: again?.vcs ?? {},
    resubmit_of: id,
    // A further experiment beside the sweep, not one of it.
    sweep: null,
  };
}

/** The files of an experiment that was submitted before. Throws `not_found` when they are gone. */
export async function filesAgain(
  { snapshots }: Pick<Resubmitting, 'snapshots'>,
  id: string,
  digest: string | null,
): Promise<SubmittedFiles> {
  const snapshot = digest === null ? null : await snapshots.open(digest);
  if (snapshot !== null) return { digest: snapshot.digest, open: async () => snapshot };
  throw new AichorError('not_found', `the files of experiment ${id} are no longer here`, {
    hint: 'submit the directory or the commit again',
  });
}

/** What is dropped goes, unless it is given anew. A name that was a secret and now comes with `--env` is no secret any more, and the other way round. */
async function mergedVariables(
  by: Resubmitting,
  id: string,
  { first, resubmission }: { first: Pick<ExperimentSummary, 'env' | 'secrets'>; resubmission: Resubmission },
) {
  const { secrets: all, python_env } = await by.privateValues.read(id);
  const { env } = first;
  const { drop_env: dropped } = resubmission;
  // Those that its project gave are the project's to give again.
  const own = new Set(first.secrets);
  const secrets = Object.fromEntries(Object.entries(all).filter(([name]) => own.has(name)));
  return {
    python_env,
    env: { ...without(env, [...dropped, ...Object.keys(resubmission.secrets)]), ...resubmission.env },
    secrets: { ...without(secrets, [...dropped, ...Object.keys(resubmission.env)]), ...resubmission.secrets },
  };
}

function without(values: Record<string, string>, names: readonly string[]): Record<string, string> {
  const gone = new Set(names);
  return Object.fromEntries(Object.entries(values).filter(([name]) => !gone.has(name)));
}
