import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { inTemporaryFolder, removeLeftFolders } from '../../../src/source/run-git.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aichor-temporary-'));
  vi.stubEnv('TMPDIR', folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

it('a folder is its user’s alone, and gone afterwards, whatever happened in it', async () => {
  let seen = '';
  const work = inTemporaryFolder(async (inner) => {
    seen = inner;
    expect(statSync(inner).mode & 0o777).toBe(0o700);
    throw new Error('broken');
  });
  await expect(work).rejects.toThrow('broken');
  expect(existsSync(seen)).toBe(false);
});

it('what a killed process left is removed, what a living one has is not', async () => {
  const { pid: dead } = spawnSync('true');
  const left = join(folder, `aichor-git-${dead}-abcdef`);
  const other = join(folder, 'aichor-git-server-abcdef');
  for (const each of [left, other]) mkdirSync(each);
  writeFileSync(join(left, 'key'), 'a key');
  await inTemporaryFolder(async (mine) => {
    await removeLeftFolders();
    expect([left, other, mine].map((each) => existsSync(each))).toEqual([false, true, true]);
  });
});
