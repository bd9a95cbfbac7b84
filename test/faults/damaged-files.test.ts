/**
 * Faults 58 to 67: what is damaged or gone of stored directories and logs is told, concerns nobody else, and heals with
 * the next submission or the next reading where that can be.
 */
import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { until } from './processes.ts';
import { PATIENCE_MS } from './scale.ts';
import { textsOf } from './truth.ts';
import { inWorld, type Outcome, type World } from './world.ts';

const LARGE = Buffer.alloc((1 << 20) + 5, 'large ');

async function below(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}

/** Submits as users do, and waits for the end: the record, or the error when it was refused. */
async function submit(world: World, root: string): Promise<ReturnType<typeof JSON.parse>> {
  const { stdout, stderr } = await world.aichor(['experiments', 'submit', 'local', '--wait'], { cwd: root });
  return JSON.parse(stdout.toString() || (stderr.trim().split('\n').at(-1) ?? ''));
}

describe.concurrent('what is kept of a directory', () => {
  test.each([
    ['an index of a pack that is cut off', '.idx', (whole: Buffer) => whole.subarray(0, 30)],
    ['a pack that is cut off', '.pack', (whole: Buffer) => whole.subarray(0, 9)],
    ['other bytes in a pack', '.pack', (whole: Buffer) => Buffer.alloc(whole.length, 'x')],
    ['a large content that is gone', 'blobs/', null],
    ['a listing that is cut off', '.listing', (whole: Buffer) => whole.subarray(0, whole.length / 2)],
  ])('%s: told or not noticed, never run, and the next submission is whole', { timeout: PATIENCE_MS }, (_what, part, damaged) =>
    inWorld(async (world) => {
      const root = await world.repository({ script: 'cat word; wc -c < large', files: { word: 'right\n', large: LARGE } });
      expect(await submit(world, root)).toMatchObject({ status: 'Succeeded' });
      expect(await world.aichor(['server', 'stop'])).toMatchObject({ code: 0 });
      for (const path of await below(world.home)) {
        if (part === 'blobs/' ? !/blobs\/[0-9a-f]{2}\//.test(path) : !path.endsWith(part)) continue;
        if (damaged === null) await rm(path);
        else await writeFile(path, damaged(await readFile(path)));
      }
      const first = await submit(world, root);
      if (first.status !== 'Succeeded') {
        const said = first.error === undefined ? first.explanation : `${first.error.message}; ${first.error.hint}`;
        expect(said).toMatch(/(?:damaged|not here).*(?:submit|send) the directory again/);
      }
      const second = await submit(world, root);
      expect(second).toMatchObject({ status: 'Succeeded' });
      expect(textsOf(await world.lines(second.experiment_id), 'worker-0-0')).toEqual(['right', String(LARGE.length)]);
    }),
  ); // prettier-ignore
});

describe.concurrent('a log', () => {
  async function printed(world: World): Promise<{ id: string; logs: string }> {
    await world.start();
    const id = await world.submit(await world.upload({ script: 'echo one; echo two' }));
    expect(await world.end(id)).toMatchObject({ status: 'Succeeded' });
    const logs = join(world.home, 'experiments', id, 'logs');
    await until(async () => (await readFile(join(logs, 'sources'), 'utf8')).includes('"finished":true'));
    return { id, logs };
  }

  test('whose index is garbage is read whole', { timeout: PATIENCE_MS }, () =>
    inWorld(async (world) => {
      const { id, logs } = await printed(world);
      await writeFile(join(logs, 'index'), 'garbage'.repeat(30));
      const { code, stdout } = await world.aichor(['experiments', 'logs', id, '--pod', 'worker-0-0']);
      expect(code).toBe(0);
      const texts = stdout.toString().trim().split('\n').map((line) => JSON.parse(line).text);
      expect(texts).toEqual(['one', 'two']);
    }),
  ); // prettier-ignore

  test.each([['lines', []], ['bytes', ['--raw']]])('of which a part is gone gives out the rest as %s, and says so', { timeout: PATIENCE_MS }, (_form, flags) =>
    inWorld(async (world) => {
      const { id, logs } = await printed(world);
      for (const path of await below(logs)) if ((await readFile(path)).equals(Buffer.from('one\ntwo\n'))) await truncate(path, 4);
      const { code, stdout, stderr } = await world.aichor(['experiments', 'logs', id, '--pod', 'worker-0-0', ...flags]);
      expect(code).toBe(7);
      expect(stdout.toString()).toContain('one');
      expect(stdout.toString()).not.toContain('two');
      expect(JSON.parse(stderr.trim().split('\n').at(-1) ?? '').error.message).toContain('worker-0-0 (stdout)');
    }),
  ); // prettier-ignore

  test.each([['lines', [], ''], ['bytes', ['--raw'], 'ONE\n']])('of which a part is altered says so of %s, and does not pass it off as printed', { timeout: PATIENCE_MS }, (_form, flags, shown) =>
    inWorld(async (world) => {
      const { id, logs } = await printed(world);
      for (const path of await below(logs)) if ((await readFile(path)).equals(Buffer.from('one\ntwo\n'))) await writeFile(path, 'ONE\ntwo\n');
      const { code, stdout, stderr } = await world.aichor(['experiments', 'logs', id, '--pod', 'worker-0-0', ...flags]);
      expect(code).toBe(7);
      expect(stdout.toString().startsWith(shown)).toBe(true);
      expect(stdout.toString()).not.toContain('"ONE"');
      expect(JSON.parse(stderr.trim().split('\n').at(-1) ?? '').error.message).toMatch(/worker-0-0 \(stdout\) printed is damaged from byte 0/);
      const examined = await world.aichor(['server', 'doctor']);
      expect(examined.stdout.toString()).toContain('printed is damaged from byte 0');
    }),
  ); // prettier-ignore

  test.each(['logs', '.'])('that was removed (%s) is told', { timeout: PATIENCE_MS }, (what) =>
    inWorld(async (world) => {
      const { id, logs } = await printed(world);
      // It is tidied up after its end, and its log closed then: only what is removed after that stays so.
      let told: Outcome = { code: 0, stdout: Buffer.alloc(0), stderr: '' };
      await until(async () => {
        await rm(what === '.' ? join(logs, '..') : logs, { recursive: true, force: true });
        told = await world.aichor(['experiments', 'logs', id]);
        return told.code !== 0;
      });
      expect(told.code).toBe(5);
      expect(told.stdout.toString()).toBe('');
      expect(told.stderr).toContain('removed');
      expect((await world.aichor(['experiments', 'get', id])).code).toBe(0);
    }),
  ); // prettier-ignore
});
