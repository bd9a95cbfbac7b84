/**
 * Points 4 and 14 of the faults: `server doctor` mends what is damaged, with the control plane running and without;
 * what `server backup` has written, `server restore` brings back.
 */
import { mkdir, open, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openDatabase } from '../../src/server/store/database.ts';
import { processesOf, until } from './processes.ts';
import { makeReceiver } from '../unit/server/told/receiver.ts';
import { PATIENCE_MS } from './scale.ts';
import { inWorld, type Outcome, type World } from './world.ts';

type Document = ReturnType<typeof JSON.parse>;

const parsed = (text: string): Document => JSON.parse(text.trim().split('\n').at(-1) ?? '');

async function document(world: World, ...args: string[]): Promise<Document> {
  const { code, stdout, stderr } = await world.aichor(args);
  expect(code, stderr).toBe(0);
  return parsed(stdout.toString());
}

const lines = ({ stdout }: Outcome): Document[] => stdout.toString().trim().split('\n').map((line) => JSON.parse(line)); // prettier-ignore

const refused = ({ stdout, stderr }: Outcome): Document => {
  expect(stdout.toString()).toBe('');
  return parsed(stderr).error;
};

async function below(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}

async function ran(world: World, script = 'echo hello'): Promise<string> {
  const id = await world.submit(await world.upload({ script, files: { script } }));
  expect(await world.end(id)).toMatchObject({ status: 'Succeeded' });
  return id;
}

describe.concurrent('doctor', () => {
  test.each(['runs', 'does not run'])('mends each kind of damage, when the control plane %s', { timeout: PATIENCE_MS }, (how) =>
    inWorld(async (world) => {
      await world.start();
      const [first, second] = [await ran(world), await ran(world, 'echo other')];
      expect(await document(world, 'server', 'doctor')).toEqual({
        sound: true,
        checked: { experiments: 2, contents: expect.any(Number), snapshots: 2, logs: 2 },
        findings: [],
      });
      if (how === 'does not run') await document(world, 'server', 'stop');
      const database = await openDatabase(join(world.home, 'control-plane.sqlite'), { timeoutMs: 5000 });
      database.prepare('UPDATE experiments SET pods = ? WHERE id = ?').run('[', first);
      database.close();
      const files = await below(world.home);
      await writeFile(join(world.home, 'experiments', second, 'logs', 'index'), 'garbage');
      const [pack = ''] = files.filter((path) => path.endsWith('.pack'));
      await writeFile(pack, (await readFile(pack)).fill(1));
      const found = await document(world, 'server', 'doctor');
      const places = found.findings.map(({ place }: { place: string }) => place);
      expect(places).toEqual(expect.arrayContaining([first, second, pack, expect.stringContaining('sha256:')]));
      for (const { mended, message } of found.findings) expect(mended, message).toBe(true);
      expect(await document(world, 'server', 'doctor')).toMatchObject({ sound: true });
      for (const id of [first, second]) {
        expect(await document(world, 'experiments', 'get', id)).toMatchObject({ pods: [{ exit_code: 0 }] });
        const { stdout, code } = await world.aichor(['experiments', 'logs', id, '--pod', 'worker-0-0']);
        expect([code, stdout.toString()]).toEqual([0, expect.stringMatching(/hello|other/)]);
      }
    }),
  ); // prettier-ignore

  test('without a database or a backup ends what nobody knows, and begins anew', { timeout: PATIENCE_MS }, () =>
    inWorld(async (world) => {
      const server = await world.start();
      const id = await world.submit(await world.upload({ script: 'echo begun; exec sleep 600' }));
      await until(async () => (await processesOf(id)).length > 0);
      await server.kill();
      for (const name of await readdir(world.home)) if (name.startsWith('control-plane.sqlite')) await rm(join(world.home, name));
      expect((await processesOf(id)).length).toBeGreaterThan(0);
      const { findings } = await document(world, 'server', 'doctor');
      expect(findings).toMatchObject([{ mended: true, message: expect.stringContaining('processes ended') }]);
      expect(await processesOf(id)).toEqual([]);
      expect(await document(world, 'experiments', 'list')).toMatchObject({ experiments: [] });
      expect((await below(world.home)).some((path) => path.includes('.aside-') && path.includes(id))).toBe(true);
    }),
  ); // prettier-ignore

  test('saves the rows of a database of which pages are damaged', { timeout: PATIENCE_MS }, () =>
    inWorld(async (world) => {
      await world.start();
      const snapshot = await world.upload({ script: 'true' });
      const ids: string[] = [];
      for (let made = 0; made < 12; made++) ids.push(await world.submit(snapshot, { labels: { n: `${made}` } }));
      for (const id of ids) await world.end(id);
      await document(world, 'server', 'stop');
      const file = join(world.home, 'control-plane.sqlite');
      const { size } = await stat(file);
      const handle = await open(file, 'r+');
      // The last pages hold the latest rows and events.
      await handle.write(Buffer.alloc(8192, 0xee), 0, 8192, size - 3 * 4096);
      await handle.close();
      const { code, stdout, stderr } = await world.aichor(['server', 'doctor']);
      expect([0, 7], stderr).toContain(code);
      const { findings } = parsed(stdout.toString());
      expect(findings[0]).toMatchObject({ place: file, message: expect.stringMatching(/\d+ experiments were read from it/) });
      const { experiments } = await document(world, 'experiments', 'list');
      expect(experiments.length).toBeGreaterThan(3);
      expect((await below(world.home)).some((path) => path.includes('control-plane.sqlite.damaged-'))).toBe(true);
    }),
  ); // prettier-ignore
});

describe.concurrent('a backup', () => {
  test('made while the control plane runs brings everything back, elsewhere too', { timeout: PATIENCE_MS }, () =>
    inWorld(async (world) => {
      await world.start();
      const [id, live] = [await ran(world), await world.submit(await world.upload({ script: 'echo begun; exec sleep 600' }))];
      await until(async () => (await world.client.get(live)).status === 'Running');
      const file = join(world.folder, 'backup.tar');
      const saved = await document(world, 'server', 'backup', file);
      expect(saved).toMatchObject({ file, experiments: 2, left_out: expect.arrayContaining(['outputs']) });
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      expect(await readdir(world.folder)).not.toContainEqual(expect.stringContaining('.aichor-backup'));
      const logs = (await world.aichor(['experiments', 'logs', id])).stdout.toString();
      const record = await document(world, 'experiments', 'get', id);

      // On another machine nothing of it runs: what lived there has ended.
      const there = join(world.folder, 'there');
      const elsewhere: World = { ...world, aichor: (args, more) => world.aichor(args, { ...more, env: { AICHOR_HOME: there } }) };
      await mkdir(there, { mode: 0o700 });
      expect(await document(elsewhere, 'server', 'restore', file)).toMatchObject({ experiments: 2, aside: null });
      const again = await document(elsewhere, 'experiments', 'get', id);
      expect(again).toEqual({ ...record, paths: { ...record.paths, input: expect.stringContaining(there), output: expect.stringContaining(there) } });
      expect((await elsewhere.aichor(['experiments', 'logs', id])).stdout.toString()).toBe(logs);
      expect(await elsewhere.aichor(['experiments', 'resubmit', id, '--wait'])).toMatchObject({ code: 0 });
      await elsewhere.aichor(['experiments', 'cancel', live, '--wait']);
      await document(elsewhere, 'server', 'stop');

      // Here all that was lost is the database: what runs is taken up where it is.
      expect(refused(await world.aichor(['server', 'restore', file])).hint).toContain('aichor server stop');
      await document(world, 'server', 'stop');
      expect(refused(await world.aichor(['server', 'restore', file])).hint).toContain('--force');
      await truncate(join(world.home, 'control-plane.sqlite'), 0);
      expect(refused(await world.aichor(['experiments', 'list'])).hint).toContain('aichor server restore FILE');
      await document(world, 'server', 'restore', file);
      expect(await document(world, 'experiments', 'get', id)).toEqual(record);
      // Who had it elsewhere ended its processes, which carry its id: it may have been seen before it is cancelled.
      const cancelled = await world.aichor(['experiments', 'cancel', live, '--wait']);
      if (cancelled.code !== 0) expect(refused(cancelled).code).toBe('conflict');
      expect((await document(world, 'experiments', 'get', live)).status).toMatch(/Cancelled|Failed/);
      expect(await document(world, 'server', 'doctor')).toMatchObject({ sound: true });
    }),
  ); // prettier-ignore

  test('brings back whom experiments tell and what was sampled; who follows changes is told that some are lost', { timeout: PATIENCE_MS }, () =>
    inWorld(async (world) => {
      const refusals: number[] = Array(20).fill(503);
      const receiver = await makeReceiver(refusals);
      try {
        await world.start();
        const targets = [{ kind: 'url', url: receiver.url, secret: `whsec_${Buffer.alloc(32, 1).toString('base64')}` }] as const;
        const script = 'echo \'{"metric": {"loss": 0.5, "step": 1}}\'';
        const id = await world.submit(await world.upload({ script }), { notify: [...targets] });
        await world.end(id);
        await until(async () => receiver.received.length > 0);
        const sequences = async (...args: string[]) =>
          lines(await world.aichor(['events', ...args])).map(({ sequence }) => sequence);
        const before = await sequences();
        const series = await document(world, 'experiments', 'metrics', id, '--series');
        const file = join(world.folder, 'backup.tar');
        await document(world, 'server', 'backup', file);
        // Changes that the backup does not know, and as many others after it.
        await document(world, 'experiments', 'label', id, 'a=1', 'b=2');
        const [seen] = (await sequences()).slice(-1);
        await document(world, 'server', 'stop');
        const tries = receiver.received.length;
        refusals.length = 0;
        await rm(join(world.home, 'experiments', id), { recursive: true });
        await document(world, 'server', 'restore', file, '--force');
        for (const value of ['1', '2', '3']) await document(world, 'experiments', 'label', id, `c=${value}`);
        const error = refused(await world.aichor(['events', '--since', String(seen)]));
        expect(error).toMatchObject({ code: 'events_gone', hint: expect.stringMatching(/--since \d+/) });
        const [, since = ''] = /--since (\d+)/.exec(error.hint) ?? [];
        const after = await sequences('--since', since);
        expect(after).toEqual(await sequences());
        expect(after.length).toBe(before.length + 3);
        expect(after.map((sequence, index) => sequence - index)).toEqual(after.map(() => Number(since) + 1));
        expect(after[0]).toBeGreaterThan(seen);
        expect(await document(world, 'experiments', 'metrics', id, '--series')).toEqual(series);
        // What could not be told yet still is, with the same id.
        await until(async () => receiver.received.length > tries);
        expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id']))).toEqual(new Set([`${id}.ended`]));
      } finally {
        await receiver.close();
      }
    }),
  ); // prettier-ignore

  test('that is cut off, changed, or none at all is refused, and nothing is touched', { timeout: PATIENCE_MS }, () =>
    inWorld(async (world) => {
      await world.start();
      const id = await ran(world);
      const file = join(world.folder, 'backup.tar');
      await document(world, 'server', 'backup', file);
      await document(world, 'server', 'stop');
      const whole = await readFile(file);
      const changed = Buffer.from(whole);
      changed.fill(7, whole.length / 2, whole.length / 2 + 50);
      for (const bad of [whole.subarray(0, whole.length / 2), changed, Buffer.from('no backup'), Buffer.alloc(0), Buffer.alloc(2048)]) {
        await writeFile(file, bad);
        const error = refused(await world.aichor(['server', 'restore', file, '--force']));
        expect(error).toMatchObject({ code: 'usage', hint: expect.stringContaining('aichor server backup') });
      }
      expect(refused(await world.aichor(['server', 'restore', join(world.folder, 'nowhere')])).code).toBe('not_found');
      expect(refused(await world.aichor(['server', 'backup', join(world.folder, 'no', 'folder')])).code).toBe('usage');
      expect(await document(world, 'experiments', 'list')).toMatchObject({ experiments: [{ experiment_id: id }] });
    }),
  ); // prettier-ignore
});
