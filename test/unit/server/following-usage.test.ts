import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Engine, PodUsage } from '../../../src/engines/engine.ts';
import { createMetrics } from '../../../src/server/metrics/metrics.ts';
import { foldersBelow } from '../../../src/server/process/folders.ts';
import { openSqliteStore } from '../../../src/server/store/sqlite.ts';
import type { ExperimentStore } from '../../../src/server/store/store.ts';
import { ENDED, NEW, planned, pod } from '../experiment/facts.ts';

const ID = NEW.experiment_id;
const LOGS = { find: async () => 0 };

let folder: string;
let store: ExperimentStore;
let answer: () => Promise<PodUsage[]>;
const logged: object[] = [];

beforeEach(async () => {
  logged.length = 0;
  folder = await mkdtemp(join(tmpdir(), 'aichor-usage-'));
  store = await openSqliteStore({
    file: join(folder, 'store.sqlite'),
    now: () => new Date('2026-01-01T00:00:00Z'),
    onChange: () => undefined,
    isWatched: () => false,
  });
  const submission = { manifest: '', plan: null, keep: false, vcs: {} };
  store.create([{ experiment: NEW, submission, facts: [planned('worker-0-0')], idempotency: null }]);
  await mkdir(join(foldersBelow(folder).experiments, ID), { recursive: true });
});
afterEach(async () => {
  store.close();
  await rm(folder, { recursive: true, force: true });
});

async function follow() {
  const log = {
    info: () => undefined,
    warn: (facts: object) => void logged.push(facts),
    error: () => undefined,
  };
  const metrics = createMetrics({
    store,
    folders: foldersBelow(folder),
    log,
    now: () => new Date('2026-01-01T00:00:00Z'),
  });
  const engine: Pick<Engine, 'usage'> = { usage: () => answer() };
  return { metrics, following: await metrics.follow(ID, { logs: LOGS, engine }) };
}
const usageOf = () => store.state(ID)?.record.pods[0]?.usage;
const use = (memory_bytes: number) => [
  { pod: 'worker-0-0', cpus: 1.5, memory_bytes, gpu: 0.5, gpu_memory_bytes: 7 },
];

test('what pods take is in the record while they run and when they have ended, over a restart of the server, too', async () => {
  store.append(ID, [pod('worker-0-0', 'Running')]);
  answer = async () => use(100);
  const first = await follow();
  await expect.poll(usageOf, { timeout: 10_000 }).toMatchObject({ samples: 1 });
  await first.following.end();
  answer = async () => use(300);
  const second = await follow();
  await expect.poll(usageOf, { timeout: 10_000 }).toEqual({
    samples: 2,
    cpus: { mean: 1.5, peak: 1.5 },
    memory_bytes: { mean: 200, peak: 300 },
    gpu: { mean: 0.5, peak: 0.5 },
    gpu_memory_bytes: { mean: 7, peak: 7 },
  });
  const during = await second.metrics.usage(ID);
  await second.following.end();
  store.append(ID, [ENDED]);
  expect(usageOf()).toMatchObject({ samples: 2 });
  expect(await second.metrics.usage(ID)).toEqual(during);
  expect(during).toMatchObject([
    { time: '2026-01-01T00:00:00.000Z', span_s: 0, pods: [{ pod: 'worker-0-0', memory_bytes: 100 }] },
    { pods: [{ memory_bytes: 300, peak: { memory_bytes: 300 } }] },
  ]);
});

test('nobody is asked about pods that do not run; who does not answer holds up no end', async () => {
  let asked = 0;
  let isAsked = () => undefined as void;
  const asking = new Promise<void>((resolve) => (isAsked = resolve));
  answer = () => {
    asked++;
    isAsked();
    return new Promise(() => undefined);
  };
  const waiting = await follow();
  await waiting.following.end();
  expect(asked).toBe(0);
  store.append(ID, [pod('worker-0-0', 'Running')]);
  const { following } = await follow();
  await asking;
  await following.end();
  expect(usageOf()).toBeNull();
});

test('an engine that cannot say is told of in the log, and nothing else', async () => {
  store.append(ID, [pod('worker-0-0', 'Running')]);
  answer = () => Promise.reject(new Error('no metrics API'));
  const { following, metrics } = await follow();
  await expect.poll(() => logged, { timeout: 10_000 }).toHaveLength(1);
  await following.end();
  expect(usageOf()).toBeNull();
  expect(await metrics.usage(ID)).toEqual([]);
});
