import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openKept } from '../../../../src/engines/kubernetes/run/kept.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'aichor-kept-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

test('what is kept is there for the next process, private', async () => {
  const kept = await openKept(directory);
  await kept.change({ workloads: [{ offset: 0, uid: null, complete: false }] });
  await kept.change({ started_at: '2026-01-02T03:04:05.000Z' });
  const failure = { reason: 'OutOfMemory', explanation: 'worker-0-0 ran out of memory' } as const;
  await kept.change({ stop: { cause: 'fail', failure, at: '2026-01-02T03:05:05.000Z' } });
  expect((await openKept(directory)).run).toEqual(kept.run);
  expect((await stat(join(directory, 'run.json'))).mode & 0o777).toBe(0o600);
});

test('nothing is kept of what has not begun, and asking writes nothing', async () => {
  const { run } = await openKept(directory);
  expect(run).toMatchObject({ workloads: [], started_at: null, stop: null, cleared: false });
  await expect(readFile(join(directory, 'run.json'))).rejects.toThrow('ENOENT');
});

test.each([
  ['no JSON', '{"workloads"'],
  ['another shape', '{"workloads": 3}'],
  ['an unknown reason', '{"workloads":[],"memory":{},"stop":{"cause":"fail","failure":{"reason":"Bored"}}}'],
])('a damaged file (%s) is not taken for an empty one', async (_, text) => {
  await writeFile(join(directory, 'run.json'), text);
  await expect(openKept(directory)).rejects.toThrow();
});
