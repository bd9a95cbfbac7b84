import type { Resubmission } from '../../api/contract.ts';
import type { SnapshotReader } from '../../engines/engine.ts';
import { AichorError } from '../../errors.ts';
import { accept, refuseDoubleNames, type Accepted } from './accept.ts';
import type { ControlPlane } from '../control-plane.ts';
import { isOnThisMachine } from '../engines/place.ts';
import { privateFile } from '../process/folders.ts';
import { stateOf } from '../experiments/get.ts';
import { idempotencyOf } from './idempotency.ts';
import { describe, tryPrepare } from '../experiments/outcome.ts';
import { readPrivateValues } from './private-values.ts';
import { madeBefore } from './submit.ts';

/** A new experiment from the same code and manifest, whatever became of the first; what is given merges over it. */
export async function resubmit(
  plane: ControlPlane,
  ref: string,
  resubmission: Resubmission,
): Promise<Accepted> {
  const id = plane.store.resolve(ref);
  const idempotency = idempotencyOf(resubmission, `resubmit ${id}`);
  const known = idempotency === null ? null : madeBefore(plane, idempotency);
  if (known !== null) return known;
  refuseDoubleNames(resubmission.env, resubmission.secrets);
  const { record: first } = stateOf(plane.store, id);
  const vcs = plane.store.submission(id)?.vcs ?? {};
  const snapshot = await openSnapshot(plane, id, first.source.snapshot);
  const engine = resubmission.engine ?? first.engine;
  const { env, secrets, ...merged } = await mergedVariables(plane, id, { env: first.env, resubmission });
  // An environment of this machine is none elsewhere; one that is given now is refused there.
  const python_env = resubmission.python_env ?? (isOnThisMachine({ engine }) ? merged.python_env : null);
  const message = resubmission.message ?? first.message;
  const project = resubmission.project ?? first.project;
  const { manifest_path: manifestPath } = first;
  const request = {
    snapshot,
    submission: { message, project, env, secrets: Object.keys(secrets), vcs },
    engine: { asked: engine, preferred: null },
    python_env,
    force: resubmission.force,
  };
  const outcome = await tryPrepare(plane.engines, request, manifestPath);
  if ('invalid' in outcome && first.source.kind === 'local') throw outcome.invalid;
  const { manifest, plan, facts, ...described } = describe(outcome, { engine, manifestPath });
  return accept(plane, {
    ...described,
    ...{ project, message, env, idempotency },
    labels: { ...first.labels, ...resubmission.labels },
    source: first.source,
    resubmitOf: id,
    values: { secrets, shell: resubmission.shell, python_env },
    submission: { manifest, plan, keep: resubmission.keep, vcs },
    facts,
  });
}

async function openSnapshot(plane: ControlPlane, id: string, digest: string | null): Promise<SnapshotReader> {
  const snapshot = digest === null ? null : await plane.snapshots.open(digest);
  if (snapshot !== null) return snapshot;
  throw new AichorError('not_found', `the files of experiment ${id} are no longer here`, {
    hint: 'submit the directory or the commit again',
  });
}

/** A name that was a secret and now comes with `--env` is no secret any more, and the other way round. */
async function mergedVariables(
  plane: ControlPlane,
  id: string,
  { env, resubmission }: { env: Record<string, string>; resubmission: Resubmission },
) {
  const { secrets, python_env } = await readPrivateValues(privateFile(plane.folders, id));
  return {
    python_env,
    env: { ...without(env, resubmission.secrets), ...resubmission.env },
    secrets: { ...without(secrets, resubmission.env), ...resubmission.secrets },
  };
}

function without(values: Record<string, string>, names: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).filter(([name]) => !Object.hasOwn(names, name)));
}
