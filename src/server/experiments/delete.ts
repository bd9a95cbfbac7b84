import { rm } from 'node:fs/promises';
import type { BulkResult, Deletion, Pruning } from '../../api/contract.ts';
import { AichorError } from '../../errors.ts';
import type { ExperimentSummary } from '../../experiment/record.ts';
import { storedSummary } from '../../experiment/summary.ts';
import { crashPoint } from '../../base/io/crash-point.ts';
import { isOnThisMachine } from '../engines/place.ts';
import type { Engine } from '../../engines/engine.ts';
import type { Log, LogStore, SnapshotStore } from '../ports.ts';
import { experimentFolder, type Folders } from '../process/folders.ts';
import { stateOf, type ExperimentStore } from '../store/store.ts';
import type { PrivateStore } from '../submission/private-values.ts';
import type { Supervisor } from '../supervision/supervisor.ts';
import { outcomes, toSelected } from './selected.ts';

/** What deleting needs: everything that keeps something of an experiment. */
export interface Deleting {
  store: ExperimentStore;
  snapshots: Pick<SnapshotStore, 'collect'>;
  logs: Pick<LogStore, 'remove'>;
  engines: ReadonlyMap<string, Engine>;
  folders: Folders;
  privateValues: Pick<PrivateStore, 'remove'>;
  supervisor: Pick<Supervisor, 'settled'>;
  log: Log;
  now(): Date;
}

/** Removes records and logs of ended experiments; outputs only when asked to. A live one is a `conflict`. */
export async function deleteExperiments(
  by: Deleting,
  { outputs, ...selection }: Deletion,
): Promise<BulkResult> {
  const result = await toSelected(by.store, {
    selection,
    only: { live: false },
    act: (ids) => outcomes(ids, (id) => deleteOne(by, id, outputs)),
  });
  await collectSnapshots(by, result);
  return result;
}

/** Deletes what ended longer ago than that, of those with all these labels. */
export async function pruneExperiments(
  by: Deleting,
  { older_than_s, labels, sweep, outputs }: Pruning,
): Promise<BulkResult> {
  const endedBefore = new Date(by.now().getTime() - older_than_s * 1000).toISOString();
  const result = await toSelected(by.store, {
    selection: {
      ids: by.store.ids({ ended_before: endedBefore, label: labels, ...(sweep !== undefined && { sweep }) }),
    },
    only: {},
    act: (ids) => outcomes(ids, (id) => deleteOne(by, id, outputs)),
  });
  await collectSnapshots(by, result);
  return result;
}

/** Files first, the record last: a deletion that is cut short can be repeated. */
async function deleteOne(by: Deleting, id: string, outputs: boolean) {
  const state = stateOf(by.store, id);
  const { record } = state;
  if (!state.ended) {
    throw new AichorError('conflict', `experiment ${id} has not ended: ${record.status}`, {
      hint: `cancel it first: aichor experiments cancel ${id} --wait`,
    });
  }
  if (outputs && !isOnThisMachine(record)) throw notOurs(record);
  await by.supervisor.settled(id);
  await by.engines.get(record.engine)?.discard(id, 'deleted');
  await by.logs.remove(id);
  await rm(experimentFolder(by.folders, id), { recursive: true, force: true });
  by.privateValues.remove([id]);
  if (outputs) await removeOutputs(record.paths);
  crashPoint('delete-files');
  by.store.remove(id);
  crashPoint('delete-record');
  return storedSummary(state);
}

/** Asked to delete outputs that we do not have, it deletes nothing. */
function notOurs({ experiment_id: id, engine, paths }: ExperimentSummary): AichorError {
  return new AichorError(
    'conflict',
    `the outputs of experiment ${id} are at ${paths.output}, where its engine ${engine} wrote them`,
    {
      hint: 'delete them there, and the experiment without --outputs',
    },
  );
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
