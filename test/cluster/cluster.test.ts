/** The cluster's own scripts: nothing of one is left, whatever became of who started it. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { moment } from '../faults/processes.ts';
import { onCluster } from './harness/found.ts';

const PROGRAM = join(import.meta.dirname, 'cluster.js');

/** Processes with the cluster's mark in their environment. */
async function marked(state: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const environments = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '')),
  );
  return pids.filter((_, index) => environments[index]?.includes(`AICHOR_CLUSTER_OF=${state}\0`));
}

async function exitOf(child: ReturnType<typeof spawn>): Promise<number | null> {
  return new Promise((resolve) => child.once('exit', resolve));
}

onCluster(
  'a cluster whose keeper is killed while it starts',
  () => {
    test('leaves no process, and down leaves no folder and no control group', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'aichor-k-'));
      const state = join(folder, 'c');
      const env = { ...process.env, AICHOR_CLUSTER: state };
      const up = spawn(process.execPath, [PROGRAM, 'up', '--tied'], { env, stdio: ['pipe', 'ignore', 'inherit'] });
      const begun = join(state, 'logs/kube-apiserver.log');
      while (!existsSync(begun)) await moment(50);
      expect(await marked(state)).not.toEqual([]);
      up.kill('SIGKILL');
      while ((await marked(state)).length > 0) await moment(50);
      expect(await exitOf(spawn(process.execPath, [PROGRAM, 'down'], { env, stdio: 'inherit' }))).toBe(0);
      expect(existsSync(state)).toBe(false);
      await rm(folder, { recursive: true });
    });
  },
  { own: true },
); // prettier-ignore
