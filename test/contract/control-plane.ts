import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';
import type { SubmissionInput } from '../../src/api/contract.ts';
import type { ExperimentState } from '../../src/experiment/state.ts';
import { createLogStore } from '../../src/logs/store/log-store.ts';
import { createApp } from '../../src/server/http/app.ts';
import type { Api, Serving } from '../../src/server/http/routes/api.ts';
import { createChanges } from '../../src/server/experiments/changes.ts';
import type { Kubernetes } from '../../src/server/engines/cluster.ts';
import { openEngineRegistry } from '../../src/server/engines/registry.ts';
import { createHooks, type Hooks } from '../../src/server/hooks/hooks.ts';
import { createLinks } from '../../src/server/links/links.ts';
import type { Meter } from '../../src/server/monitor/meter.ts';
import { createMetrics } from '../../src/server/metrics/metrics.ts';
import type { ObjectRates } from '../../src/server/metrics/objects/object-following.ts';
import { foldersBelow } from '../../src/server/process/folders.ts';
import { openKeyStore } from '../../src/server/people/keys.ts';
import { openSessions } from '../../src/server/people/sessions.ts';
import type { CommitSource } from '../../src/server/ports.ts';
import { openSqliteStore } from '../../src/server/store/sqlite.ts';
import { stateOf } from '../../src/server/store/store.ts';
import { createAcceptor } from '../../src/server/submission/accept.ts';
import { createPreparer } from '../../src/server/submission/prepare.ts';
import { openPrivateStore } from '../../src/server/submission/private-values.ts';
import type { Ground } from '../../src/server/supervision/ground.ts';
import { createLater } from '../../src/server/supervision/recording/later.ts';
import { openNotifier } from '../../src/server/told/open.ts';
import { createSupervisor } from '../../src/server/supervision/supervisor.ts';
import { useCases, type Parts } from '../../src/server/use-cases.ts';
import { createSnapshotStore } from '../../src/snapshot/store/store.ts';
import { createFakeEngine, type FakeEngine } from '../fakes/fake-engine.ts';

export interface Answer {
  status: number;
  // What a test reads of a reply it knows to be JSON of the contract.
  // oxlint-disable-next-line no-explicit-any
  body: any;
}

export interface TestPlane {
  app: Api;
  plane: Parts;
  engine: FakeEngine;
  data: string;
  logged: object[];
  /** What stands around the routes. */
  serving: Serving;
  hooks: Hooks;
  /** Messages that are still to be told. */
  untold(): number;
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  stream(path: string, signal?: AbortSignal): Promise<Response>;
  /** A directory with these files, as a snapshot of the store: its digest. */
  snapshot(files: Record<string, string>): Promise<string>;
  /** Waits until an experiment is as wanted. */
  until(id: string, wanted: (state: ExperimentState) => boolean): Promise<ExperimentState>;
  /** The server goes (experiments are let go of), the files stay. */
  close(): Promise<void>;
}

export interface TestPlaneOptions {
  engine?: FakeEngine;
  /** What engines are made of that are added; without it none can be. */
  kubernetes?: Kubernetes;
  commits?: CommitSource;
  /** Folder of an earlier one; else a new one. */
  data?: string;
  apiKey?: string | null;
  /** By its unix socket, unless there is a key. */
  door?: 'console';
  /** Browsers come by https. */
  isSecure?: boolean;
  /** Where the console is, for a host that has none. */
  consoleElsewhere?: (host: string) => string | null;
  /** `--local`; true unless said. */
  localForAll?: boolean;
  /** The server's own variables that pods get. */
  basics?: Record<string, string>;
  /** Waits before a wrong key is answered. */
  holdBack?: (ms: number) => Promise<unknown>;
  defaultEngine?: string;
  /** Whether what hooks are sent is looked at; it waits otherwise. */
  judges?: boolean;
  /** The server's environment, as far as notifications go by it. */
  env?: Record<string, string>;
  meter?: Meter;
  /** `/metrics` without a key. */
  openMetrics?: boolean;
  now?: () => Date;
  /** How often object stores are looked at. */
  rates?: ObjectRates;
}

/** Folders of data that were made for a file of tests; they outlive a control plane, for the next one. */
const made: string[] = [];
afterAll(() =>
  Promise.all(made.map((folder) => rm(folder, { recursive: true, force: true, maxRetries: 5 }))),
);

async function makeData(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'aichor-plane-'));
  made.push(folder);
  return folder;
}

/** A control plane on real files with an engine that a test drives. Nothing listens. */
export async function createTestPlane(options: TestPlaneOptions = {}): Promise<TestPlane> {
  const data = options.data ?? (await makeData());
  const now = options.now ?? (() => new Date());
  const engine = options.engine ?? createFakeEngine();
  engine.dataFolder = data;
  const folders = foldersBelow(data);
  const changes = createChanges();
  const closing = new AbortController();
  const logged: object[] = [];
  const note = (facts: object, message: string) => void logged.push({ ...facts, message });
  const store = await openSqliteStore({
    file: folders.database,
    now,
    onChange(state) {
      changes.publish(state);
      notifier.changed(state);
    },
    isWatched: changes.isWatched,
  });
  const logs = createLogStore(folders.experiments, now);
  const log = { info: note, warn: note, error: note };
  const { kubernetes } = options;
  const registry = await openEngineRegistry({
    ...{ configFolder: data, local: engine, log },
    kubernetes: async () => kubernetes ?? Promise.reject(new Error('no clusters in this test')),
    needed: new Set(store.live().map((id) => stateOf(store, id).record.engine)),
  });
  const links = createLinks({
    ...{ address: Promise.resolve('https://team.example'), portFile: folders.linksPort, now, log },
    engineOf: (id) => registry.engines.get(store.state(id)?.record.engine ?? '') ?? null,
    onRequest: () => undefined,
  });
  const snapshots = createSnapshotStore(data);
  const { engines } = registry;
  const privateValues = await openPrivateStore(folders, store.sharedValues, log);
  const notifier = await openNotifier({
    ...{ store, folders, privateValues, log, now },
    ...{ env: options.env ?? {}, version: '1.2.3', publicAddress: Promise.resolve('https://team.example') },
  });
  const metrics = createMetrics({
    ...{ store, folders, log, now },
    ...(options.rates && { rates: options.rates }),
  });
  const { projects } = store;
  const later = createLater({ store, log });
  const ground: Ground = {
    ...{ store, projects, privateValues, snapshots, logs, engines, folders, links, metrics, later, log },
  };
  const supervisor = createSupervisor(ground, () => undefined);
  const hooks = createHooks();
  const serving: Serving = {
    version: '1.2.3',
    pid: 42,
    log,
    closing: closing.signal,
    stop: () => closing.abort(),
    console: async () => 'https://team.example',
  };
  const plane: Parts = {
    ...ground,
    ...serving,
    audit: store.audit,
    deliveries: store.deliveries,
    pushes: hooks,
    publicAddress: Promise.resolve('https://team.example'),
    env: process.env,
    notifier,
    address: 'memory',
    changes,
    registry,
    supervisor,
    now,
    commits: options.commits ?? NO_COMMITS,
    defaultEngine: options.defaultEngine ?? null,
    snapshotLimit: 1_000_000,
    preparer: createPreparer(engines),
    localForAll: options.localForAll ?? true,
    acceptor: createAcceptor({
      ...{ store, privateValues, notifier, engines, supervisor, log, newId: randomUUID, now },
      basics: options.basics ?? {},
    }),
  };
  hooks.start(plane, options.judges === true ? closing.signal : null);
  const keys = await openKeyStore({ configFolder: data, now, log, audit: store.audit });
  const sessions = await openSessions({ file: folders.sessions, now, log });
  const app = createApp({
    keys,
    monitor: { meter: options.meter ?? null, isOpen: options.openMetrics ?? false },
    sessions,
    door: options.door ?? (options.apiKey == null ? 'socket' : 'key'),
    audit: store.audit,
    uses: useCases(plane),
    serving,
    apiKey: options.apiKey ?? null,
    isSecure: options.isSecure ?? false,
    holdBack: options.holdBack ?? (async () => undefined),
    ...(options.consoleElsewhere && { consoleElsewhere: options.consoleElsewhere }),
  });
  supervisor.recover();
  notifier.start();
  return {
    ...{ app, plane, engine, data, logged, serving, hooks, untold: notifier.pending },
    async call(method, path, body, headers = {}) {
      const init: RequestInit = { method, headers: { ...headers } };
      if (body !== undefined) {
        init.body = JSON.stringify(body);
        init.headers = { 'content-type': 'application/json', ...headers };
      }
      const response = await app.request(`/v1${path}`, init, {});
      const text = await response.text();
      return { status: response.status, body: isJson(response) ? JSON.parse(text) : text };
    },
    stream: async (path, signal) => app.request(`/v1${path}`, signal ? { signal } : {}, {}),
    snapshot: (files) => importFiles(plane, files),
    until: (id, wanted) => until(plane, id, wanted),
    async close() {
      closing.abort();
      await hooks.settled();
      await supervisor.close();
      await notifier.close();
      await keys.close();
      await logs.close();
      privateValues.close();
      store.close();
    },
  };
}

export const JOBSET = `kind: AIchorManifest
apiVersion: 0.2.3
builder:
  image: experiment
  dockerfile: ./Dockerfile
  context: .
spec:
  operator: jobset
  image: experiment
  command: "python main.py"
  types:
    worker:
      count: 2
      resources:
        cpus: 2
        ramRatio: 1
`;

export const FILES = { 'manifest.yaml': JOBSET, Dockerfile: 'FROM python:3.12\n', 'main.py': 'print(1)\n' };

/** What `submit local` sends. */
export function localSubmission(snapshot: string, more: Partial<SubmissionInput> = {}): SubmissionInput {
  return { source: { kind: 'local', snapshot }, ...more };
}

async function importFiles(plane: Parts, files: Record<string, string>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'aichor-tree-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(directory, path)), { recursive: true });
      await writeFile(join(directory, path), text);
    }
    return await plane.snapshots.importDirectory(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function until(
  plane: Parts,
  id: string,
  wanted: (state: ExperimentState) => boolean,
): Promise<ExperimentState> {
  const subscription = plane.changes.subscribe();
  try {
    for (;;) {
      const state = plane.store.state(id);
      if (state !== null && wanted(state)) return state;
      plane.closing.throwIfAborted();
      await subscription.next(plane.closing);
    }
  } finally {
    subscription.close();
  }
}

function isJson(response: Response): boolean {
  return (
    response.headers.get('content-type')?.includes('json') === true &&
    !response.headers.get('content-type')?.includes('ndjson')
  );
}

const NO_COMMITS: CommitSource = {
  fetch: async () => Promise.reject(new Error('no commits in this test')),
  forget: async () => undefined,
  settled: async () => undefined,
};
