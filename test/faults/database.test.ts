/**
 * FI-29: another program holds the database for a while; its write-ahead log is torn after a kill; its file cannot be
 * written. What was acknowledged is not lost, and the start explains what it cannot mend. Damage of other kinds:
 * `damage.test.ts`; a full disk: `full-disk.test.ts`.
 */
import { spawnSync } from 'node:child_process';
import { chmod, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isAichorError } from '../../src/errors.ts';
import { openDatabase } from '../../src/server/store/database.ts';
import { moment, until } from './processes.ts';
import { PATIENCE_MS, scaled } from './scale.ts';
import { chanceOf, seedsOf } from './seed.ts';
import { inWorld, type World } from './world.ts';

/** Waits until the test makes the file, then ends with a code of its own. */
const GATED = 'until [ -e "$GATE" ]; do sleep 0.05; done\nexit "$CODE"\n';

const databaseOf = ({ home }: World) => join(home, 'control-plane.sqlite');

/** Begins a change of the database, as another program may, and leaves it open; ends it. */
async function holdDatabase(world: World): Promise<() => void> {
  const database = await openDatabase(databaseOf(world), { timeoutMs: 60_000 });
  database.exec('BEGIN IMMEDIATE');
  return () => {
    database.exec('ROLLBACK');
    database.close();
  };
}

describe.concurrent('the database', () => {
  test.each(seedsOf('database held'))(
    'that another program holds: what runs ends as it should, what is refused says why, nothing acknowledged is lost (seed %i)',
    { timeout: PATIENCE_MS },
    (seed) =>
      inWorld(async (world) => {
        const chance = chanceOf(seed, 'database held');
        await world.start();
        const snapshot = await world.upload({ script: GATED });
        const codes = new Map<string, number>();
        for (let round = 0; round < scaled(1, 20); round++) {
          const gate = join(world.folder, `gate-${round}`);
          for (let made = 0; made < 3; made++) {
            const code = chance.pick([0, 1, 7]);
            const id = await world.submit(snapshot, { env: { GATE: gate, CODE: String(code) } });
            codes.set(id, code);
            await until(async () => (await world.client.get(id)).status === 'Running');
          }
          await moment(chance.below(500));
          const before = await tries(world);
          const letGo = await holdDatabase(world);
          await writeFile(gate, '');
          await until(async () => (await tries(world)) > before, 200);
          const more = { env: { GATE: gate, CODE: '0' } };
          const refused = await world.submit(snapshot, more).then(
            (id) => codes.set(id, 0) && null,
            (error: unknown) => error,
          );
          expect(isAichorError(refused) && [refused.code, refused.message]).toEqual([
            'server_error',
            'another program holds the database of the control plane',
          ]);
          await moment(chance.below(3000));
          letGo();
          codes.set(await world.submit(snapshot, more), 0);
        }
        for (const [id, code] of codes) {
          const { status, pods } = await world.end(id);
          expect({ status, exit: pods[0]?.exit_code }).toEqual({
            status: code === 0 ? 'Succeeded' : 'Failed',
            exit: code,
          });
        }
        const { experiments } = await world.client.list({ limit: 1000 });
        expect(experiments.map(({ experiment_id }) => experiment_id).sort()).toEqual(
          [...codes.keys()].sort(),
        );
      }),
  );

  test.each(seedsOf('torn log'))(
    'with a log that was torn after a kill: starts, and has all that was acknowledged before the tear (seed %i)',
    { timeout: PATIENCE_MS },
    (seed) =>
      inWorld(async (world) => {
        const chance = chanceOf(seed, 'torn log');
        for (let round = 0; round < scaled(3, 60); round++) {
          const server = await world.start();
          const snapshot = await world.upload({ script: 'exit 0' });
          const acknowledged: { id: string; written: number }[] = [];
          for (let made = 0; made < 4; made++) {
            const id = await world.submit(snapshot);
            acknowledged.push({ id, written: (await stat(`${databaseOf(world)}-wal`)).size });
          }
          await server.kill();
          const wal = `${databaseOf(world)}-wal`;
          const { size } = await stat(wal);
          const at = chance.between(0, size);
          await truncate(wal, at);
          await world.start();
          const { experiments } = await world.client.list({ limit: 1000 });
          const there = new Set(experiments.map(({ experiment_id }) => experiment_id));
          const lost = acknowledged.filter(({ id, written }) => written <= at && !there.has(id));
          expect(lost, `cut at ${at} of ${size} bytes`).toEqual([]);
          for (const { experiment_id: id } of experiments)
            expect(await world.end(id)).toMatchObject({ status: 'Succeeded' });
          expect(await world.aichor(['server', 'stop'])).toMatchObject({ code: 0 });
        }
      }),
  );

  test('that can only be read is told, with the way out; all of it is there when it can be written', { timeout: PATIENCE_MS }, () =>
    inWorld(async (world) => {
      await world.start();
      const id = await world.submit(await world.upload({ script: 'exit 0' }));
      await world.end(id);
      expect(await world.aichor(['server', 'stop'])).toMatchObject({ code: 0 });
      const undo = await readOnly(databaseOf(world));
      try {
        const { code, stderr } = await world.aichor(['experiments', 'list']);
        const { error } = JSON.parse(stderr.trim().split('\n').at(-1) ?? '');
        expect(error).toMatchObject({
          ...{ code: 'usage', message: expect.stringContaining('control-plane.sqlite cannot be read or written') },
          hint: expect.stringContaining('make it readable and writable'),
        });
        expect(code).toBe(2);
      } finally {
        await undo();
      }
      const { code, stdout } = await world.aichor(['experiments', 'list']);
      expect(code).toBe(0);
      expect(JSON.parse(stdout.toString())).toMatchObject({ experiments: [{ experiment_id: id, status: 'Succeeded' }] });
    }),
  ); // prettier-ignore
});

/** Takes the right to write it; root has that whatever the permissions say, unless it is mounted so. Gives it back. */
async function readOnly(file: string): Promise<() => Promise<void>> {
  if (process.getuid?.() !== 0) {
    await chmod(file, 0o400);
    return () => chmod(file, 0o600);
  }
  const run = (...words: string[]) => expect(spawnSync(words[0] ?? '', words.slice(1)).status).toBe(0);
  run('mount', '--bind', file, file);
  run('mount', '-o', 'remount,ro,bind', file);
  return async () => run('umount', file);
}

/** How often what happened to an experiment could not be written yet. */
async function tries({ home }: World): Promise<number> {
  const text = await readFile(join(home, 'server.log'), 'utf8');
  return text.split('cannot be written; trying again').length - 1;
}
