import type { Comparison } from '../api/compare-contract.ts';
import type { EngineAddition } from '../api/engine-contract.ts';
import type {
  Annotation,
  Deletion,
  ListQuery,
  LogQuery,
  Pruning,
  Resubmission,
  Selection,
  Submission,
  WatchQuery,
} from '../api/contract.ts';
import type { Caller } from './people/caller.ts';
import type { SweepQuery, SweepResumption, SweepSubmission } from '../api/sweep-contract.ts';
import type { EnvironmentsPruning } from '../api/environments-contract.ts';
import type { OpenName, StorageQuery } from '../api/storage-contract.ts';
import type { Listing } from '../snapshot/listing/listing.ts';
import { examine } from './doctor/examine.ts';
import { addEngine, type EngineChanging } from './engines/add.ts';
import { checkEngine, fitManifest } from './engines/check.ts';
import { getEngine } from './engines/get.ts';
import { listEngines } from './engines/list.ts';
import { removeEngine } from './engines/remove.ts';
import { annotateExperiments } from './experiments/annotate.ts';
import { cancelExperiments } from './experiments/cancel.ts';
import { compareExperiments, type Comparing } from './experiments/compare.ts';
import { deleteExperiments, pruneExperiments, type Deleting } from './experiments/delete.ts';
import { getExperiment, getManifest } from './experiments/get.ts';
import { listExperiments } from './experiments/list.ts';
import { experimentLogs } from './experiments/logs.ts';
import { experimentMetrics, type MetricsReading } from './metrics/read.ts';
import { openLink, type Opening } from './experiments/open.ts';
import { usageOf } from './experiments/usage.ts';
import { watch, type Watching } from './experiments/watch.ts';
import { serverStatusOf, type Told } from './process/server-status.ts';
import type { LogStore } from './ports.ts';
import { announceLines, announceSnapshot, findSnapshot, type SnapshotTaking } from './storage/snapshots.ts';
import { readCode } from './storage/code.ts';
import { pruneEnvironments } from './storage/environments.ts';
import { listStorage, readStored } from './storage/storage.ts';
import { resubmit } from './submission/resubmit.ts';
import { submit, type Submitting } from './submission/submit.ts';
import { getSweep, listSweeps } from './sweeps/read.ts';
import { resumeSweep, type Resuming } from './sweeps/resume.ts';
import { submitSweep } from './sweeps/submit.ts';
import type { ExperimentStore } from './store/store.ts';
import type { Supervisor } from './supervision/supervisor.ts';

/** Everything that use cases are made of; each says itself what it takes of it. */
export type Parts = Submitting &
  Resuming &
  Comparing &
  Deleting &
  Watching &
  MetricsReading &
  Opening &
  EngineChanging &
  SnapshotTaking &
  Told & { store: ExperimentStore; supervisor: Supervisor; logs: LogStore };

/** All that can be asked of the control plane, whoever asks: what the routes of its HTTP contract call. */
export function useCases(parts: Parts) {
  return {
    submit: (submission: Submission, from: { caller: Caller; signal: AbortSignal }) =>
      submit(parts, submission, from),
    resubmit: (of: { ref: string; caller: Caller }, resubmission: Resubmission) =>
      resubmit(parts, of, resubmission),
    submitSweep: (submission: SweepSubmission, from: { caller: Caller; signal: AbortSignal }) =>
      submitSweep(parts, submission, from),
    resumeSweep: (of: { name: string; caller: Caller }, resumption: SweepResumption) =>
      resumeSweep(parts, of, resumption),
    listSweeps: () => listSweeps(parts),
    getSweep: (name: string, query: SweepQuery) => getSweep(parts, name, query),
    listExperiments: (query: ListQuery) => listExperiments(parts, query),
    getExperiment: (ref: string) => getExperiment(parts, ref),
    usageOf: (ref: string) => usageOf(parts, ref),
    compareExperiments: (comparison: Comparison) => compareExperiments(parts, comparison),
    getManifest: (ref: string) => getManifest(parts, ref),
    watch: (query: WatchQuery, gone: AbortSignal) => watch(parts, query, gone),
    experimentLogs: (ref: string, query: LogQuery) => experimentLogs(parts, ref, query),
    experimentMetrics: (ref: string, names: readonly string[]) => experimentMetrics(parts, ref, names),
    openLink: (ref: string, name: OpenName) => openLink(parts, ref, name),
    cancelExperiments: (selection: Selection) => cancelExperiments(parts, selection),
    annotateExperiments: (annotation: Annotation) => annotateExperiments(parts, annotation),
    deleteExperiments: (deletion: Deletion) => deleteExperiments(parts, deletion),
    pruneExperiments: (pruning: Pruning) => pruneExperiments(parts, pruning),
    listEngines: (caller: Caller) => listEngines(parts, caller),
    getEngine: (name: string) => getEngine(parts, name),
    checkEngine: (name: string) => checkEngine(parts, name),
    fitManifest: (name: string, manifest: { manifest: string; file: string }) =>
      fitManifest(parts, name, manifest),
    addEngine: (addition: EngineAddition, caller: Caller) =>
      addEngine(parts, addition, { local: caller.isOwner }),
    removeEngine: (name: string, removal: { force: boolean }) => removeEngine(parts, name, removal),
    announceSnapshot: (listing: Listing) => announceSnapshot(parts, listing),
    announceLines: (lines: AsyncIterable<Uint8Array>) => announceLines(parts, lines),
    findSnapshot: (digest: string) => findSnapshot(parts, digest),
    receiveFiles: parts.snapshots.receive,
    listStorage: (query: StorageQuery) => listStorage(parts, query),
    pruneEnvironments: (pruning: EnvironmentsPruning) => pruneEnvironments(parts, pruning),
    readCode: (ref: string) => readCode(parts, ref),
    readStored: (query: StorageQuery) => readStored(parts, query),
    serverStatus: () => serverStatusOf(parts),
    examine: () => examine(parts),
  };
}

export type UseCases = ReturnType<typeof useCases>;
