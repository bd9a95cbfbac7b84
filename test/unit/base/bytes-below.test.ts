/** What a folder takes of the disk is what `du` says of it. */
import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { bytesBelow } from '../../../src/base/io/disk/bytes-below.ts';

let root: string;
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'aichor-bytes-'))));
afterEach(() => rmSync(root, { recursive: true }));

/** Less the folder itself. */
function du(folder: string): number {
  const bytes = (...flags: string[]) =>
    Number(execFileSync('du', [...flags, folder], { encoding: 'utf8' }).split('\t')[0]);
  const itself = Number(execFileSync('stat', ['-c', '%b', folder], { encoding: 'utf8' })) * 512;
  return bytes('-s', '--block-size=1') - itself;
}

it.runIf(process.platform === 'linux')(
  'with holes, small files, several names, links and folders',
  async () => {
    mkdirSync(join(root, 'a', 'b'), { recursive: true });
    writeFileSync(join(root, 'holes'), 'x');
    truncateSync(join(root, 'holes'), 100_000_000);
    for (let file = 0; file < 50; file++) writeFileSync(join(root, 'a', 'b', `${file}`), `${file}`);
    writeFileSync(join(root, 'large'), 'y'.repeat(3_000_001));
    linkSync(join(root, 'large'), join(root, 'a', 'again'));
    symlinkSync('/usr', join(root, 'a', 'link'));
    expect(await bytesBelow(root)).toBe(du(root));
    expect(await bytesBelow(root)).toBeLessThan(10_000_000);
    expect(await bytesBelow(root, 'b')).toBe(du(join(root, 'a', 'b')));
    expect(await bytesBelow(join(root, 'none'))).toBe(0);
  },
);
