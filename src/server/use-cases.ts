import type { Readable } from 'node:stream';
import type { MatchesQuery, OutlineQuery } from '../api/console/log-contract.ts';
import type { CountsQuery } from '../api/console/console-contract.ts';
import type { Comparison } from '../api/compare-contract.ts';
import type { EngineAddition, EngineQueueQuery } from '../api/engine-contract.ts';
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
import type { HostKeyQuery, ProjectCreation, ProjectUpdate } from '../api/team/project-contract.ts';
import type { EventsQuery } from '../api/told/event-contract.ts';
import type { HookQuery, TriggerQuery } from '../api/team/hook-contract.ts';
import { explainPush } from './hooks/explain.ts';
import { hookOf, listDeliveries, redeliver, type HookManaging } from './hooks/manage.ts';
import type { Caller } from './people/caller.ts';
import { storageSeenBy, storeSeenBy } from './people/sight.ts';
import { tellHostKeys } from './projects/git.ts';
import { createProject, deleteProject, getProject, listProjects, updateProject } from './projects/manage.ts';
import type { ProjectSight } from './store/conditions.ts';
import type { SweepQuery, SweepResumption, SweepSubmission } from '../api/sweep-contract.ts';
import type { DiskPruning } from '../api/prune-contract.ts';
import type {
  FileQuery,
  FileSending,
  FilesSending,
  FilesWanted,
  StorageQuery,
  UploadBeginning,
} from '../api/storage-contract.ts';
import type { Listing } from '../snapshot/listing/listing.ts';
import { examine } from './doctor/examine.ts';
import { addEngine, type EngineChanging } from './engines/add.ts';
import { checkEngine, fitManifest } from './engines/check.ts';
import { engineQueue, getEngine } from './engines/get.ts';
import { listEngines } from './engines/list.ts';
import { removeEngine } from './engines/remove.ts';
import { openPod, type PodsOpening } from './exec/open.ts';
import { annotateExperiments } from './experiments/annotate.ts';
import { cancelExperiments } from './experiments/cancel.ts';
import { compareExperiments, type Comparing } from './experiments/compare.ts';
import { deleteExperiments, pruneExperiments, type Deleting } from './experiments/delete.ts';
import { getExperiment, getManifest, longExperiment, manifestFindings } from './experiments/get.ts';
import { countExperiments, listExperiments } from './experiments/list.ts';
import { experimentLogs, logMatches, logOutline } from './experiments/logs.ts';
import { experimentMetrics, type MetricsReading } from './metrics/read.ts';
import { openLink, type Opening } from './experiments/open.ts';
import { getPlan } from './console/plan.ts';
import { usageHistory, usageOf } from './experiments/usage.ts';
import { watch, type Resumed, type Watching } from './experiments/watch.ts';
import { serverStatusOf, type Told } from './process/server-status.ts';
import type { LogStore } from './ports.ts';
import { announceLines, announceSnapshot, findSnapshot, type SnapshotTaking } from './storage/snapshots.ts';
import { readCode } from './storage/code.ts';
import { pruneEnvironments } from './storage/environments.ts';
import { pruneImages } from './storage/images.ts';
import {
  beginUpload,
  completeUpload,
  listStorage,
  readStored,
  storeFile,
  storePart,
} from './storage/storage.ts';
import { readSmall, storeSmall } from './storage/small-files.ts';
import type { StorageReading } from './storage/places.ts';
import { resubmit } from './submission/resubmit.ts';
import { submit, type Submitting } from './submission/submit.ts';
import { getSweep, listSweeps } from './sweeps/read.ts';
import { events } from './told/events.ts';
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
  PodsOpening &
  StorageReading &
  EngineChanging &
  SnapshotTaking &
  HookManaging &
  Told & { store: ExperimentStore; supervisor: Supervisor; logs: LogStore };

/** All that can be asked of the control plane, whoever asks: what the routes of its HTTP contract call. */
export function useCases(parts: Parts, sight: ProjectSight = {}) {
  return {
    /** The same for somebody whose key is for some projects: nothing of others is there. */
    seenBy: ({ projects }: Pick<Caller, 'projects'>): UseCases =>
      projects === null ? useCases(parts, sight) : useCases(partsSeenBy(parts, projects), { projects }),
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
    countExperiments: (query: CountsQuery) => countExperiments(parts, { ...query, ...sight }),
    getExperiment: (ref: string) => getExperiment(parts, ref),
    longExperiment: (ref: string) => longExperiment(parts, ref),
    openPod: (place: { ref: string; pod: string }, caller: Caller) => openPod(parts, place, caller),
    usageOf: (ref: string) => usageOf(parts, ref),
    usageHistory: (ref: string) => usageHistory(parts, ref),
    compareExperiments: (comparison: Comparison) => compareExperiments(parts, comparison),
    getManifest: (ref: string) => getManifest(parts, ref),
    manifestFindings: (ref: string) => manifestFindings(parts, ref),
    getPlan: (ref: string) => getPlan(parts, ref),
    watch: (query: WatchQuery & Resumed, gone: AbortSignal) => watch(parts, { ...query, ...sight }, gone),
    events: (query: EventsQuery, gone: AbortSignal) => events(parts, { ...query, ...sight }, gone),
    experimentLogs: (ref: string, query: LogQuery) => experimentLogs(parts, ref, query),
    logOutline: (ref: string, query: OutlineQuery) => logOutline(parts, ref, query),
    logMatches: (of: { ref: string; signal: AbortSignal }, query: MatchesQuery) =>
      logMatches(parts, of, query),
    experimentMetrics: (ref: string, names: readonly string[]) => experimentMetrics(parts, ref, names),
    openLink: (what: Parameters<typeof openLink>[1]) => openLink(parts, what),
    cancelExperiments: (selection: Selection, caller: Caller) => cancelExperiments(parts, selection, caller),
    annotateExperiments: (annotation: Annotation) => annotateExperiments(parts, annotation),
    deleteExperiments: (deletion: Deletion, caller: Caller) => deleteExperiments(parts, deletion, caller),
    pruneExperiments: (pruning: Pruning, caller: Caller) => pruneExperiments(parts, pruning, caller),
    listProjects: (caller: Caller) => listProjects(parts, caller),
    createProject: (creation: ProjectCreation, caller: Caller) => createProject(parts, creation, caller),
    tellHostKeys: (query: HostKeyQuery) => tellHostKeys(query, parts.env),
    getProject: (name: string, caller: Caller) => getProject(parts, name, caller),
    updateProject: (which: { name: string; caller: Caller }, update: ProjectUpdate) =>
      updateProject(parts, which, update),
    deleteProject: (name: string, caller: Caller) => deleteProject(parts, name, caller),
    hookOf: (which: { name: string; caller: Caller }, query: HookQuery) => hookOf(parts, which, query),
    listDeliveries: (which: { name: string; caller: Caller }, limit: number) =>
      listDeliveries(parts, which, limit),
    explainPush: (which: { name: string; caller: Caller }, query: TriggerQuery) =>
      explainPush(parts, which, query),
    redeliver: (which: { name: string; caller: Caller }, id: string) => redeliver(parts, which, id),
    listEngines: (caller: Caller) => listEngines(parts, caller),
    getEngine: (name: string) => getEngine(parts, name),
    engineQueue: (of: { name: string; caller: Caller }, query: EngineQueueQuery) =>
      engineQueue(parts, of, query),
    checkEngine: (name: string) => checkEngine(parts, name),
    fitManifest: (name: string, manifest: { manifest: string; file: string }) =>
      fitManifest(parts, name, manifest),
    addEngine: (addition: EngineAddition, caller: Caller) => addEngine(parts, addition, caller),
    removeEngine: (name: string, removal: { force: boolean; caller: Caller }) =>
      removeEngine(parts, name, removal),
    announceSnapshot: (listing: Listing) => announceSnapshot(parts, listing),
    announceLines: (lines: AsyncIterable<Uint8Array>) => announceLines(parts, lines),
    findSnapshot: (digest: string) => findSnapshot(parts, digest),
    receiveFiles: parts.snapshots.receive,
    listStorage: (query: StorageQuery) => listStorage(parts, storageSeenBy(query, sight.projects)),
    pruneEnvironments: (pruning: DiskPruning) => pruneEnvironments(parts, pruning),
    pruneImages: (pruning: DiskPruning) => pruneImages(parts, pruning),
    readCode: (ref: string) => readCode(parts, ref),
    readStored: (query: FileQuery) => readStored(parts, storageSeenBy(query, sight.projects)),
    storeFile: (sending: FileSending, content: Readable) =>
      storeFile(parts, storageSeenBy(sending, sight.projects), content),
    storeSmall: (sending: FilesSending, packed: AsyncIterable<Uint8Array>) =>
      storeSmall(parts, storageSeenBy({ ...sending, path: '' }, sight.projects), packed),
    readSmall: (wanted: FilesWanted) =>
      readSmall(parts, storageSeenBy({ ...wanted, path: '' }, sight.projects)),
    beginUpload: (beginning: UploadBeginning) => beginUpload(parts, storageSeenBy(beginning, sight.projects)),
    storePart: (part: FileSending & { upload: string; number: number }, content: Readable) =>
      storePart(parts, storageSeenBy(part, sight.projects), content),
    completeUpload: (upload: FileSending & { upload: string }) =>
      completeUpload(parts, storageSeenBy(upload, sight.projects)),
    /** Throws when the database cannot be read. */
    readable: () => void parts.store.liveCount(),
    serverStatus: () => serverStatusOf(parts, sight.projects ?? null),
    examine: () => examine(parts),
  };
}

export interface UseCases extends Omit<ReturnType<typeof useCases>, 'seenBy'> {
  seenBy(caller: Pick<Caller, 'projects'>): UseCases;
}

/** With another store; what is told anew each time (the address) stays so. */
function partsSeenBy(parts: Parts, projects: readonly string[]): Parts {
  const store = storeSeenBy(parts.store, projects);
  return Object.defineProperties(
    { ...parts },
    { ...Object.getOwnPropertyDescriptors(parts), store: { value: store } },
  );
}
