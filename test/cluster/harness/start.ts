import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestProject } from 'vitest/node';
import { obstacle } from '../build/obstacles.js';
import type { FoundCluster } from './found.ts';

const PROGRAM = join(import.meta.dirname, '../cluster.js');
const NOTHING: Omit<FoundCluster, 'missing'> = { kubeconfig: '', programs: null, socket: '', state: null, image: '' }; // prettier-ignore

type Env = Record<string, string | undefined>;
type Teardown = () => Promise<void>;

/**
 * Finds or starts the cluster of a run:
 *
 * - `AICHOR_TEST_KUBECONFIG`: any cluster; `AICHOR_TEST_IMAGE` is an image with busybox that its nodes can pull
 * - `AICHOR_CLUSTER`: one of ours that runs already; it goes on afterwards
 * - `AICHOR_CLUSTER_MISSING`: why there is none
 * - else one is started, and taken down at the end, also when this process is killed
 */
export default async function start(project: TestProject): Promise<Teardown | undefined> {
  const { env } = process;
  const given = env['AICHOR_TEST_KUBECONFIG'];
  if (given !== undefined) {
    const image = env['AICHOR_TEST_IMAGE'] ?? 'busybox:stable';
    return provide(project, { ...NOTHING, missing: null, kubeconfig: given, image });
  }
  const reason = env['AICHOR_CLUSTER_MISSING'] || obstacle(env);
  if (reason !== null) return provideNone(project, reason, env);
  const running = env['AICHOR_CLUSTER'];
  if (running !== undefined && existsSync(join(running, 'kubeconfig'))) return provide(project, own(running));
  const folder = await mkdtemp(join(tmpdir(), 'aichor-k-'));
  const state = join(folder, 'c');
  const keeper = await startCluster(state);
  const stopProxy = await provide(project, own(state));
  return async () => {
    await stopProxy();
    keeper.stdin?.end();
    await ended(keeper);
    await rm(folder, { recursive: true, force: true });
  };
}

/** In CI a suite that cannot run is no suite. */
function provideNone(project: TestProject, reason: string, { CI }: Env): undefined {
  const text = `no cluster on this machine: ${reason}`;
  if (CI) throw new Error(text);
  process.stderr.write(`test:cluster is skipped: ${text}\n`);
  project.provide('cluster', { ...NOTHING, missing: text });
}

function own(state: string): FoundCluster {
  const [kubeconfig, programs] = [join(state, 'kubeconfig'), join(state, 'bin')];
  return { missing: null, kubeconfig, programs, state, socket: '', image: 'localhost/busybox:test' };
}

async function startCluster(state: string): Promise<ChildProcess> {
  const env = { ...process.env, AICHOR_CLUSTER: state };
  const keeper = spawn(process.execPath, [PROGRAM, 'up', '--tied'], { env, stdio: ['pipe', 'pipe', 'inherit'] }); // prettier-ignore
  await firstLine(keeper, 'the cluster did not start');
  return keeper;
}

/** A proxy that tests ask without credentials; its socket lies in a folder that only this user can open. */
async function provide(project: TestProject, found: FoundCluster): Promise<Teardown> {
  const folder = await mkdtemp(join(tmpdir(), 'aichor-p-'));
  const socket = join(folder, 'api.sock');
  const kubectl = found.programs === null ? 'kubectl' : join(found.programs, 'kubectl');
  const args = ['proxy', `--kubeconfig=${found.kubeconfig}`, `--unix-socket=${socket}`];
  const proxy = spawn(kubectl, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await firstLine(proxy, `${kubectl} proxy ended`);
  project.provide('cluster', { ...found, socket });
  return async () => {
    proxy.kill();
    await ended(proxy);
    await rm(folder, { recursive: true, force: true });
  };
}

async function firstLine(child: ChildProcess, otherwise: string): Promise<string> {
  const { stdout } = child;
  if (stdout === null) throw new Error('a program without output');
  const lines = createInterface({ input: stdout });
  const line = new Promise<string>((resolve) => lines.once('line', resolve));
  const failed = new Promise<never>((_, reject) => {
    child.once('error', reject).once('exit', () => reject(new Error(otherwise)));
  });
  return Promise.race([line, failed]);
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once('exit', () => resolve()));
}
