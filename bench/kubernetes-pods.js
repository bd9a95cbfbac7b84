/**
 * `npm run bench kubernetes-pods`: what 5,000 pods of one JobSet cost the control plane, with an API server that plays them: no cluster is
 * needed, and nothing else is measured. Processor time is the figure to go by on a machine that has other things to do.
 *
 *   AICHOR_BENCH_BASE=CHECKOUT npm run bench kubernetes-pods     another built checkout beside it
 *   AICHOR_BENCH_PODS=1000 npm run bench kubernetes-pods         fewer of them, or more
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bareNode, interleaved, openLab, root } from './lab.js';
import { row, writeRepository } from './kubernetes/cluster.js';
import { openPlayedCluster } from './kubernetes/played.js';
import { memoryOf } from './load.js';

const PODS = Number(process.env.AICHOR_BENCH_PODS ?? 5000);
const PODS_OF_JOB = 100;
/** About what a cluster of one machine makes of them. */
const PODS_PER_S = 100;
const ROUNDS = 5;
const LIMIT_MS = 1_800_000;
/** Of `/proc/<pid>/stat`. */
const TICKS_PER_S = 100;

const base = process.env.AICHOR_BENCH_BASE;
const before = base ? await manyPods(base) : null;
const now = await manyPods(root);
process.stdout.write('| figure | measured | limit | floor | |\n|---|---|---|---|---|\n');
tell('processor time of the control plane', 'processorMs', { unit: 'ms', limit: 15_000 });
tell('of which after the condition', 'afterMs', { unit: 'ms', limit: 1500 });
tell('end seen after the condition', 'lateMs', { unit: 'ms', limit: 2000 });
tell('memory of the control plane', 'memoryMb', { unit: 'MB', limit: 400 });
row({ what: `get of ${PODS} pods`, value: now.get, unit: 'x', limit: 5, floor: `bare node: ${now.node.toFixed(0)} ms` }); // prettier-ignore

function tell(what, figure, { unit, limit }) {
  const beside = before === null ? '' : `before: ${before[figure].toFixed(0)} ${unit}`;
  row({ what: `${what}, ${PODS} pods`, value: now[figure], unit, limit, floor: beside });
}

/** One run of a build. Throws unless each pod succeeded. */
async function manyPods(checkout) {
  const lab = openLab({ checkout });
  let pid = 0;
  const cluster = await openPlayedCluster({
    folder: lab.folder,
    podsPerS: PODS_PER_S,
    onHappened: () => processorMs(pid),
  });
  try {
    const { kubeconfig, namespace } = cluster;
    await lab.aichor(['engines', 'add', 'bench', '--kubeconfig', kubeconfig, '--namespace', namespace]);
    ({ pid } = await lab.json(['server', 'status']));
    const start = processorMs(pid);
    const list = spawn(process.execPath, [lab.program, 'experiments', 'list', '--watch', '--json'], { env: lab.env, stdio: ['ignore', 'pipe', 'ignore'] }); // prettier-ignore
    const seen = new Promise((resolve) => {
      createInterface({ input: list.stdout }).on('line', (line) => {
        const { status, ended_at: endedAt } = JSON.parse(line);
        if (endedAt !== null) resolve({ at: Date.now(), status, found: processorMs(pid) });
      });
    });
    const worker = { count: PODS / PODS_OF_JOB, completions: PODS_OF_JOB, parallelisms: PODS_OF_JOB };
    const repository = writeRepository(join(lab.folder, 'many'), { worker });
    const args = ['experiments', 'submit', 'local', '--engine', 'bench', '--repo-dir', repository, '--quiet'];
    const id = (await lab.aichor(args)).stdout.trim();
    const completed = await cluster.happened('completed');
    const end = await seen;
    list.kill();
    const { pods, notices } = await lab.json(['experiments', 'get', id, '--json'], { limitMs: LIMIT_MS });
    const good = pods.filter(({ status }) => status === 'Succeeded').length;
    if (good !== PODS || end.status !== 'Succeeded' || notices.length > 0)
      throw new Error(`${end.status}: ${good} of ${PODS} pods succeeded; ${JSON.stringify(notices)}`);
    const memoryMb = memoryOf(pid, 'VmHWM');
    const { get, node } = await interleaved(ROUNDS, {
      node: bareNode,
      get: async () => (await lab.aichor(['experiments', 'get', id])).ms,
    });
    return {
      ...{ memoryMb, get: get / node, node },
      processorMs: end.found - start,
      afterMs: end.found - completed.found,
      lateMs: end.at - completed.at,
    };
  } finally {
    await cluster.close();
    await lab.close();
  }
}

/** Milliseconds of a processor, its own and the system's, that a process has taken. */
function processorMs(pid) {
  if (pid === 0) return 0;
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13);
  return ((Number(user) + Number(system)) * 1000) / TICKS_PER_S;
}
