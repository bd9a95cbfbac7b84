/**
 * `npm run bench kubernetes`: what the Kubernetes engine costs, against `kubectl` in the same run. On a cluster of its own
 * (test/cluster, needs root and Go), or on that of AICHOR_TEST_KUBECONFIG, where KWOK plays nodes with the annotation `kwok.x-k8s.io/node: fake`.
 */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { bin, median } from './lab.js';
import { objectName, openBench, row, submit, writeRepository } from './kubernetes/cluster.js';

const ROUNDS = 7;
const MANY = 200;
const AT_ONCE = 8;

const bench = await openBench('bench');
const { lab, wayIn, namespace, kubectl, watch } = bench;
try {
  await bench.addEngine(lab);
  const repository = writeRepository(join(lab.folder, 'repository'));
  process.stdout.write('| figure | measured | limit | floor | |\n|---|---|---|---|---|\n');
  await created(repository);
  await endsSeen(repository);
  await manyAtOnce(repository);
} finally {
  await bench.close();
}

/** From the start of the command to the JobSet's being there: ours, and `kubectl create` of the same object. */
async function created(repository) {
  const ours = [];
  const theirs = [];
  for (let round = 0; round <= ROUNDS; round++) {
    let started = performance.now();
    const id = await submit(lab, repository);
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
async function endsSeen(repository) {
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
    const id = await submit(lab, repository);
    const completed = await watch.completed(objectName(id));
    while (!ends.has(id)) await new Promise((resolve) => (wake = resolve));
    late.push(ends.get(id) - completed);
  }
  list.kill();
  row({ what: `end seen after the JobSet's condition, worst of ${ROUNDS}`, value: Math.max(...late), unit: 'ms', limit: 500, floor: `median ${median(late).toFixed(0)} ms` }); // prettier-ignore
}

/** Many at once, and what they asked of the API server; the floor: the same objects by one `kubectl create`. */
async function manyAtOnce(repository) {
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
      while (left.pop() !== undefined) ids.push(await submit(lab, repository));
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

/** What the engine would apply, under another name, without what only the engine takes off again. */
async function sameObject(repository, name) {
  sameObject.text ??= (
    await lab.aichor(['manifest', 'render', repository, '--engine', 'bench', '--json'])
  ).stdout;
  const object = JSON.parse(sameObject.text).objects.find(({ kind }) => kind === 'JobSet');
  for (const job of object.spec.replicatedJobs) delete job.template.spec.template.metadata.finalizers;
  return { ...object, metadata: { name, namespace } };
}
