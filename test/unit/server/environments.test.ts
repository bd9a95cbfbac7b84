import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bytesBelow } from '../../../src/base/io/disk/bytes-below.ts';
import { pruneEnvironments } from '../../../src/server/storage/environments.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aichor-environments-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const NOW = new Date('2026-06-30T12:00:00Z');
const DAY_S = 24 * 3600;

function environment(key: string, { days, whole = true }: { days: number; whole?: boolean }): void {
  const place = join(folder, key);
  mkdirSync(join(place, 'venv'), { recursive: true });
  writeFileSync(join(place, 'venv/file'), 'x'.repeat(100));
  const at = new Date(NOW.getTime() - days * DAY_S * 1000);
  for (const mark of whole ? ['complete', 'used'] : []) {
    writeFileSync(join(place, mark), '');
    utimesSync(join(place, mark), at, at);
  }
  utimesSync(place, at, at);
}

async function prune(days: number, live: Record<string, string | null> = {}) {
  const pruned = await pruneEnvironments(
    {
      store: {
        live: () => ['an id'],
        build: () => ({ message: '', notices: [], data: { programs: [], ...live } }),
      },
      folders: { environments: folder },
      now: () => NOW,
    },
    { older_than_s: days * DAY_S },
  );
  return pruned.environments.map(({ key }) => key).sort();
}

test('those go that nobody has used for so long, and no live experiment uses', async () => {
  environment('old', { days: 31 });
  environment('old-and-live', { days: 40 });
  environment('followed-and-live', { days: 40 });
  environment('young', { days: 29 });
  expect(await prune(30, { environment: 'old-and-live', image: 'followed-and-live' })).toEqual(['old']);
  expect(existsSync(join(folder, 'old'))).toBe(false);
  expect(await prune(0, { environment: 'old-and-live', image: null })).toEqual([
    'followed-and-live',
    'young',
  ]);
  expect(existsSync(join(folder, 'old-and-live/venv/file'))).toBe(true);
});

test('what is being built, or was found just now, stays; what a build left goes after hours', async () => {
  environment('now', { days: 0 });
  environment('building', { days: 0.1, whole: false });
  environment('left', { days: 1, whole: false });
  mkdirSync(join(folder, '.removed-half'));
  expect(await prune(0)).toEqual(['left']);
  expect(existsSync(join(folder, '.removed-half'))).toBe(false);
});

test('its size is told; without a folder there is nothing to do', async () => {
  environment('old', { days: 31 });
  const by = {
    store: { live: () => [], build: () => null },
    folders: { environments: folder },
    now: () => NOW,
  };
  // As the disk counts them: how large a block or a folder is differs.
  const bytes = await bytesBelow(join(folder, 'old'));
  expect(bytes).toBeGreaterThanOrEqual(100);
  expect(await pruneEnvironments(by, { older_than_s: 0 })).toMatchObject({ bytes });
  expect(
    await pruneEnvironments({ ...by, folders: { environments: join(folder, 'none') } }, { older_than_s: 0 }),
  ).toEqual({
    environments: [],
    bytes: 0,
  });
});
