import { execFile, execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { uptime } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { median, openLab, row } from '../lab.js';

const run = promisify(execFile);
const PODS = 4;
const ROUNDS = 5;
const BASE = 'localhost/aichor-bench/base:1';
const BUSYBOX = '/bin/busybox';
/** By the clock that goes on inside containers as outside. */
const COMMAND = 'cat /proc/uptime';

const MANIFEST = `kind: AIchorManifest
apiVersion: "0.2.3"
builder: {image: x, dockerfile: ./Dockerfile}
spec:
  operator: jobset
  image: x
  command: ${COMMAND}
  types:
    worker: {count: ${PODS}, resources: {cpus: 1, memory: 0.2}}
`;

/** 4 pods of a jobset in containers of podman, until the last one runs, beside `podman run` of the same four at once. */
export async function measure() {
  const lab = openLab();
  const times = { ours: [], bare: [] };
  const ids = [];
  try {
    const repository = await prepare(lab.folder);
    for (let round = 0; round <= ROUNDS; round++) {
      const bare = await bareContainers(round);
      const words = [
        'experiments',
        'submit',
        'local',
        '--repo-dir',
        repository,
        '--container',
        'podman',
        '--wait',
      ];
      const { experiment_id, status, events } = await lab.json(words);
      ids.push(experiment_id);
      if (status !== 'Succeeded') throw new Error(`${experiment_id} ended as ${status}`);
      const { stdout } = await lab.aichor(['experiments', 'logs', experiment_id, '--step', 'run']);
      const seen = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).text);
      const begun = Date.parse(events.find(({ message }) => message.startsWith('submit:')).time) / 1000;
      // The first round is for what is made once.
      if (round === 0) continue;
      times.bare.push(bare);
      times.ours.push(last(seen) - (begun - (Date.now() / 1000 - uptime())));
    }
    const floor = median(times.bare);
    const ratio = median(times.ours.map((seconds, round) => seconds / times.bare[round]));
    const what = `${PODS} pods in containers, the run's begin to the last one's command`;
    const name = `podman run of the same at once, ${floor.toFixed(1)} s`;
    return [row(what, { value: ratio, unit: 'x', limit: 2, floor: name })];
  } finally {
    await lab.close();
    const images = ids.map((id) => `localhost/aichor/built:${id}`);
    execFileSync('podman', ['rmi', '--force', '--ignore', ...images, BASE], { stdio: 'ignore' });
  }
}

/** The image, and a repository that is built from it. */
async function prepare(folder) {
  const base = join(folder, 'base');
  mkdirSync(join(base, 'bin'), { recursive: true });
  copyFileSync(BUSYBOX, join(base, 'bin', 'busybox'));
  for (const name of ['sh', 'cat']) symlinkSync('busybox', join(base, 'bin', name));
  writeFileSync(join(base, 'Dockerfile'), 'FROM scratch\nCOPY bin /bin\n');
  await run('podman', ['build', '--quiet', '--tag', BASE, base]);
  const repository = join(folder, 'repository');
  mkdirSync(repository);
  writeFileSync(join(repository, 'manifest.yaml'), MANIFEST);
  writeFileSync(join(repository, 'Dockerfile'), `FROM ${BASE}\n`);
  return repository;
}

/** With a network of their own and the same limits. */
async function bareContainers(round) {
  const network = `aichor-bench-${process.pid}-${round}`;
  const began = uptime();
  await run('podman', ['network', 'create', '--disable-dns', network]);
  try {
    // A root that may not raise limits gets no container otherwise.
    const limits = [
      '--ulimit=nofile=1024:1024',
      '--ulimit=nproc=1024:1024',
      '--memory=205m',
      '--cpus=1',
      '--init',
    ];
    const words = [
      'run',
      '--rm',
      '--log-driver=none',
      `--network=${network}`,
      ...limits,
      BASE,
      'sh',
      '-c',
      COMMAND,
    ];
    const seen = await Promise.all(Array.from({ length: PODS }, () => run('podman', words)));
    return last(seen.map(({ stdout }) => stdout)) - began;
  } finally {
    await run('podman', ['network', 'rm', '--force', network]);
  }
}

/** Of lines of /proc/uptime. */
function last(lines) {
  return Math.max(...lines.map((line) => Number(line.split(' ')[0])));
}
