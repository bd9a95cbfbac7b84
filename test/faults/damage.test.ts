/**
 * Faults 51 to 57, 70 to 72 and 14: what is damaged or gone of the control plane's own files is told, confined to what it
 * concerns, and mended where that can be done. What it keeps of directories and logs: `damaged-files.test.ts`.
 */
import { chmod, copyFile, mkdir, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openDatabase } from '../../src/server/store/database.ts';
import { until } from './processes.ts';
import { PATIENCE_MS } from './scale.ts';
import { inWorld, type World } from './world.ts';

const WORK = { script: 'echo hello' };

/** Runs the experiments to their end, and stops the control plane; their ids. */
async function ran(world: World, count: number): Promise<string[]> {
  await world.start();
  const snapshot = await world.upload(WORK);
  const ids: string[] = [];
  for (let made = 0; made < count; made++) ids.push(await world.submit(snapshot));
  for (const id of ids) expect(await world.end(id)).toMatchObject({ status: 'Succeeded' });
  await stop(world);
  return ids;
}

async function stop(world: World): Promise<void> {
  expect(await world.aichor(['server', 'stop'])).toMatchObject({ code: 0 });
}

async function change(world: World, sql: string, ...values: string[]): Promise<void> {
  const database = await openDatabase(join(world.home, 'control-plane.sqlite'), { timeoutMs: 5000 });
  database.prepare(sql).run(...values);
  database.close();
}

async function document(world: World, ...args: string[]): Promise<ReturnType<typeof JSON.parse>> {
  const { code, stdout, stderr } = await world.aichor(args);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout.toString());
}

async function refusal(world: World, ...args: string[]): Promise<ReturnType<typeof JSON.parse>> {
  const { code, stdout, stderr } = await world.aichor(args);
  expect(code, stdout.toString()).not.toBe(0);
  expect(stdout.toString()).toBe('');
  return JSON.parse(stderr.trim().split('\n').at(-1) ?? '').error;
}

describe.concurrent('the database', () => {
  test('is whole in its one file after a clean stop', { timeout: PATIENCE_MS }, () =>
    inWorld(async (world) => {
      const [id] = await ran(world, 1);
      const copy = join(world.folder, 'copy');
      await mkdir(copy, { mode: 0o700 });
      await copyFile(join(world.home, 'control-plane.sqlite'), join(copy, 'control-plane.sqlite'));
      const { experiments } = await document(
        { ...world, aichor: asHome(world, copy) },
        'experiments',
        'list',
      );
      expect(experiments).toMatchObject([{ experiment_id: id, status: 'Succeeded' }]);
      await asHome(world, copy)(['server', 'stop']);
    }),
  );

  test.each(['emptied', 'removed'])('%s beside experiments is refused, with the way out', { timeout: PATIENCE_MS }, (how) =>
    inWorld(async (world) => {
      await ran(world, 1);
      const file = join(world.home, 'control-plane.sqlite');
      if (how === 'emptied') await truncate(file, 0);
      else for (const name of await readdir(world.home)) if (name.startsWith('control-plane.sqlite')) await rm(join(world.home, name));
      const error = await refusal(world, 'experiments', 'list');
      expect(error).toMatchObject({ code: 'conflict', message: expect.stringContaining('an experiment') });
      expect(error.hint).toMatch(/aichor server restore FILE.*aichor server doctor/);
      expect((await stat(join(world.home, 'experiments'))).isDirectory()).toBe(true);
    }),
  ); // prettier-ignore

  test('removed under a server that runs is there again when it has left', { timeout: PATIENCE_MS }, () =>
    inWorld(async (world) => {
      await world.start();
      const id = await world.submit(await world.upload(WORK));
      await world.end(id);
      for (const name of await readdir(world.home))
        if (name.startsWith('control-plane.sqlite')) await rm(join(world.home, name));
      await stop(world);
      expect(await document(world, 'experiments', 'list')).toMatchObject({ experiments: [{ experiment_id: id }] });
    }),
  ); // prettier-ignore

  test('of garbage is told as damaged, with the cure', { timeout: PATIENCE_MS }, () =>
    inWorld(async (world) => {
      await ran(world, 1);
      await writeFile(join(world.home, 'control-plane.sqlite'), Buffer.alloc(40_000, 7));
      expect(await refusal(world, 'experiments', 'list')).toMatchObject({
        code: 'server_error',
        message: expect.stringContaining('is damaged'),
        hint: expect.stringContaining('aichor server doctor'),
      });
    }),
  );
});

describe.concurrent('a damaged row', () => {
  test('of one that has ended concerns nobody else, and is put together again', { timeout: PATIENCE_MS }, () =>
    inWorld(async (world) => {
      const [first = '', second = '', third = ''] = await ran(world, 3);
      await change(world, 'UPDATE experiments SET summary = ? WHERE id = ?', '{"cut', first);
      await change(world, 'UPDATE experiments SET pods = ?, fold = ? WHERE id = ?', 'garbage', '[', second);
      const { experiments } = await document(world, 'experiments', 'list');
      expect(experiments).toMatchObject([
        { experiment_id: third, status: 'Succeeded', notices: [] },
        { experiment_id: second, status: 'Succeeded', paths: { output: expect.stringContaining(second) } },
        { experiment_id: first, status: 'Succeeded', notices: [{ code: 'record_damaged' }] },
      ]);
      const record = await document(world, 'experiments', 'get', second);
      expect(record).toMatchObject({ notices: [{ code: 'record_mended' }], pods: [{ exit_code: 0 }] });
      expect((await world.aichor(['experiments', 'logs', first])).stdout.toString()).toContain('hello');
      expect(await document(world, 'experiments', 'delete', first, second)).toMatchObject({ experiments: [{}, {}] });
    }),
  ); // prettier-ignore

  test.each(['submission', 'summary', 'pods'])(
    'of one that runs (%s) keeps no server from starting, and nothing running that nobody knows',
    { timeout: PATIENCE_MS },
    (column) =>
      inWorld(async (world) => {
        const server = await world.start();
        const snapshot = await world.upload({ script: 'echo begun; exec sleep 600' });
        const [damaged, other] = [await world.submit(snapshot), await world.submit(snapshot)];
        for (const id of [damaged, other])
          await until(async () => (await world.client.get(id)).status === 'Running');
        await server.kill();
        await change(world, `UPDATE experiments SET ${column} = ? WHERE id = ?`, '{"half', damaged);
        await world.start();
        if (column === 'pods') {
          // All of it can be found again: it goes on.
          expect(await world.client.get(damaged)).toMatchObject({ status: 'Running' });
          await world.client.cancel({ ids: [damaged] });
          expect(await world.end(damaged)).toMatchObject({ status: 'Cancelled' });
        } else {
          expect(await world.end(damaged)).toMatchObject({ status: 'Failed', reason: 'EngineLost', explanation: expect.stringContaining('damaged') });
        }
        expect(await world.client.get(other)).toMatchObject({ status: 'Running' });
        await world.client.cancel({ ids: [other] });
        await world.end(other);
      }),
  ); // prettier-ignore
});

test('a state folder that others may enter is closed to them, which is said', { timeout: PATIENCE_MS }, () =>
  inWorld(async (world) => {
    await chmod(world.home, 0o777);
    const { code, stderr } = await world.aichor(['experiments', 'list']);
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('others could enter');
    expect((await stat(world.home)).mode & 0o777).toBe(0o700);
    expect((await world.aichor(['experiments', 'list'])).stderr).toBe('');
  }),
); // prettier-ignore

test('garbage in the lock, in the private values and a folder for a socket stop nobody for long', { timeout: PATIENCE_MS }, () =>
  inWorld(async (world) => {
    const [id] = await ran(world, 1);
    await writeFile(join(world.home, 'server.lock.sqlite'), 'no lock, and longer than nothing'.repeat(40));
    await writeFile(join(world.home, 'private-values.sqlite'), Buffer.alloc(9000, 1));
    expect(await document(world, 'experiments', 'list')).toMatchObject({ experiments: [{ experiment_id: id }] });
    expect((await readdir(world.home)).some((name) => name.startsWith('private-values.sqlite.damaged-'))).toBe(true);
    await stop(world);
    await mkdir(join(world.home, 'server.sock'));
    await writeFile(join(world.home, 'server.sock', 'x'), '');
    const error = await refusal(world, 'experiments', 'list');
    expect(error).toMatchObject({ code: 'conflict', message: expect.stringContaining('server.sock'), hint: expect.stringContaining('remove it') });
    await rm(join(world.home, 'server.sock'), { recursive: true });
  }),
); // prettier-ignore

function asHome({ aichor }: World, home: string): World['aichor'] {
  return (args, options = {}) => aichor(args, { ...options, env: { AICHOR_HOME: home, ...options.env } });
}
