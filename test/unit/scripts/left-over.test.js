import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { beginRun } from '../../../scripts/left-over.js';

it('names the processes and folders that a run of tests leaves, and takes them away', async () => {
  const run = beginRun();
  const folder = run.env.TMPDIR;
  await mkdir(join(folder, 'aichor-forgotten'));
  await mkdir(join(folder, 'node-compile-cache'));
  const left = spawn('sleep', ['1000'], { env: { ...process.env, ...run.env }, stdio: 'ignore' });
  const gone = once(left, 'exit');
  expect(await run.end()).toEqual([
    `process ${left.pid}: sleep 1000`,
    `folder ${join(folder, 'aichor-forgotten')}`,
  ]);
  expect(await gone).toEqual([null, 'SIGKILL']);
  expect(existsSync(folder)).toBe(false);
});

it('has nothing to say of a run that leaves nothing', async () => {
  const run = beginRun();
  const child = spawn('true', { env: { ...process.env, ...run.env } });
  await once(child, 'exit');
  expect(await run.end()).toEqual([]);
});
