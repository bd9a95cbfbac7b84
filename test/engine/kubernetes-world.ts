import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openConnection } from '../../src/engines/kubernetes/api/access/connection.ts';
import { createKubernetesEngine } from '../../src/engines/kubernetes/engine.ts';
import { createCluster } from '../../src/engines/kubernetes/api/http/http-cluster.ts';
import type { Engine, RunContext, SnapshotReader } from '../../src/engines/engine.ts';
import type { ExperimentFact } from '../../src/experiment/event.ts';
import type { Plan } from '../../src/experiment/plan/plan.ts';
import { planPeak } from '../../src/experiment/plan/totals.ts';
import { createLogStore } from '../../src/logs/store/log-store.ts';
import { DEFAULT_SETTINGS } from '../../src/render/kubernetes/settings/settings.ts';
import { startFakeApi, type FakeApi } from '../fakes/kubernetes-api.ts';
import { createFakeJobSets, type FakeJobSets } from './fake-jobsets.ts';

export const EXPERIMENT = '1a2b3c4d-0000-4000-8000-000000000000';
export const NAME = 'experiment-1a2b3c4d-0000';

/** A Kubernetes engine, an API server whose controllers the test plays, and a control plane's folder. */
export interface World {
  api: FakeApi;
  jobsets: FakeJobSets;
  folder: string;
  /** An engine of a server that was just started. */
  engine(): Engine;
  /** Carries a plan out with a new engine; `collects`: what is left of one that has ended. */
  run(
    plan: Plan,
    options?: { secrets?: Record<string, string>; stopped?: boolean; engine?: Engine; collects?: boolean },
  ): Promise<Running>;
  /** Texts of the lines of a pod. */
  lines(pod: string): Promise<string[]>;
  close(): Promise<void>;
}

/** A run under way. */
export interface Running {
  facts: ExperimentFact[];
  /** Resolves when there is such a fact. */
  until(isIt: (fact: ExperimentFact) => boolean): Promise<void>;
  stop(): void;
  detach(): void;
  /** All facts, when the run has returned. Throws what the run threw. */
  ended: Promise<ExperimentFact[]>;
}

const NOTHING: SnapshotReader = {
  ...{
    digest: '',
    bytes: 0,
    paths: () => [],
    entries: () => [],
    has: () => false,
    hasFolder: () => false,
    sizeOf: () => null,
    read: () => Promise.resolve(null),
  },
  layOut: () => Promise.resolve(),
  pack: () => {
    throw new Error('nothing is built');
  },
};
const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined };

export async function openWorld(): Promise<World> {
  const api = await startFakeApi();
  const jobsets = createFakeJobSets(api);
  const folder = await mkdtemp(join(tmpdir(), 'aichor-k8s-'));
  const settings = { ...DEFAULT_SETTINGS, namespace: 'lab' };
  const access = { kind: 'kubeconfig', file: api.kubeconfig, context: null, namespace: 'lab' } as const;
  const store = createLogStore(join(folder, 'experiments'), () => new Date());
  const running = new Set<Running>();
  const engine = () =>
    createKubernetesEngine({
      ...{ name: 'lab', settings, dataFolder: folder, now: () => new Date(), log: SILENT },
      connect: async () => createCluster(await openConnection(access, { env: {} })),
    });
  return {
    api,
    jobsets,
    folder,
    engine,
    async run(plan, { secrets = {}, stopped = false, engine: by = engine(), collects = false } = {}) {
      const [stop, detach] = [new AbortController(), new AbortController()];
      if (stopped) stop.abort();
      const context: RunContext = {
        ...{ experimentId: EXPERIMENT, project: 'proj', plan, snapshot: NOTHING, secrets, shell: {} },
        ...{ keep: false, stop: stop.signal, detach: detach.signal, admitted: planPeak(plan) },
        directory: join(folder, 'experiments', EXPERIMENT, 'engine'),
        paths: { input: '', output: '', tensorboard: null },
        logs: await store.open(EXPERIMENT),
        build: { message: '', image: 'host/image:tag', data: {}, notices: [] },
      };
      const facts = collects ? (by.collect?.(context) ?? none()) : by.run(context);
      const run = follow(facts, { stop, detach });
      running.add(run);
      return run;
    },
    async lines(pod) {
      const logs = await store.open(EXPERIMENT);
      let text = '';
      for await (const chunk of logs.raw({ pod, follow: false, signal: new AbortController().signal }))
        text += Buffer.from(chunk).toString();
      return text.split('\n').slice(0, -1);
    },
    async close() {
      for (const run of running) run.detach();
      await Promise.allSettled([...running].map(({ ended }) => ended));
      await store.close();
      await api.close();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function* none(): AsyncGenerator<ExperimentFact> {}

function follow(
  facts: AsyncIterable<ExperimentFact>,
  { stop, detach }: { stop: AbortController; detach: AbortController },
): Running {
  const seen: ExperimentFact[] = [];
  const waiting = new Set<() => void>();
  async function gather(): Promise<ExperimentFact[]> {
    for await (const fact of facts) {
      seen.push(fact);
      for (const look of waiting) look();
    }
    return seen;
  }
  const ended = gather();
  ended.catch(() => undefined);
  return {
    facts: seen,
    ended,
    stop: () => stop.abort(),
    detach: () => detach.abort(),
    until: (isIt) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (!seen.some(isIt)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
        ended.then(() => reject(new Error(`never came: ${JSON.stringify(seen)}`)), reject);
      }),
  };
}
