import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { SubmissionInput } from '../../src/api/contract.ts';
import type { ExperimentState } from '../../src/experiment/state.ts';
import { createLogStore } from '../../src/logs/store/log-store.ts';
import { createApp } from '../../src/server/http/app.ts';
import type { Api } from '../../src/server/http/routes/api.ts';
import { createChanges } from '../../src/server/experiments/changes.ts';
import type { Kubernetes } from '../../src/server/engines/cluster.ts';
import { openEngineRegistry } from '../../src/server/engines/registry.ts';
import { createLinks } from '../../src/server/links/links.ts';
import { createMetrics } from '../../src/server/metrics/metrics.ts';
import { foldersBelow } from '../../src/server/process/folders.ts';
import { openKeyStore } from '../../src/server/people/keys.ts';
import type { CommitSource } from '../../src/server/ports.ts';
import { openSqliteStore } from '../../src/server/store/sqlite.ts';
import { stateOf } from '../../src/server/store/store.ts';
import { createAcceptor } from '../../src/server/submission/accept.ts';
import { createPreparer } from '../../src/server/submission/prepare.ts';
import { openPrivateStore } from '../../src/server/submission/private-values.ts';
import type { Ground } from '../../src/server/supervision/ground.ts';
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
  /** `--local`; true unless said. */
  localForAll?: boolean;
  /** The server's own variables that pods get. */
  basics?: Record<string, string>;
  /** Waits before a wrong key is answered. */
  holdBack?: (ms: number) => Promise<unknown>;
  defaultEngine?: string;
  now?: () => Date;
}

/** A control plane on real files with an engine that a test drives. Nothing listens. */
export async function createTestPlane(options: TestPlaneOptions = {}): Promise<TestPlane> {
  const data = options.data ?? (await mkdtemp(join(tmpdir(), 'aichor-plane-')));
  const now = options.now ?? (() => new Date());
  const engine = options.engine ?? createFakeEngine();
  engine.dataFolder = data;
  const folders = foldersBelow(data);
  const changes = createChanges();
  const closing = new AbortController();
  const logged: object[] = [];
  const note = (facts: object, message: string) => void logged.push({ ...facts, message });
  const store = await openSqliteStore({ file: folders.database, now, onChange: changes.publish });
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
  const privateValues = await openPrivateStore(folders, log);
  const metrics = createMetrics({ store, folders, log, now });
  const ground: Ground = { store, snapshots, logs, engines, folders, privateValues, links, metrics, log };
  const supervisor = createSupervisor(ground, () => undefined);
  const serving = { version: '1.2.3', pid: 42, log, closing: closing.signal, stop: () => closing.abort() };
  const plane: Parts = {
    ...ground,
    ...serving,
    address: 'memory',
    changes,
    registry,
    supervisor,
    now,
    commits: options.commits ?? { fetch: async () => Promise.reject(new Error('no commits in this test')) },
    defaultEngine: options.defaultEngine ?? null,
    snapshotLimit: 1_000_000,
    preparer: createPreparer(engines),
    localForAll: options.localForAll ?? true,
    acceptor: createAcceptor({
      ...{ store, privateValues, engines, supervisor, log, newId: randomUUID, now },
      basics: options.basics ?? {},
    }),
  };
  const keys = await openKeyStore({ configFolder: data, now, log });
  const app = createApp({
    keys,
    uses: useCases(plane),
    serving,
    apiKey: options.apiKey ?? null,
    holdBack: options.holdBack ?? (async () => undefined),
  });
  supervisor.recover();
  return {
    ...{ app, plane, engine, data, logged },
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
      await supervisor.close();
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
