/** `npm run screenshots` that is stopped in the middle: what the pages look like is for people to see. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { describeInBrowser } from './browser.ts';

const PROGRAM = join(import.meta.dirname, '../../scripts/screenshots.js');

describeInBrowser('screenshots', { timeout: 120_000 }, () => {
  it.each([
    ['a server is started', 'aichor console'],
    ['experiments run', '--env LR=0.01'],
  ])('that are stopped while %s leave no process and no folder', async (_what, said) => {
    const folder = mkdtempSync(join(tmpdir(), 'aichor-stopped-'));
    try {
      // As a terminal does it: the whole group of processes hears it, and somebody is impatient.
      const program = spawn(process.execPath, [PROGRAM, join(folder, 'shots')], {
        ...{ env: { ...process.env, TMPDIR: folder }, detached: true },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      const ended = once(program, 'exit');
      let talk = '';
      for await (const piece of program.stderr) {
        const before = talk;
        talk += String(piece);
        if (before.includes(said) || !talk.includes(said)) continue;
        for (const _ of 'twice') process.kill(-Number(program.pid), 'SIGINT');
      }
      expect(await ended, talk).toEqual([130, null]);
      expect(readdirSync(folder)).toEqual(['shots']);
      expect(startedIn(folder)).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

/** Commands of processes whose environment names a folder. */
function startedIn(folder: string): string[] {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const isIn = readFileSync(`/proc/${pid}/environ`, 'utf8').includes(folder);
      return isIn ? [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')] : [];
    } catch {
      // It has ended, or is somebody else's.
      return [];
    }
  });
}
