/**
 * FI-1: the control plane dies at every place that the source marks, in the middle of work of every kind, and is
 * started again: everything ends as if nothing had been.
 */
import { randomUUID } from 'node:crypto';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ExperimentRecord } from '../../src/experiment/record.ts';
import { crashPoints } from './crash-points.ts';
import { until } from './processes.ts';
import type { Work } from './repository.ts';
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
  },
  restarted: {
    script: `${RAN}; ${TIMES}; echo "attempt $n"; test $n -ge 2`,
    spec: {
      restartPolicy: { backoffLimit: 3 },
      // Its size is not kept to here: a notice in each experiment, whatever others did before.
      storage: { sharedVolume: { mountPoint: '/shared', sizeGB: 1 } },
    },
  },
  failing: { script: `${RAN}; echo said; test $HOSTNAME = worker-0-0 || exit 7; exec sleep 600`, count: 2 },
  cancelled: { script: `${RAN}; echo said; exec sleep 600` },
  deleted: { script: RAN },
  built: {
    script: `${RAN}; echo built`,
    files: { 'pyproject.toml': '[project]\nname = "x"\nversion = "1"\ndependencies = ["y"]\n', 'uv.lock': 'version = 1\n' },
  },
} as const; // prettier-ignore

type Kind = keyof typeof WORKS;
const KINDS = Object.keys(WORKS).filter((kind): kind is Kind => Object.hasOwn(WORKS, kind));

/** Goes by uv's name: makes an environment of nothing but the interpreter's name. */
const INSTALLER = `#!/bin/sh
mkdir -p "$UV_PROJECT_ENVIRONMENT/bin" && ln -sf "$(command -v sh)" "$UV_PROJECT_ENVIRONMENT/bin/python"
`;

const points = await crashPoints();
const chains = seedsOf('crash points').flatMap((seed) =>
  chainsOf(seed).map((deaths) => ({ seed, deaths, at: deaths.join(', ') })),
);

test('the source marks places to die at', () => expect(points.length).toBeGreaterThan(20));

describe('a control plane that dies, is started again, and dies again', () => {
  test.concurrent.each(chains)('at $at (seed $seed)', { timeout: PATIENCE_MS }, ({ deaths, seed }) =>
    inWorld(async (world) => {
      const chance = chanceOf(seed, deaths.join());
      const server = await world.start();
      const submit = await submitter(world);
      await server.kill();
      const works: Promise<Submitted>[] = [];
      for (const point of deaths) {
        const server = await world.start(point);
        const submitKind = (kind: Kind) => {
          const work = submit(kind);
          works.push(work);
          return work;
        };
        await expectDeath(world, { point, server, submitKind, kinds: chance.shuffled(KINDS) });
      }
      await world.start();
      const left = (await Promise.all(works)).filter(({ kind }) => kind !== 'deleted');
      for (const { kind, id } of left) await expectUndisturbed(world, kind, await world.end(id));
      const { experiments } = await world.client.list({ limit: 1000 });
      expect(experiments.map((one) => one.experiment_id).sort()).toEqual(left.map(({ id }) => id).sort());
    }),
  );
});

/** All points in an order of chance, a few for each world. */
function chainsOf(seed: number): string[][] {
  const chance = chanceOf(seed, 'crash points');
  const rounds = Array.from({ length: scaled(1, 10) }, (_, round) =>
    chance.shuffled(points).map((point) => (round === 0 ? point : `${point}:${chance.between(1, 4)}`)),
  );
  const deaths = rounds.flat();
  const length = Math.ceil(deaths.length / (rounds.length * 3));
  return Array.from({ length: Math.ceil(deaths.length / length) }, (_, at) =>
    deaths.slice(at * length, (at + 1) * length),
  );
}

interface Submitted {
  kind: Kind;
  id: string;
}

interface Life {
  point: string;
  server: Server;
  submitKind(kind: Kind): Promise<Submitted>;
  kinds: readonly Kind[];
}

/** A life ends at its point: two kinds of work at once, and when both do not come by it, the others one by one. */
async function expectDeath(world: World, { point, server, submitKind, kinds }: Life): Promise<void> {
  const survives = async (some: readonly Kind[]) => {
    for (const { kind, id } of await Promise.all(some.map(submitKind)))
      if (kind !== 'deleted') await world.end(id);
  };
  const survived = (async () => {
    await survives(kinds.slice(0, 2));
    for (const kind of kinds.slice(2)) if (server.alive()) await survives([kind]);
    return 'survived';
  })();
  survived.catch(() => undefined);
  const death = await Promise.race([server.ended, survived]);
  if (death === 'survived' && !point.includes(':')) throw new Error(`nothing came by ${point}`);
  await server.kill();
}

/** Brings all repositories to the control plane; what submits one of a kind. */
async function submitter(world: World): Promise<(kind: Kind) => Promise<Submitted>> {
  const digests = new Map<Kind, string>();
  for (const kind of KINDS) digests.set(kind, await world.upload(WORKS[kind]));
  const shell = { PATH: `${await installer(world)}:${process.env['PATH'] ?? ''}` };
  return async (kind) => {
    // An environment is built once for the same content.
    const digest = kind === 'built' ? await world.upload(newlyBuilt()) : digests.get(kind);
    const id = await world.submit(digest ?? '', { keep: kind === 'restarted', shell });
    if (kind === 'cancelled') {
      await until(async () => (await insist(() => world.client.get(id))).pods[0]?.status === 'Running');
      await insist(() => world.client.cancel({ ids: [id] }));
    }
    if (kind === 'deleted') {
      await world.end(id);
      await insist(() => world.client.delete({ ids: [id] }));
    }
    return { kind, id };
  };
}

function newlyBuilt(): Work {
  const { files, script } = WORKS.built;
  return { script, files: { ...files, 'uv.lock': `version = 1 # ${randomUUID()}\n` } };
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
      // It may have been ended before it came to speak.
      expect(textsOf(lines, 'worker-0-0').length).toBeLessThanOrEqual(1);
      return;
    case 'deleted':
      throw new Error('it is gone');
    case 'built':
      expect(record).toMatchObject({ status: 'Succeeded' });
      expect(textsOf(lines, 'worker-0-0')).toEqual(['built']);
  }
} // prettier-ignore
