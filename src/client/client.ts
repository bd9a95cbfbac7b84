import { Readable } from 'node:stream';
import type { ConsoleOpened } from '../api/console/console-contract.ts';
import type {
  AnnotationInput,
  BulkResult,
  ExperimentList,
  ExperimentMetrics,
  ListQueryInput,
  LogQueryInput,
  PruningInput,
  ResubmissionInput,
  Selection,
  ServerStatus,
  SubmissionInput,
  Usage,
  UsageHistory,
} from '../api/contract.ts';
import type {
  EngineAdded,
  EngineAdditionInput,
  EngineCheck,
  EngineDocument,
  EngineFit,
  EngineList,
} from '../api/engine-contract.ts';
import type { DiskPruning, EnvironmentsPruned, ImagesPruned } from '../api/prune-contract.ts';
import type { AuditList, AuditQueryInput } from '../api/team/audit-contract.ts';
import type { Identity, KeyCreated, KeyCreationInput, KeyDocument, KeyList } from '../api/key-contract.ts';
import type { DeliveryList, HookAnswer, HookQueryInput } from '../api/team/hook-contract.ts';
import type {
  HostKeyAnswer,
  HostKeyQueryInput,
  ProjectCreationInput,
  ProjectDocument,
  ProjectList,
  ProjectUpdateInput,
} from '../api/team/project-contract.ts';
import type {
  FileQueryInput,
  Opened,
  OpenName,
  StorageList,
  StorageQueryInput,
} from '../api/storage-contract.ts';
import type {
  SweepDocument,
  SweepList,
  SweepResumption,
  SweepSubmissionInput,
  SweepSubmitted,
} from '../api/sweep-contract.ts';
import type { EventsQueryInput } from '../api/told/event-contract.ts';
import type { Examination } from '../api/examination.ts';
import type { Compared, ComparisonInput } from '../api/compare-contract.ts';
import type { ExperimentRecord, ExperimentSummary } from '../experiment/record.ts';
import { FRAME_TYPE } from '../snapshot/listing/frame.ts';
import { isAichorError, systemErrorCode } from '../errors.ts';
import { again, doubling } from '../base/async/again.ts';
import { isAbsent } from '../base/io/files-sync.ts';
import type { Query } from '../base/http/query.ts';
import { asQuery, movingBy, type FileMover } from './moving.ts';
import { readText } from '../base/http/send.ts';
import type { Address } from './address.ts';
import { send, sendForBytes, sendForJson, type HttpRequest, type Target } from './http.ts';
import { flagOfSame, isUnanswered, unanswered } from './unanswered.ts';

export interface ClientOptions {
  address: Address;
  apiKey: string | null;
  /** Aborts every request. */
  signal?: AbortSignal | undefined;
  /** Finds (or starts) the server again after its connection was lost; requests that may be repeated are. */
  reconnect?: (() => Promise<Address>) | undefined;
}

/** What a snapshot still lacks on the server. */
export interface AnnouncedSnapshot {
  digest: string;
  /** Which of the lines that were sent (counted from 0, the first one left out; from and to) name what it does not have. */
  missing_lines: [number, number][];
}

/**
 * Silence after which a connection over a network counts as lost. Streams of lines say something every 15 seconds; the
 * bytes of a pod cannot, so they are asked for again now and then.
 */
const SILENT_MS = { lines: 45_000, bytes: 300_000, answers: 120_000 };

/** Typed calls of every route of the contract. All throw AichorError. */
export interface Client extends FileMover {
  health(): Promise<{ version: string; pid: number }>;
  server(): Promise<ServerStatus>;
  stopServer(): Promise<ServerStatus>;
  /** Has it read all that it keeps, and mend what is damaged. */
  examine(): Promise<Examination>;
  /** Whether the server has all of a snapshot; then it stays there long enough to be submitted. */
  holds(digest: string): Promise<boolean>;
  /** A listing as lines of JSON. */
  announce(lines: Uint8Array): Promise<AnnouncedSnapshot>;
  /** Contents one after another (`frame.ts`). */
  uploadContents(digest: string, contents: Readable, encoding?: string): Promise<{ missing: string[] }>;
  submit(submission: SubmissionInput): Promise<ExperimentSummary>;
  resubmit(ref: string, resubmission: ResubmissionInput): Promise<ExperimentSummary>;
  submitSweep(submission: SweepSubmissionInput): Promise<SweepSubmitted>;
  resumeSweep(name: string, resumption: SweepResumption): Promise<SweepSubmitted>;
  sweeps(): Promise<SweepList>;
  /** `metrics`: names of those that are given; `*`: all. */
  sweep(name: string, metrics?: readonly string[]): Promise<SweepDocument>;
  compare(comparison: ComparisonInput): Promise<Compared>;
  list(query: ListQueryInput): Promise<ExperimentList>;
  get(ref: string): Promise<ExperimentRecord>;
  /** The same as JSON, for who only hands it on: of thousands of pods. */
  getJson(ref: string): Promise<Uint8Array>;
  /** What the pods that run take at present. */
  usage(ref: string): Promise<Usage>;
  /** What they took while they ran. */
  usageHistory(ref: string): Promise<UsageHistory>;
  manifest(ref: string): Promise<string>;
  /** Series of metrics; with names, only these. */
  metrics(ref: string, names: readonly string[]): Promise<ExperimentMetrics>;
  /** The open response: NDJSON or raw bytes, as they come. */
  logs(ref: string, query: LogQueryInput): Promise<Readable>;
  /** The open response: one summary a line, present states first. */
  watch(query: { id: string[] } | ListQueryInput): Promise<Readable>;
  /** The open response: changes of all experiments, one a line, and lines of the stream's own between them. */
  events(query: EventsQueryInput): Promise<Readable>;
  cancel(selection: Selection): Promise<BulkResult>;
  /** Labels and notes. */
  annotate(annotation: AnnotationInput): Promise<BulkResult>;
  delete(selection: Selection & { outputs?: boolean }): Promise<BulkResult>;
  prune(pruning: PruningInput): Promise<BulkResult>;
  pruneEnvironments(pruning: DiskPruning): Promise<EnvironmentsPruned>;
  pruneImages(pruning: DiskPruning): Promise<ImagesPruned>;
  identity(): Promise<Identity>;
  /** Where a browser of this user finds the console. */
  console(): Promise<ConsoleOpened>;
  keys(): Promise<KeyList>;
  createKey(wish: KeyCreationInput): Promise<KeyCreated>;
  revokeKey(name: string): Promise<KeyDocument>;
  rotateKey(name: string): Promise<KeyCreated>;
  audit(query: AuditQueryInput): Promise<AuditList>;
  projects(): Promise<ProjectList>;
  project(name: string): Promise<ProjectDocument>;
  createProject(creation: ProjectCreationInput): Promise<ProjectDocument>;
  updateProject(name: string, update: ProjectUpdateInput): Promise<ProjectDocument>;
  deleteProject(name: string): Promise<ProjectDocument>;
  /** By which the host of a repository says that it is known. */
  hostKeys(query: HostKeyQueryInput): Promise<HostKeyAnswer>;
  /** What the host of its repository is to be told. */
  hook(name: string, query: HookQueryInput): Promise<HookAnswer>;
  deliveries(name: string, limit: number): Promise<DeliveryList>;
  redeliver(name: string, id: string): Promise<DeliveryList>;
  engines(): Promise<EngineList>;
  engine(name: string): Promise<EngineDocument>;
  addEngine(addition: EngineAdditionInput): Promise<EngineAdded>;
  removeEngine(name: string, options: { force: boolean }): Promise<EngineDocument>;
  checkEngine(name: string): Promise<EngineCheck>;
  /** What it lacks at present for a manifest; `file` is what that is called in what is said. */
  fitEngine(name: string, query: { manifest: string; file: string }): Promise<EngineFit>;
  open(ref: string, name: OpenName): Promise<Opened>;
  /** The open response: the code of an experiment, as a tar archive (`LAST_OF_CODE`). */
  code(ref: string): Promise<Readable>;
  storage(query: StorageQueryInput): Promise<StorageList>;
  /** The open response: the file's bytes, as they come. */
  storedFile(query: FileQueryInput): Promise<Readable>;
}

export function createClient(options: ClientOptions): Client {
  const call = createCall(options);
  const json = <T>(request: HttpRequest) => call((target) => sendForJson<T>(target, request), request);
  const bytes = (request: HttpRequest) => call((target) => sendForBytes(target, request), request);
  const open = (request: HttpRequest) => call((target) => send(target, request), request);
  const get = <T>(path: string, query?: Query) => json<T>(reading(options, path, query));
  const stream = (path: string, silentMs: number, query?: object) =>
    open({ method: 'GET', path, query: query && asQuery(query), silentMs, signal: options.signal });
  const post = <T>(path: string, body: unknown = {}) =>
    json<T>({ method: 'POST', path, json: body, signal: options.signal });
  const at = (ref: string, rest = '') => `/experiments/${encodeURIComponent(ref)}${rest}`;
  const projectAt = (name: string, rest = '') => `/projects/${encodeURIComponent(name)}${rest}`;
  const keyAt = (name: string, rest = '') => `/keys/${encodeURIComponent(name)}${rest}`;
  const engineAt = (name: string, rest = '') => `/engines/${encodeURIComponent(name)}${rest}`;
  return {
    health: () => get('/health'),
    server: () => get('/server'),
    stopServer: () => post('/server/stop'),
    examine: () => post('/server/examine'),
    holds: (digest) => isThere(get(`/snapshots/${encodeURIComponent(digest)}`)),
    announce: (content) =>
      json({
        method: 'POST',
        path: '/snapshots',
        body: { content, type: 'application/x-ndjson' },
        signal: options.signal,
      }),
    uploadContents: (digest, content, encoding) =>
      json({
        method: 'PUT',
        path: `/snapshots/${encodeURIComponent(digest)}/files`,
        body: { content, type: FRAME_TYPE, ...(encoding !== undefined && { encoding }) },
        signal: options.signal,
      }),
    submit: (submission) => post('/experiments', submission),
    resubmit: (ref, resubmission) => post(at(ref, '/resubmit'), resubmission),
    submitSweep: (submission) => post('/sweeps', submission),
    resumeSweep: (name, resumption) => post(`/sweeps/${encodeURIComponent(name)}/resume`, resumption),
    sweeps: () => get('/sweeps'),
    sweep: (name, metric = []) => get(`/sweeps/${encodeURIComponent(name)}`, { metric: [...metric] }),
    compare: (comparison) => post('/experiments/compare', comparison),
    list: (query) => get('/experiments', asQuery(query)),
    get: (ref) => get(at(ref)),
    getJson: (ref) => bytes(reading(options, at(ref))),
    usage: (ref) => get(at(ref, '/usage')),
    usageHistory: (ref) => get(at(ref, '/usage/history')),
    manifest: async (ref) => readText(await stream(at(ref, '/manifest'), SILENT_MS.answers)),
    metrics: (ref, name) => get(at(ref, '/metrics'), asQuery({ name: [...name] })),
    logs: (ref, query) =>
      stream(at(ref, '/logs'), query.raw === 'true' ? SILENT_MS.bytes : SILENT_MS.lines, query),
    watch: (query) => stream('/watch', SILENT_MS.lines, query),
    events: (query) => stream('/events', SILENT_MS.lines, query),
    cancel: (selection) => post('/experiments/cancel', selection),
    annotate: (annotation) => post('/experiments/annotate', annotation),
    delete: (selection) => post('/experiments/delete', selection),
    prune: (pruning) => post('/experiments/prune', pruning),
    pruneEnvironments: (pruning) => post('/environments/prune', pruning),
    pruneImages: (pruning) => post('/images/prune', pruning),
    identity: () => get('/identity'),
    console: () => post('/console'),
    keys: () => get('/keys'),
    createKey: (wish) => post('/keys', wish),
    revokeKey: (name) => json({ method: 'DELETE', path: keyAt(name), signal: options.signal }),
    rotateKey: (name) => post(keyAt(name, '/rotate')),
    audit: (query) => get('/audit', asQuery(query)),
    projects: () => get('/projects'),
    project: (name) => get(projectAt(name)),
    createProject: (creation) => post('/projects', creation),
    updateProject: (name, update) => post(projectAt(name), update),
    deleteProject: (name) => json({ method: 'DELETE', path: projectAt(name), signal: options.signal }),
    hostKeys: (query) => post('/projects/host-keys', query),
    hook: (name, query) => post(projectAt(name, '/hook'), query),
    deliveries: (name, limit) => get(projectAt(name, '/deliveries'), { limit }),
    redeliver: (name, id) => post(projectAt(name, `/deliveries/${encodeURIComponent(id)}/redeliver`)),
    engines: () => get('/engines'),
    engine: (name) => get(engineAt(name)),
    addEngine: (addition) => post('/engines', addition),
    removeEngine: (name, query) =>
      json({ method: 'DELETE', path: engineAt(name), query, signal: options.signal }),
    checkEngine: (name) => post(engineAt(name, '/check')),
    fitEngine: (name, query) => post(engineAt(name, '/fit'), query),
    open: (ref, name) => post(at(ref, `/open/${name}`)),
    code: (ref) => stream(at(ref, '/code'), SILENT_MS.answers),
    storage: (query) => get('/storage', asQuery(query)),
    storedFile: (query) => stream('/storage/file', SILENT_MS.answers, query),
    ...movingBy({ json, open, silentMs: SILENT_MS.answers, signal: options.signal }),
  };
}

async function isThere(asked: Promise<unknown>): Promise<boolean> {
  try {
    await asked;
    return true;
  } catch (error) {
    if (isAichorError(error) && error.code === 'not_found') return false;
    throw error;
  }
}

function reading({ signal }: ClientOptions, path: string, query?: Query): HttpRequest {
  return { method: 'GET', path, query, silentMs: SILENT_MS.answers, signal };
}

/** A server that dies under a request is followed by another one; one that dies again and again is broken. */
const REPETITIONS = doubling({ firstMs: 50, longestMs: 1000, most: 5 });

/** Sends a request; when the connection was lost and it may be repeated, again on a new one. */
function createCall({ address, apiKey, reconnect, signal }: ClientOptions) {
  let target: Target = { address, apiKey };
  return async <T>(ask: (target: Target) => Promise<T>, request: HttpRequest): Promise<T> => {
    const repeatable = isRepeatable(request);
    const flag = flagOfSame(request);
    let mayBeTaken = false;
    try {
      return await again(
        async (failures) => {
          if (failures > 0 && reconnect !== undefined) target = { address: await reconnect(), apiKey };
          return ask(target).catch((error: unknown) => {
            mayBeTaken ||= isUnanswered(error) || signal?.aborted === true;
            throw error;
          });
        },
        {
          delays: REPETITIONS,
          isTransient: (error) =>
            !isSpent(request) &&
            isLostConnection(error, { repeatable, canReconnect: reconnect !== undefined }),
          signal,
        },
      );
    } catch (error) {
      // A word of the server's to the same submission is an answer to all that went before.
      const isAnswer = !isAichorError(error) || error.requestId !== undefined;
      throw mayBeTaken && flag !== null && !isAnswer ? unanswered(error, flag) : error;
    }
  };
}

/** Its body was a stream, which is gone now. */
function isSpent({ body }: HttpRequest): boolean {
  return body?.content instanceof Readable && body.content.destroyed;
}

/** Nobody listened: nothing was sent. Or the connection broke: only harmless for a request that may come twice. */
function isLostConnection(
  error: unknown,
  { repeatable, canReconnect }: { repeatable: boolean; canReconnect: boolean },
): boolean {
  if (!isAichorError(error) || error.code !== 'server_unreachable') return false;
  const code = systemErrorCode(error.cause);
  if (code === 'ECONNREFUSED' || isAbsent(error.cause)) return canReconnect;
  return repeatable && (code === 'ECONNRESET' || code === 'EPIPE' || code === 'UND_ERR_SOCKET');
}

/** Reading, announcing, and submitting under an idempotency key may come twice; a stream can't be sent twice. */
function isRepeatable({ method, path, json }: HttpRequest): boolean {
  if (method === 'GET' || path === '/snapshots') return true;
  return (
    method === 'POST' &&
    typeof json === 'object' &&
    json !== null &&
    'idempotency_key' in json &&
    json.idempotency_key !== null
  );
}
