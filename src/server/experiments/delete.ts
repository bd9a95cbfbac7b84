import { rm } from 'node:fs/promises';
import type { BulkResult, Deletion, Pruning } from '../../api/contract.ts';
import { AichorError } from '../../errors.ts';
import type { ExperimentSummary } from '../../experiment/record.ts';
import { storedSummary } from '../../experiment/summary.ts';
import { parseAddress } from '../../object-store/client/access.ts';
import { crashPoint } from '../../base/io/crash-point.ts';
import { isInFolders } from '../engines/place.ts';
import type { Caller } from '../people/caller.ts';
import { noteOthersWork } from '../people/others-work.ts';
import type { Log, LogStore, SnapshotStore } from '../ports.ts';
import { experimentFolder, type Folders } from '../process/folders.ts';
import { placeOfOutputs, type StorageReading } from '../storage/places.ts';
import { stateOf, type ExperimentStore } from '../store/store.ts';
import type { AuditTable } from '../store/tables/audit.ts';
import type { Notifier } from '../told/notifier.ts';
import type { PrivateStore } from '../submission/private-values.ts';
import type { Supervisor } from '../supervision/supervisor.ts';
import { outcomes, toSelected } from './selected.ts';

/** What deleting needs: everything that keeps something of an experiment. */
export interface Deleting extends StorageReading {
  store: ExperimentStore;
  snapshots: Pick<SnapshotStore, 'collect'>;
  logs: Pick<LogStore, 'remove'>;
  folders: Folders;
  privateValues: StorageReading['privateValues'] & Pick<PrivateStore, 'remove'>;
  notifier: Pick<Notifier, 'remove'>;
  supervisor: Pick<Supervisor, 'removing'>;
  audit: Pick<AuditTable, 'add'>;
  log: Log;
}

/** Removes records and logs of ended experiments; outputs only when asked to. A live one is a `conflict`. */
export async function deleteExperiments(
  by: Deleting,
  { outputs, ...selection }: Deletion,
  caller: Caller,
): Promise<BulkResult> {
  const result = await toSelected(by.store, {
    selection,
    only: { live: false },
    act: deleting(by, caller, outputs),
  });
  await collectSnapshots(by, result);
  return result;
}

/** Deletes what ended longer ago than that, of those with all these labels. */
export async function pruneExperiments(
  by: Deleting,
  { older_than_s, labels, sweep, outputs }: Pruning,
  caller: Caller,
): Promise<BulkResult> {
  const endedBefore = new Date(by.now().getTime() - older_than_s * 1000).toISOString();
  const result = await toSelected(by.store, {
    selection: {
      ids: by.store.ids({ ended_before: endedBefore, label: labels, ...(sweep !== undefined && { sweep }) }),
    },
    only: {},
    act: deleting(by, caller, outputs),
  });
  await collectSnapshots(by, result);
  return result;
}

function deleting(by: Deleting, caller: Caller, outputs: boolean) {
  return (ids: readonly string[]) => {
    noteOthersWork(by, caller, { deed: 'experiment.delete', ids, live: false });
    return outcomes(ids, (id) => deleteOne(by, id, outputs));
  };
}

async function deleteOne(by: Deleting, id: string, outputs: boolean) {
  const state = stateOf(by.store, id);
  const { record } = state;
  if (!state.ended) {
    throw new AichorError('conflict', `experiment ${id} has not ended: ${record.status}`, {
      hint: `cancel it first: aichor experiments cancel ${id} --wait`,
    });
  }
  // First what may fail: then nothing has been deleted.
  if (outputs && !isInFolders(record)) await removeFromStore(by, record);
  await by.supervisor.removing(id, () => removeAll(by, record, outputs));
  return storedSummary(state);
}

/** Files first, the record last: a deletion that is cut short can be repeated. */
async function removeAll(by: Deleting, record: ExperimentSummary, outputs: boolean): Promise<void> {
  const { experiment_id: id } = record;
  await by.engines.get(record.engine)?.discard(id, 'deleted');
  await by.logs.remove(id);
  await rm(experimentFolder(by.folders, id), { recursive: true, force: true });
  if (outputs && isInFolders(record)) await removeOutputs(record.paths);
  // Last what has to be written: by now there is room.
  by.privateValues.remove(id);
  by.notifier.remove([id]);
  crashPoint('delete-files');
  by.store.remove(id);
  crashPoint('delete-record');
}

/** Outputs in an object store. Throws AichorError when they cannot be removed, or are not only its own. */
async function removeFromStore(by: Deleting, record: ExperimentSummary): Promise<void> {
  const { experiment_id: id, engine, paths } = record;
  const hint = 'delete them there, and the experiment without --outputs';
  if (!paths.output.includes(id))
    throw new AichorError(
      'conflict',
      `the outputs of experiment ${id} are at ${paths.output}, where those of others are too`,
      { hint },
    );
  if (parseAddress(paths.output) === null)
    throw new AichorError(
      'conflict',
      `the outputs of experiment ${id} are at ${paths.output}, where its engine ${engine} wrote them`,
      { hint },
    );
  const { files } = await placeOfOutputs(by, record);
  await files.removeAll(AbortSignal.any([by.closing]));
}

async function removeOutputs({
  output,
  tensorboard,
}: {
  output: string;
  tensorboard: string | null;
}): Promise<void> {
  for (const folder of [output, tensorboard]) {
    if (folder !== null) await rm(folder, { recursive: true, force: true });
  }
}

/** Files of experiments that are gone. Failing to tidy up does not undo what was asked for. */
async function collectSnapshots(
  { store, snapshots, log }: Deleting,
  { experiments }: BulkResult,
): Promise<void> {
  if (experiments.length === 0) return;
  try {
    await snapshots.collect(store.snapshots());
  } catch (error) {
    log.error({ err: error }, 'snapshots could not be collected');
  }
}
