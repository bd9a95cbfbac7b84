/**
 * FI-33: many experiments of projects with small quotas and short retention, submitted, ended and cancelled in any order
 * while old logs go: no quota is passed, the oldest logs go first, records stay, what runs keeps its log, and all end.
 */
import { existsSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { isTerminal } from '../../src/experiment/status.ts';
import { experimentFolder } from '../../src/server/process/folders.ts';
import { expireLogs } from '../../src/server/storage/retention.ts';
import { createTestPlane, FILES, JOBSET, localSubmission } from '../contract/control-plane.ts';
import { createFakeEngine, type FakeRun } from '../fakes/fake-engine.ts';
import { PATIENCE_MS, scaled } from './scale.ts';
import { chanceOf, seedsOf, type Chance } from './seed.ts';

const EXPERIMENTS = scaled(60, 1500);
const MINUTE_MS = 60_000;
const RETENTION_S = 3 * 3600;
const LOG_BYTES = 60_000;

const QUOTAS = {
  few: { running: 3, gpus: null, stored_gb: null },
  gpus: { running: null, gpus: 4, stored_gb: null },
  stored: { running: 2, gpus: null, stored_gb: 0.0001 },
  all: { running: 4, gpus: 3, stored_gb: 0.001 },
} as const;
type Project = keyof typeof QUOTAS;
const PROJECTS = Object.keys(QUOTAS) as Project[];

/** One that was submitted, as the test has it. */
interface Made {
  id: string;
  project: Project;
  gpus: number;
}

interface Live extends Made {
  run: FakeRun;
}

afterEach(() => void vi.restoreAllMocks());

test.each(seedsOf('quotas and retention'))(
  `quotas and retention hold for ${EXPERIMENTS} experiments in any order, and all end (seed %i)`,
  { timeout: PATIENCE_MS },
  async (seed) => {
    const ward = await createWard(chanceOf(seed, 'quotas and retention'));
    try {
      await ward.submitAll();
      while (ward.unended().length > 0) await ward.step();
      await ward.expire();
      expect(ward.wrong).toEqual([]);
      const counts = Object.values(ward.plane.plane.store.counts());
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(EXPERIMENTS);
      expect(ward.plane.logged.filter((line) => 'err' in line)).toEqual([]);
    } finally {
      await ward.plane.close();
    }
  },
);

/** A control plane with the projects, and what the test knows of it. */
async function createWard(chance: Chance) {
  let time = Date.parse('2026-06-30T12:00:00.000Z');
  let elapsed = 0;
  const realNow = performance.now.bind(performance);
  // Sizes are measured now and then only: to the control plane, each step of the test takes minutes.
  vi.spyOn(performance, 'now').mockImplementation(() => realNow() + elapsed);
  const made = new Map<string, Made>();
  const live = new Map<string, Live>();
  const wrong: object[] = [];
  const stored = new Map<string, number>();
  const engine = createFakeEngine({
    capacity: { cpus: 100_000, memory_gb: 100_000 },
    onRun: (run) => begun(run),
  });
  const plane = await createTestPlane({ engine, now: () => new Date(time) });
  for (const [name, quotas] of Object.entries(QUOTAS)) {
    const project = { name, engines: ['local'], quotas, retention_s: RETENTION_S };
    expect(await plane.call('POST', '/projects', project)).toMatchObject({ status: 201 });
  }
  const snapshots = await Promise.all([0, 1, 2].map((gpus) => plane.snapshot(filesWith(gpus))));

  function begun(run: FakeRun): void {
    const id = run.context.experimentId;
    const { record } = plane.plane.store.state(id) ?? {};
    const project = PROJECTS.find((name) => name === record?.project);
    if (record === undefined || project === undefined) throw new Error(`${id} is of no project`);
    const gpus = record.resources.gpus;
    if (run.context.stop.aborted) return;
    live.set(id, { id, project, gpus, run });
    run.context.stop.addEventListener('abort', () => live.delete(id));
    const beside = [...live.values()].filter((one) => one.project === project);
    const used = { running: beside.length, gpus: beside.reduce((sum, one) => sum + one.gpus, 0) };
    const quota = QUOTAS[project];
    const isOver =
      used.running > (quota.running ?? Infinity) ||
      used.gpus > (quota.gpus ?? Infinity) ||
      storedBy(project) > (quota.stored_gb ?? Infinity) * 1e9 + (quota.running ?? 0) * LOG_BYTES;
    if (isOver) wrong.push({ project, quota, used, stored: storedBy(project) });
  }

  function storedBy(project: Project): number {
    const ids = [...stored.keys()].filter((id) => made.get(id)?.project === project);
    return ids.reduce((sum, id) => sum + (stored.get(id) ?? 0), 0);
  }

  async function print({ id, run }: Live): Promise<void> {
    const source = { step: 'run', pod: 'worker-0-0', attempt: 1, stream: 'stdout' } as const;
    await appendFile(await run.context.logs.file(source), `${'x'.repeat(LOG_BYTES - 1)}\n`);
    await run.context.logs.appended([source]);
    stored.set(id, LOG_BYTES);
  }

  const hasLog = (id: string) => existsSync(join(experimentFolder(plane.plane.folders, id), 'logs'));
  const stateOf = (id: string) => plane.plane.store.state(id);
  const unended = () => [...made.keys()].filter((id) => stateOf(id)?.ended !== true);

  async function expire(): Promise<void> {
    await expireLogs(plane.plane, chance.between(1, 10));
    for (const id of stored.keys()) if (!hasLog(id)) stored.delete(id);
    for (const project of PROJECTS) {
      const ended = [...made.values()].filter((one) => one.project === project && stateOf(one.id)?.ended);
      const endedAt = (id: string) => String(stateOf(id)?.record.ended_at);
      const tidied = ended.filter(({ id }) => !plane.plane.store.untidied().includes(id));
      const [gone, kept] = [false, true].map((has) =>
        tidied.filter(({ id }) => (plane.plane.store.expiry.at(id) === null) === has).map(({ id }) => endedAt(id)),
      );
      const latestGone = gone?.toSorted().at(-1) ?? '';
      const oldestKept = kept?.toSorted()[0] ?? '9';
      if (latestGone > oldestKept) wrong.push({ project, latestGone, oldestKept });
    }
    for (const id of live.keys())
      if (stored.has(id) && !hasLog(id)) wrong.push({ id, why: 'its log went while it ran' });
    for (const id of made.keys()) if (stateOf(id) === null) wrong.push({ id, why: 'its record went' });
  } // prettier-ignore

  async function step(): Promise<void> {
    time += chance.between(1, 30) * MINUTE_MS;
    elapsed += MINUTE_MS;
    const one = chance.pick([...live.values(), null]);
    if (one === null) {
      if (live.size === 0) await untilSomeStart();
      await expire();
    } else if (chance.below(10) < 1) {
      const id = chance.pick(unended());
      expect(await plane.call('POST', '/experiments/cancel', { ids: [id] })).toMatchObject({ status: 200 });
      await plane.until(id, ({ ended }) => ended);
    } else {
      await print(one);
      live.delete(one.id);
      one.run.endWith(chance.pick(['Succeeded', 'Failed']));
      const { record } = await plane.until(one.id, ({ ended }) => ended);
      expect(isTerminal(record.status)).toBe(true);
    }
  }

  /** Nothing runs: what waits does so for room, which comes when old logs go. */
  async function untilSomeStart(): Promise<void> {
    for (const end = Date.now() + PATIENCE_MS / 5; live.size === 0 && unended().length > 0;) {
      time += RETENTION_S * 1000;
      elapsed += MINUTE_MS;
      await expire();
      await new Promise((resolve) => setTimeout(resolve, 50));
      const waiting = () => unended().map((id) => ({ ...made.get(id), ...stateOf(id) }));
      if (Date.now() > end) expect(waiting().map(({ project, progress }) => [project, progress])).toEqual([]);
    }
  }

  async function submitAll(): Promise<void> {
    await Promise.all(
      Array.from({ length: EXPERIMENTS }, async () => {
        const [project, gpus] = [chance.pick(PROJECTS), chance.between(0, 2)];
        const submission = { ...localSubmission(snapshots[gpus] ?? ''), project };
        const { status, body } = await plane.call('POST', '/experiments', submission);
        expect({ status, error: body.error }).toEqual({ status: 201 });
        made.set(body.experiment_id, { id: body.experiment_id, project, gpus });
      }),
    );
  }

  return { plane, wrong, submitAll, step, expire, unended };
}

/** One pod with so many GPUs. */
function filesWith(gpus: number): Record<string, string> {
  const wants = `        ramRatio: 1\n        accelerators:\n          gpu: { count: ${gpus}, type: gpu, product: NVIDIA-A100-SXM4-80GB }\n`;
  const one = JOBSET.replace('count: 2', 'count: 1');
  return { ...FILES, 'manifest.yaml': gpus === 0 ? one : one.replace('        ramRatio: 1\n', wants) };
}
