import type { Resubmission } from '../../api/contract.ts';
import { AichorError } from '../../errors.ts';
import { isOnThisMachine } from '../engines/place.ts';
import type { Caller } from '../people/caller.ts';
import type { SnapshotStore } from '../ports.ts';
import { stateOf, type ExperimentStore } from '../store/store.ts';
import { refuseFromAfar } from './from-afar.ts';
import { idempotencyOf } from './request-hash.ts';
import type { PrivateStore } from './private-values.ts';
import {
  refuseDoubleNames,
  type Accepted,
  type CompleteSubmission,
  type SubmittedFiles,
} from './submission.ts';
import { makeOnce, mayRunHere, type Making, type LocalUse } from './submit.ts';

/** What submitting again needs. */
export interface Resubmitting extends Making, LocalUse {
  store: Pick<ExperimentStore, 'madeWith' | 'state' | 'resolve' | 'submission'>;
  snapshots: SnapshotStore;
  privateValues: Pick<PrivateStore, 'read'>;
}

/** A new experiment from the same code and manifest, whatever became of the first; what is given merges over it. */
export async function resubmit(
  by: Resubmitting,
  { ref, caller }: { ref: string; caller: Caller },
  resubmission: Resubmission,
): Promise<Accepted> {
  refuseFromAfar(caller, resubmission);
  const id = by.store.resolve(ref);
  return makeOnce(by, idempotencyOf(resubmission, `resubmit ${id}`), async () => {
    refuseDoubleNames(resubmission.env, resubmission.secrets);
    const completed = await completeAgain(by, id, resubmission);
    return { ...completed, may_run_here: mayRunHere(by, caller) };
  });
}

async function completeAgain(
  by: Resubmitting,
  id: string,
  resubmission: Resubmission,
): Promise<Omit<CompleteSubmission, 'may_run_here'>> {
  const { record: first } = stateOf(by.store, id);
  const engine = resubmission.engine ?? first.engine;
  const again = by.store.submission(id);
  const dropped = new Set(resubmission.drop_labels);
  const kept = Object.fromEntries(Object.entries(first.labels).filter(([key]) => !dropped.has(key)));
  const { python_env, ...merged } = await mergedVariables(by, id, { env: first.env, resubmission });
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

/** A name that was a secret and now comes with `--env` is no secret any more, and the other way round. */
async function mergedVariables(
  by: Resubmitting,
  id: string,
  { env, resubmission }: { env: Record<string, string>; resubmission: Resubmission },
) {
  const { secrets, python_env } = await by.privateValues.read(id);
  return {
    python_env,
    env: { ...without(env, resubmission.secrets), ...resubmission.env },
    secrets: { ...without(secrets, resubmission.env), ...resubmission.secrets },
  };
}

function without(values: Record<string, string>, names: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).filter(([name]) => !Object.hasOwn(names, name)));
}
