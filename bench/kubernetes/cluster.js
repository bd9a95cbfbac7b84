import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ended, openLab, root } from '../lab.js';
import { watchJobSets } from './jobset-watch.js';
import { openWayIn } from './way-in.js';

/**
 * All that a benchmark on a cluster needs: a lab, a namespace of its own, nodes for thousands of pods, a way in that counts
 * requests, a watch of the JobSets.
 *
 * @param {string} name of the benchmark; the namespace begins with it
 * @param {{limitMs?: number}} options how long a call of kubectl may take
 */
export async function openBench(name, { limitMs } = {}) {
  const cluster = await findCluster();
  const lab = openLab();
  const over = new AbortController();
  const wayIn = await openWayIn(cluster.kubeconfig, lab.folder);
  const namespace = `${name}-${process.pid}`;
  const kubectl = (args, options) =>
    ended('kubectl', ['--kubeconfig', wayIn.kubeconfig, '-n', namespace, ...args], { limitMs, ...options });
  const close = async () => {
    await kubectl(['delete', 'namespace', namespace, '--wait=false']).catch(() => undefined);
    await removeNodes(kubectl).catch(() => undefined);
    over.abort();
    await lab.close();
    wayIn.close();
    await cluster.close();
  };
  try {
    await kubectl(['create', 'namespace', namespace]);
    await makeNodes(kubectl, lab.folder);
    const watch = await watchJobSets({ address: wayIn.address, namespace, signal: over.signal });
    /** The engine `bench` for a lab. */
    const addEngine = ({ aichor }) =>
      aichor(['engines', 'add', 'bench', '--kubeconfig', wayIn.kubeconfig, '--namespace', namespace]);
    return { lab, wayIn, namespace, kubectl, watch, addEngine, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Submits a repository to the engine `bench`; its id. */
export async function submit({ aichor }, repository) {
  const args = ['experiments', 'submit', 'local', '--engine', 'bench', '--repo-dir', repository, '--quiet'];
  return (await aichor(args)).stdout.trim();
}

/** The JobSet of an experiment. */
export function objectName(id) {
  return `experiment-${id.slice(0, 13)}`;
}

/** A cluster that is there, or one of our own, which ends with this program. */
async function findCluster() {
  const given = process.env.AICHOR_TEST_KUBECONFIG;
  if (given) return { kubeconfig: given, close: async () => undefined };
  const state = join(process.env.TMPDIR ?? '/tmp', `aichor-bench-cluster-${process.pid}`);
  const env = { ...process.env, AICHOR_CLUSTER: state };
  const program = join(root, 'test', 'cluster', 'cluster.js');
  const { stdout } = spawnSync(process.execPath, [program, 'up'], { env, stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' }); // prettier-ignore
  process.env.PATH = `${join(state, 'bin')}:${process.env.PATH}`;
  return {
    kubeconfig: stdout.trim(),
    async close() {
      await once(spawn(process.execPath, [program, 'down'], { env, stdio: 'inherit' }), 'close');
    },
  };
}

/** Pods that one of the nodes takes. */
const PODS_OF_NODE = 2000;
const LABELS = { type: 'kwok', 'aichor.io/bench': 'true' };
const TAINT = { key: 'kwok.x-k8s.io/node', value: 'fake', effect: 'NoSchedule' };

/** Nodes that KWOK plays, for some thousand pods; who has some of that label already keeps to those. */
async function makeNodes(kubectl, folder) {
  const { stdout } = await kubectl(['get', 'nodes', '-l', 'type=kwok', '-o', 'name']);
  if (stdout.trim() !== '') return;
  const amounts = { cpu: '4000', memory: '16Ti', 'ephemeral-storage': '16Ti', pods: String(PODS_OF_NODE) };
  const items = [0, 1, 2].map((index) => ({
    ...{ apiVersion: 'v1', kind: 'Node' },
    metadata: { name: `bench-${index}`, labels: LABELS, annotations: { 'kwok.x-k8s.io/node': 'fake' } },
    spec: { taints: [TAINT] },
    status: { allocatable: amounts, capacity: amounts },
  }));
  const file = join(folder, 'nodes.json');
  writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  await kubectl(['create', '-f', file]);
}

/** Those that `makeNodes` has made. */
async function removeNodes(kubectl) {
  await kubectl(['delete', 'nodes', '-l', 'aichor.io/bench', '--wait=false']);
}

/** One whose pods go to such nodes. */
export function writeRepository(folder, { worker = { count: 1 }, env = {} } = {}) {
  const resources = { cpus: 1, memory: 1, extraSelectors: { type: 'kwok' }, extraTolerations: [{ key: 'kwok.x-k8s.io/node', operator: 'Exists' }] }; // prettier-ignore
  const manifest = {
    ...{ kind: 'AIchorManifest', apiVersion: '0.2.3' },
    builder: { image: 'localhost/busybox:test', dockerfile: './Dockerfile', skipBuild: { enabled: true } },
    spec: {
      ...{ operator: 'jobset', image: 'localhost/busybox:test', command: 'true' },
      types: { worker: { ...worker, resources } },
      ...(Object.keys(env).length > 0 && { env }),
    },
  };
  mkdirSync(folder);
  writeFileSync(join(folder, 'manifest.yaml'), JSON.stringify(manifest));
  writeFileSync(join(folder, 'Dockerfile'), 'FROM scratch\n');
  return folder;
}

/** A row of the table. */
export function row({ what, value, unit, limit, floor }) {
  const amount = (number) => (unit === 'x' ? `${number.toFixed(2)} x` : `${number.toFixed(0)} ${unit}`);
  const cells = [what, amount(value), amount(limit), floor, value <= limit ? 'ok' : 'MISSED'];
  process.stdout.write(`| ${cells.join(' | ')} |\n`);
}
