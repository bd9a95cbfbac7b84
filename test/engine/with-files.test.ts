import {
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withFiles } from '../../src/engines/local/build/environments/with-files.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aichor-with-files-'));
});
afterAll(() => rm(folder, { recursive: true }));

test.each(['is done', 'fails'])(
  'files have other texts until something %s, and are what they were',
  async (how) => {
    const home = join(folder, how);
    mkdirSync(home);
    const [mine, link, file, absent] = ['mine', 'link', 'file', 'new/absent'].map((name) =>
      join(home, name),
    ) as [string, string, string, string];
    writeFileSync(mine, 'nobody else’s');
    symlinkSync(mine, link);
    writeFileSync(file, 'later');
    const inode = lstatSync(file).ino;
    const texts = new Map([link, file, absent].map((path) => [path, 'earlier']));
    const work = withFiles(texts, async () => {
      for (const path of texts.keys()) expect(readFileSync(path, 'utf8')).toBe('earlier');
      expect(readFileSync(mine, 'utf8')).toBe('nobody else’s');
      if (how === 'fails') throw new Error('it failed');
    });
    await (how === 'fails' ? expect(work).rejects.toThrow('it failed') : work);
    expect(readlinkSync(link)).toBe(mine);
    expect(readFileSync(mine, 'utf8')).toBe('nobody else’s');
    expect(lstatSync(file).ino).toBe(inode);
    expect(readdirSync(home).toSorted()).toEqual(['file', 'link', 'mine', 'new']);
    expect(readdirSync(join(home, 'new'))).toEqual([]);
  },
);
