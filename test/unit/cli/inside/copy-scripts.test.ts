import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { TAKE } from '../../../../src/cli/inside/copy-scripts.ts';

const OFTEN = { repeats: 40 };

test.each(['nothing else', 'the end of what comes'])(
  'what is told to hang up again and again, and %s, removes its part all the same',
  OFTEN,
  async (more) => {
    const folder = mkdtempSync(join(tmpdir(), 'aichor-take-'));
    const words = ['-c', TAKE, 'sh', join(folder, 'to'), 'from', 'file', 'x', ''];
    const child = spawn('sh', words, { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
    const exited = once(child, 'exit');
    await expect.poll(() => readdirSync(folder), { interval: 5 }).toEqual(['.aichor-copy-x']);
    // Then tar fails by itself, and the shell is about to leave.
    if (more !== 'nothing else') child.stdin.end('no archive');
    const who = more === 'nothing else' ? -Number(child.pid) : Number(child.pid);
    while (child.exitCode === null && child.signalCode === null) {
      for (let times = 0; times < 50; times++) hangUp(who);
      await new Promise(setImmediate);
    }
    await exited;
    expect(readdirSync(folder)).toEqual([]);
    rmSync(folder, { recursive: true });
  },
);

function hangUp(who: number): void {
  try {
    process.kill(who, 'SIGHUP');
  } catch {
    // It has ended.
  }
}
