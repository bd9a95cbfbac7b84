/**
 * FI-1: the control plane dies at every place that the source marks, in the middle of work of every kind, and is
 * started again: everything ends as if nothing had been.
 */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isAichorError } from '../../src/errors.ts';
import type { ExperimentRecord } from '../../src/experiment/record.ts';
import { crashPoints } from './crash-points.ts';
import { until } from './processes.ts';
import { PATIENCE_MS, scaled } from './scale.ts';
import { chanceOf, seedsOf } from './seed.ts';
import type { Server } from './server.ts';
import { expectWhole, ran, textsOf } from './truth.ts';
import { inWorld, insist, type World } from './world.ts';

const RAN = 'echo $HOSTNAME >> "$AICHOR_OUTPUT_PATH/ran"';
const TIMES = 'n=$(grep -c "^$HOSTNAME\\$" "$AICHOR_OUTPUT_PATH/ran")';

/** One of each kind; `check` says how it ends when nothing disturbs it. */
const WORKS = {
  good: {
    script: `${RAN}; echo one; echo two >&2; sleep 0.05; printf three`,
    count: 2,
    completions: 2,
    parallelisms: 1,
    spec: { storage: { attachExistingPVCs: [{ name: 'kept', mountPoint: '/kept' }] } },
  },
  restarted: {
    script: `${RAN}; ${TIMES}; echo "attempt $n"; test $n -ge 2`,
    spec: { restartPolicy: { backoffLimit: 3 } },
  },
  failing: { script: `${RAN}; echo said; test $HOSTNAME = worker-0-0 || exit 7; exec sleep 600`, count: 2 },
  cancelled: { script: `${RAN}; echo said; exec sleep 600` },
  built: {
    script: `${RAN}; echo built`,
    files: { 'pyproject.toml': '[project]\nname = "x"\nversion = "1"\ndependencies = ["y"]\n', 'uv.lock': 'version = 1\n' },
  },
} as const; // prettier-ignore

type Kind = keyof typeof WORKS;

/** Goes by uv's name: makes an environment of nothing but the interpreter's name. */
const INSTALLER = `#!/bin/sh
mkdir -p "$UV_PROJECT_ENVIRONMENT/bin" && ln -sf "$(command -v sh)" "$UV_PROJECT_ENVIRONMENT/bin/python"
`;

const points = await crashPoints();
const cases = seedsOf('crash points').flatMap((seed) => points.map((point) => ({ point, seed })));

test('the source marks places to die at', () => expect(points.length).toBeGreaterThan(20));

describe('kill -9 of the control plane', () => {
  test.concurrent.each(cases)(
    'at $point: every experiment ends as undisturbed (seed $seed)',
    { timeout: PATIENCE_MS },
    ({ point, seed }) =>
      inWorld(async (world) => {
        const chance = chanceOf(seed, point);
        const kinds = point.startsWith('engine-build')
          ? (['built'] as const)
          : (['good', 'restarted', 'failing', 'cancelled'] as const);
        const digests = await uploadAll(world, kinds);
        const deaths = [point, ...scaled([], [`${point}:${chance.between(1, 4)}`, point])];
        const keeper = keepServing(world, deaths);
        const ids = await Promise.all(
          kinds.map(async (kind) => ({ kind, id: await submitKind(world, kind, digests[kind]) })),
        );
        const ended = await Promise.all(
          ids.map(async ({ kind, id }) => ({ kind, record: await world.end(id) })),
        );
        for (const { kind, record } of ended) await expectUndisturbed(world, kind, record);
        const { experiments } = await world.client.list({});
        expect(experiments).toHaveLength(kinds.length);
        for (const { id } of ids) await deleteForGood(world, id);
        expect(await keeper.over(), 'times it died there').toBeGreaterThan(0);
      }),
  );
});

async function uploadAll(world: World, kinds: readonly Kind[]): Promise<Partial<Record<Kind, string>>> {
  const server = await world.start();
  const digests: Partial<Record<Kind, string>> = {};
  for (const kind of kinds) digests[kind] = await world.upload(WORKS[kind]);
  await server.kill();
  return digests;
}

interface Keeper {
  /** No further deaths; how many there were. */
  over(): Promise<number>;
}

/** Serves, to die as told, one death after the other, and then no more. */
function keepServing(world: World, deaths: readonly string[]): Keeper {
  let died = 0;
  let isOver = false;
  let present: Server | null = null;
  const life = (async () => {
    for (const crashAt of [...deaths, '']) {
      if (isOver) return;
      present = await world.start(crashAt);
      if ((await present.ended) === 'SIGKILL' && !isOver) died++;
    }
  })();
  return {
    async over() {
      isOver = true;
      await present?.kill();
      await life;
      return died;
    },
  };
}

async function submitKind(world: World, kind: Kind, digest: string | undefined): Promise<string> {
  if (digest === undefined) throw new Error(`${kind} was not uploaded`);
  const shell = { PATH: `${await installer(world)}:${process.env['PATH'] ?? ''}` };
  const id = await world.submit(digest, { keep: kind === 'restarted', shell });
  if (kind === 'cancelled') {
    await until(async () => (await insist(() => world.client.get(id))).pods[0]?.status === 'Running');
    await insist(() => world.client.cancel({ ids: [id] }));
  }
  return id;
}

async function installer({ folder }: World): Promise<string> {
  const programs = join(folder, 'programs');
  await mkdir(programs, { recursive: true });
  await writeFile(join(programs, 'uv'), INSTALLER);
  await chmod(join(programs, 'uv'), 0o755);
  return programs;
}

async function expectUndisturbed(world: World, kind: Kind, record: ExperimentRecord): Promise<void> {
  const lines = await expectWhole(world, record);
  const names = record.pods.map(({ pod }) => pod).sort();
  switch (kind) {
    case 'good':
      expect(record).toMatchObject({ status: 'Succeeded', attempt: 1 });
      expect(await ran(record)).toEqual(names);
      for (const pod of names) expect(textsOf(lines, pod).sort()).toEqual(['one', 'three', 'two']);
      return;
    case 'restarted':
      expect(record).toMatchObject({ status: 'Succeeded', attempt: 2 });
      expect(await ran(record)).toEqual(['worker-0-0', 'worker-0-0']);
      for (const attempt of [1, 2]) expect(textsOf(lines, 'worker-0-0', attempt)).toEqual([`attempt ${attempt}`]);
      return;
    case 'failing':
      expect(record).toMatchObject({ status: 'Failed', reason: 'NonZeroExit' });
      expect(record.pods).toMatchObject([{ status: 'Stopped', reason: 'StoppedWithExperiment' }, { status: 'Failed', exit_code: 7 }]);
      return;
    case 'cancelled':
      expect(record).toMatchObject({ status: 'Cancelled', reason: 'CancelledByUser' });
      expect(await ran(record)).toEqual(['worker-0-0']);
      return;
    case 'built':
      expect(record).toMatchObject({ status: 'Succeeded' });
      expect(textsOf(lines, 'worker-0-0')).toEqual(['built']);
  }
} // prettier-ignore

/** A deletion that is cut short is repeated; then there is nothing left to delete. */
async function deleteForGood({ client }: World, id: string): Promise<void> {
  await insist(() => client.delete({ ids: [id] }));
  const gone = await insist(() => client.get(id).then(
    () => false,
    (error: unknown) => {
      if (isAichorError(error) && error.code === 'not_found') return true;
      throw error;
    },
  )); // prettier-ignore
  expect(gone, `${id} was deleted`).toBe(true);
}
