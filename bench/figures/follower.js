import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { bin, median, openLab, row } from '../lab.js';
import { writeRepository } from '../repository.js';

const LINES = 200;
const PROGRAM = [
  'import time',
  'time.sleep(1.5)',
  `for _ in range(${LINES}):`,
  '    print(time.time(), flush=True)',
  '    time.sleep(0.02)',
  '',
].join('\n');

/** From a pod's print to the line in a follower's hands. The pod prints the time it prints at. */
export async function measure() {
  const lab = openLab();
  const repository = writeRepository(join(lab.folder, 'clock'), {
    command: 'python3 clock.py',
    files: { 'clock.py': PROGRAM },
  });
  try {
    const { experiment_id } = await lab.json([
      'experiments',
      'submit',
      'local',
      '--repo-dir',
      repository,
      '--message',
      'bench',
    ]);
    const delays = await follow(lab.env, experiment_id);
    if (delays.length !== LINES) throw new Error(`${delays.length} lines of ${LINES} arrived`);
    const sorted = [...delays].sort((a, b) => a - b);
    return [
      row('print to follower, p50', {
        value: median(delays),
        unit: 'ms',
        limit: 20,
        floor: 'the clock of the pod',
      }),
      row('print to follower, p99', {
        value: sorted[Math.floor(0.99 * sorted.length)],
        unit: 'ms',
        limit: 100,
        floor: 'the clock of the pod',
      }),
    ];
  } finally {
    await lab.close();
  }
}

async function follow(env, id) {
  const child = spawn(process.execPath, [bin, 'experiments', 'logs', id, '--follow', '--step', 'run'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const delays = [];
  for await (const line of createInterface({ input: child.stdout })) {
    delays.push(Date.now() - 1000 * Number(JSON.parse(line).text));
  }
  return delays;
}
