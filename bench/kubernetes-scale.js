/**
 * `npm run bench kubernetes-scale`: the Kubernetes engine at its size, on nodes that KWOK plays. A quarter of an hour on two cores; a
 * cluster as for `npm run bench kubernetes`.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { bareNode, bin, interleaved, openLab } from './lab.js';
import { objectName, openBench, row, submit, writeRepository } from './kubernetes/cluster.js';
import { listed, memoryOf, post, someLive } from './load.js';

const PODS = 5000;
const PODS_OF_JOB = 100;
const FEW = 200;
const MANY = 1000;
const CLIENTS = 8;
const SERVERS = 20;
const ROUNDS = 5;
const POLL_MS = 1000;
/** What takes longer is broken. */
const LIMIT_MS = 1_800_000;
const LIMIT_MB = 400;

const bench = await openBench('scale', { limitMs: LIMIT_MS });
const { lab, wayIn, kubectl, watch, addEngine } = bench;
try {
  process.stdout.write('| figure | measured | limit | floor | |\n|---|---|---|---|---|\n');
  await manyControlPlanes();
  await addEngine(lab);
  await manyExperiments();
  await manyPods();
} finally {
  await bench.close();
}

/** The most memory that a lab's control plane has had, in MB. */
async function peakMb({ json }) {
  const { pid } = await json(['server', 'status']);
  return memoryOf(pid, 'VmHWM');
}

/** Each with an experiment of its own, in one namespace: none of them sees another's. */
async function manyControlPlanes() {
  const labs = Array.from({ length: SERVERS }, () => openLab());
  try {
    const ids = [];
    for (const each of labs) {
      await addEngine(each);
      ids.push(
        await submit(each, writeRepository(join(each.folder, 'repository'), { worker: { count: 5 } })),
      );
    }
    const peaks = [];
    for (const [index, each] of labs.entries()) {
      await each.aichor(['experiments', 'wait', ids[index]], { limitMs: LIMIT_MS });
      const { experiments } = await each.json(['experiments', 'list', '--json']);
      const seen = experiments.map(({ experiment_id: id, status }) => `${id} ${status}`);
      if (seen.join() !== `${ids[index]} Succeeded`)
        throw new Error(`control plane ${index} has ${seen.join(', ')}`);
      peaks.push(await peakMb(each));
    }
    row({ what: `memory of ${SERVERS} control planes on one namespace, the largest`, value: Math.max(...peaks), unit: 'MB', limit: LIMIT_MB, floor: `smallest ${Math.min(...peaks).toFixed(0)} MB` }); // prettier-ignore
  } finally {
    for (const each of labs) await each.close();
  }
}

/** All at once; what each asks of the API server does not grow with their number. */
async function manyExperiments() {
  const first = await submit(lab, writeRepository(join(lab.folder, 'one')));
  await lab.aichor(['experiments', 'wait', first], { limitMs: LIMIT_MS });
  const { source } = await lab.json(['experiments', 'get', first, '--json']);
  const submission = JSON.stringify({
    ...{ source: { kind: 'local', snapshot: source.snapshot }, message: 'bench', engine: 'bench' },
    shell: { PATH: process.env.PATH, HOME: process.env.HOME ?? '/', LANG: 'C.UTF-8' },
  });
  const few = await requestsEach(FEW, submission);
  const many = await requestsEach(MANY, submission);
  row({ what: `requests an experiment, ${MANY} at once`, value: many / few, unit: 'x', limit: 1.1, floor: `${few.toFixed(1)} each of ${FEW}` }); // prettier-ignore
  row({ what: `memory of the control plane, ${MANY} experiments at once`, value: await peakMb(lab), unit: 'MB', limit: LIMIT_MB, floor: '' }); // prettier-ignore
}

/** All of them succeed; asked for patiently, for a machine that is busy with the cluster. */
async function requestsEach(count, submission) {
  const { address } = await lab.json(['server', 'status']);
  const socket = address.replace(/^unix:/, '');
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
  const before = requests();
  let left = count;
  const client = async () => {
    while (left-- > 0) await post({ agent, socket }, '/v1/experiments', submission);
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  agent.destroy();
  while (await someLive(socket)) await delay(POLL_MS);
  const bad = await listed(socket, 'status=Failed&status=Cancelled&limit=1');
  if (bad.length > 0) throw new Error(`an experiment ended badly: ${JSON.stringify(bad)}`);
  const each = (requests() - before) / count;
  await kubectl(['delete', 'jobsets', '--all', '--wait=false']);
  return each;
}

function requests() {
  return [...wayIn.counts.values()].reduce((sum, count) => sum + count, 0);
}

/** In one JobSet. */
async function manyPods() {
  const list = spawn(process.execPath, [bin, 'experiments', 'list', '--watch', '--json'], { env: lab.env, stdio: ['ignore', 'pipe', 'ignore'] }); // prettier-ignore
  const worker = { count: PODS / PODS_OF_JOB, completions: PODS_OF_JOB, parallelisms: PODS_OF_JOB };
  const id = await submit(lab, writeRepository(join(lab.folder, 'many'), { worker }));
  const seen = new Promise((resolve) => {
    createInterface({ input: list.stdout }).on('line', (line) => {
      const record = JSON.parse(line);
      if (record.experiment_id === id && record.status === 'Succeeded') resolve(performance.now());
    });
  });
  const completed = await watch.completed(objectName(id));
  const late = (await seen) - completed;
  list.kill();
  const { pods } = await lab.json(['experiments', 'get', id, '--json']);
  const good = pods.filter(({ status }) => status === 'Succeeded').length;
  if (good !== PODS) throw new Error(`${good} of ${PODS} pods succeeded`);
  row({ what: `end of ${PODS} pods seen after the JobSet's condition`, value: late, unit: 'ms', limit: 2000, floor: '' }); // prettier-ignore
  const { get, node } = await interleaved(ROUNDS, {
    node: bareNode,
    get: async () => (await lab.aichor(['experiments', 'get', id])).ms,
  });
  row({ what: `get of ${PODS} pods`, value: get / node, unit: 'x', limit: 5, floor: `bare node: ${node.toFixed(0)} ms` }); // prettier-ignore
  row({ what: `memory of the control plane, ${PODS} pods`, value: await peakMb(lab), unit: 'MB', limit: LIMIT_MB, floor: '' }); // prettier-ignore
}
