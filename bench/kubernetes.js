/**
 * `npm run bench kubernetes`: what the Kubernetes engine costs, against `kubectl` in the same run. On a cluster of its own
 * (test/cluster, needs root and Go), or on that of AICHOR_TEST_KUBECONFIG with KWOK's fake nodes (label `type: kwok`).
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { once } from 'node:events';
import { join } from 'node:path';
import { bin, ended, median, openLab, root } from './lab.js';
import { watchJobSets } from './kubernetes/jobset-watch.js';
import { openWayIn } from './kubernetes/way-in.js';

const ROUNDS = 7;
const MANY = 200;
const AT_ONCE = 8;

const cluster = await findCluster();
const lab = openLab();
const over = new AbortController();
const wayIn = await openWayIn(cluster.kubeconfig, lab.folder);
const namespace = `bench-${process.pid}`;
const kubectl = (args, options) =>
  ended('kubectl', ['--kubeconfig', wayIn.kubeconfig, '-n', namespace, ...args], options);
try {
  await kubectl(['create', 'namespace', namespace]);
  const repository = writeRepository(join(lab.folder, 'repository'));
  await lab.aichor(['engines', 'add', 'bench', '--kubeconfig', wayIn.kubeconfig, '--namespace', namespace]);
  const watch = await watchJobSets({ address: wayIn.address, namespace, signal: over.signal });
  process.stdout.write('| figure | measured | limit | floor | |\n|---|---|---|---|---|\n');
  await created(repository, watch);
  await endsSeen(repository, watch);
  await manyAtOnce(repository, watch);
} finally {
  await kubectl(['delete', 'namespace', namespace, '--wait=false']).catch(() => undefined);
  over.abort();
  await lab.close();
  wayIn.close();
  await cluster.close();
}

/** From the start of the command to the JobSet's being there: ours, and `kubectl create` of the same object. */
async function created(repository, watch) {
  const ours = [];
  const theirs = [];
  for (let round = 0; round <= ROUNDS; round++) {
    let started = performance.now();
    const id = await submit(repository);
    const name = objectName(id);
    const mine = (await watch.made(name)) - started;
    const file = join(lab.folder, `same-${round}.json`);
    writeFileSync(file, JSON.stringify(await sameObject(repository, `same-${round}`)));
    started = performance.now();
    await kubectl(['create', '-f', file]);
    const floor = (await watch.made(`same-${round}`)) - started;
    if (round === 0) continue; // warms up
    ours.push(mine);
    theirs.push(floor);
  }
  const floor = Math.min(...theirs);
  row({ what: 'submit to JobSet created', value: Math.min(...ours) / floor, unit: 'x', limit: 3, floor: `kubectl create: ${floor.toFixed(0)} ms` }); // prettier-ignore
}

/** From the JobSet's condition, as a watch of the API server tells it, to the end as `list --watch` tells it. */
async function endsSeen(repository, watch) {
  const list = spawn(process.execPath, [bin, 'experiments', 'list', '--watch', '--json'], { env: lab.env, stdio: ['ignore', 'pipe', 'ignore'] }); // prettier-ignore
  const ends = new Map();
  let wake = () => undefined;
  createInterface({ input: list.stdout }).on('line', (line) => {
    const { experiment_id: id, status } = JSON.parse(line);
    if (status === 'Succeeded' && !ends.has(id)) ends.set(id, performance.now());
    wake();
  });
  const late = [];
  for (let round = 0; round < ROUNDS; round++) {
    const id = await submit(repository);
    const completed = await watch.completed(objectName(id));
    while (!ends.has(id)) await new Promise((resolve) => (wake = resolve));
    late.push(ends.get(id) - completed);
  }
  list.kill();
  row({ what: `end seen after the JobSet's condition, worst of ${ROUNDS}`, value: Math.max(...late), unit: 'ms', limit: 500, floor: `median ${median(late).toFixed(0)} ms` }); // prettier-ignore
}

/** Many at once, and what they asked of the API server; the floor: the same objects by one `kubectl create`. */
async function manyAtOnce(repository, watch) {
  const objects = [];
  for (let index = 0; index < MANY; index++) objects.push(await sameObject(repository, `many-${index}`));
  const file = join(lab.folder, 'many.json');
  writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
  watch.clear();
  let started = performance.now();
  await kubectl(['create', '-f', file]);
  const floor = (await watch.completedCount(MANY)) - started;
  await kubectl(['delete', 'jobsets', '--all', '--wait=true']);
  watch.clear();
  wayIn.counts.clear();
  started = performance.now();
  const ids = [];
  const left = Array.from({ length: MANY }, (_, index) => index);
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (left.pop() !== undefined) ids.push(await submit(repository));
    }),
  );
  const { experiments } = await lab.json(['experiments', 'wait', ...ids, '--json'], { codes: [0, 8] });
  const ours = performance.now() - started;
  const good = experiments.filter(({ status }) => status === 'Succeeded').length;
  if (good !== MANY) throw new Error(`${good} of ${MANY} experiments succeeded`);
  row({ what: `${MANY} experiments at once, to the last end`, value: ours / floor, unit: 'x', limit: 3, floor: `kubectl create: ${(floor / 1000).toFixed(1)} s` }); // prettier-ignore
  process.stdout.write(`\nRequests to the API server for ${MANY} experiments of one pod, by kind:\n\n`);
  for (const [what, number] of [...wayIn.counts].sort(([, a], [, b]) => b - a)) {
    process.stdout.write(`${String(number).padStart(7)}  ${(number / MANY).toFixed(2)} each  ${what}\n`);
  }
}

async function submit(repository) {
  const args = ['experiments', 'submit', 'local', '--engine', 'bench', '--repo-dir', repository, '--quiet'];
  return (await lab.aichor(args)).stdout.trim();
}

function objectName(id) {
  return `experiment-${id.slice(0, 13)}`;
}

/** What the engine would apply, under another name, without what only the engine takes off again. */
async function sameObject(repository, name) {
  sameObject.text ??= (
    await lab.aichor(['manifest', 'render', repository, '--engine', 'bench', '--json'])
  ).stdout;
  const object = JSON.parse(sameObject.text).objects.find(({ kind }) => kind === 'JobSet');
  for (const job of object.spec.replicatedJobs) delete job.template.spec.template.metadata.finalizers;
  return { ...object, metadata: { name, namespace } };
}

function writeRepository(folder) {
  const resources = { cpus: 1, memory: 1, extraSelectors: { type: 'kwok' }, extraTolerations: [{ key: 'kwok.x-k8s.io/node', operator: 'Exists' }] }; // prettier-ignore
  const manifest = {
    ...{ kind: 'AIchorManifest', apiVersion: '0.2.3' },
    builder: { image: 'localhost/busybox:test', dockerfile: './Dockerfile', skipBuild: { enabled: true } },
    spec: {
      ...{ operator: 'jobset', image: 'localhost/busybox:test', command: 'true' },
      types: { worker: { count: 1, resources } },
    },
  };
  mkdirSync(folder);
  writeFileSync(join(folder, 'manifest.yaml'), JSON.stringify(manifest));
  writeFileSync(join(folder, 'Dockerfile'), 'FROM scratch\n');
  return folder;
}

function row({ what, value, unit, limit, floor }) {
  const amount = (number) => (unit === 'x' ? `${number.toFixed(2)} x` : `${number.toFixed(0)} ${unit}`);
  const cells = [what, amount(value), amount(limit), floor, value <= limit ? 'ok' : 'MISSED'];
  process.stdout.write(`| ${cells.join(' | ')} |\n`);
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
