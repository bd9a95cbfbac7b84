import type * as promises from 'node:fs/promises';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { bytesBelow } from '../../../src/base/io/disk/bytes-below.ts';

/** How often no file may be opened. */
let refusals = 0;
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof promises>();
  const readdir = (...words: Parameters<typeof real.readdir>) =>
    refusals-- > 0
      ? Promise.reject(
          Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE', syscall: 'scandir' }),
        )
      : real.readdir(...words);
  return { ...real, readdir };
});

test('what a folder takes is counted when files can be opened again', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'aichor-bytes-'));
  try {
    await mkdir(join(folder, 'in'));
    await writeFile(join(folder, 'in', 'x'), 'x'.repeat(5000));
    const counted = await bytesBelow(folder);
    expect(counted).toBeGreaterThanOrEqual(5000);
    refusals = 3;
    expect(await bytesBelow(folder)).toBe(counted);
    expect(refusals).toBeLessThan(0);
  } finally {
    await rm(folder, { recursive: true });
  }
});
