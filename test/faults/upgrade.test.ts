/** A database of an earlier version, and a program that is killed at each step of bringing it to the present form. */
import { readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDatabase, type Database } from '../../src/server/store/database.ts';
import { MIGRATIONS } from '../../src/server/store/migrations.ts';
import { until } from './processes.ts';
import { PATIENCE_MS, scaled } from './scale.ts';
import { chanceOf, seedsOf } from './seed.ts';
import { inWorld, type World } from './world.ts';

const PRESENT = MIGRATIONS.length;
/** What every version has had. */
const TABLES = ['experiments', 'labels', 'events', 'idempotency'];
const fileIn = (world: World) => join(world.home, 'control-plane.sqlite');

const columnsOf = (database: Database, of: string): string[] =>
  database
    .prepare(`PRAGMA ${of}`)
    .all()
    .map((row) => String(Object(row)['name']));

/** The same experiments as the version of this format would have written them. */
async function writtenBy(world: World, version: number): Promise<void> {
  const file = fileIn(world);
  const now = await openDatabase(file, { timeoutMs: 5000 });
  const before = `${file}.old`;
  const old = await openDatabase(before, { timeoutMs: 5000 });
  for (const sql of MIGRATIONS.slice(0, version)) old.exec(sql);
  old.exec(`PRAGMA user_version = ${version}`);
  old.close();
  now.exec(`ATTACH '${before}' AS old`);
  for (const table of TABLES) {
    const columns = columnsOf(now, `old.table_info(${table})`).join(', ');
    now.exec(`INSERT INTO old.${table} (${columns}) SELECT ${columns} FROM main.${table}`);
  }
  now.exec(`DETACH old`);
  // Values had a row for each experiment.
  const values = await openDatabase(join(world.home, 'private-values.sqlite'), { timeoutMs: 5000 });
  values.exec(`ATTACH '${file}' AS now`);
  values.exec(
    'INSERT INTO private_values SELECT experiments.id, text FROM private_values JOIN now.shared_values ON name = private_values.id JOIN now.experiments USING (number)',
  );
  values.close();
  now.close();
  for (const name of await readdir(world.home))
    if (name.startsWith('control-plane.sqlite') && !name.endsWith('.old')) await rm(join(world.home, name));
  await rename(before, file);
}

async function formatOf(file: string): Promise<number> {
  const database = await openDatabase(file, { timeoutMs: 5000 });
  const version = Number(Object(database.prepare('PRAGMA user_version').get())['user_version']);
  database.close();
  return version;
}

/** A few of every version there was, each killed somewhere. */
function cases(seed: number): { version: number; crashAt: string }[] {
  const chance = chanceOf(seed, 'upgrade');
  const all = Array.from({ length: PRESENT - 1 }, (_, at) => at + 1).flatMap((version) => [
    { version, crashAt: 'migration-copied' },
    ...Array.from({ length: PRESENT - version }, (_, at) => ({
      version,
      crashAt: `migration-step:${at + 1}`,
    })),
  ]);
  return chance.shuffled(all).slice(0, scaled(3, all.length));
}

test.each(seedsOf('upgrade').flatMap((seed) => cases(seed).map((one) => ({ seed, ...one }))))(
  'format $version, killed at $crashAt (seed $seed): the next start completes it, a copy is there, and what runs goes on',
  ({ version, crashAt }) =>
    inWorld(async (world) => {
      const first = await world.start();
      const ended = await world.submit(await world.upload({ script: 'echo ran' }));
      await world.end(ended);
      const go = join(world.folder, 'go');
      const running = await world.submit(
        await world.upload({ script: `while ! test -e ${go}; do sleep 0.1; done; echo late` }),
      );
      await until(async () => (await world.client.get(running)).status === 'Running');
      await first.kill();
      await writtenBy(world, version);
      const killed = await world.start(crashAt);
      expect(await killed.ended).toBe('SIGKILL');
      await world.start();
      const copies = (await readdir(world.home)).filter((name) => /\.format-\d+$/.test(name));
      expect(copies).toContain(`control-plane.sqlite.format-${version}`);
      expect((await readdir(world.home)).filter((name) => name.endsWith('.new'))).toEqual([]);
      for (const name of copies) {
        const copy = join(world.home, name);
        expect([name, (await stat(copy)).mode & 0o777]).toEqual([name, 0o600]);
        expect(`control-plane.sqlite.format-${await formatOf(copy)}`).toBe(name);
      }
      await writeFile(go, '');
      expect(await world.end(running)).toMatchObject({ status: 'Succeeded', attempt: 1 });
      expect(await world.client.get(ended)).toMatchObject({ status: 'Succeeded' });
      const texts = (await world.lines(running)).filter(({ step }) => step === 'run').map(({ text }) => text);
      expect(texts).toEqual(['late']);
      // Back to the version before: its copy is what it reads, and this one refuses what a newer one wrote.
      expect(await formatOf(fileIn(world))).toBe(PRESENT);
    }),
  PATIENCE_MS,
);
