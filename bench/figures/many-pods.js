import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { openLab, row } from '../lab.js';
import { writeRepository } from '../repository.js';

const PODS = 200;

/** How long it takes until 200 pods of one experiment have started, beside starting 200 shells from Node. */
export async function measure() {
  const lab = openLab();
  const repository = writeRepository(join(lab.folder, 'wide'), { command: 'date +%s%N', pods: PODS });
  const times = { bare: [], pods: [] };
  try {
    for (let round = 0; round < 3; round++) {
      times.bare.push(await spread(await bareShells(lab.folder)));
      const submit = [
        'experiments',
        'submit',
        'local',
        '--repo-dir',
        repository,
        '--message',
        'bench',
        '--wait',
      ];
      const { experiment_id } = await lab.json(submit);
      const { stdout } = await lab.aichor(['experiments', 'logs', experiment_id, '--step', 'run']);
      times.pods.push(
        spread(
          stdout
            .trim()
            .split('\n')
            .map((line) => JSON.parse(line).text),
        ),
      );
    }
    const bare = Math.min(...times.bare);
    return [
      row('200 pods, first to last start', {
        value: Math.min(...times.pods) / bare,
        unit: 'x',
        limit: 2,
        floor: `200 shells, ${bare.toFixed(0)} ms`,
      }),
    ];
  } finally {
    await lab.close();
  }
}

/** What 200 shells say the time is, each its own process group with its output on a pipe. */
function bareShells(cwd) {
  const one = () =>
    new Promise((resolve, reject) => {
      const child = spawn('bash', ['-c', 'date +%s%N'], {
        cwd,
        detached: true,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let text = '';
      child.stdout.setEncoding('utf8').on('data', (chunk) => (text += chunk));
      child.on('error', reject);
      child.on('close', () => resolve(text.trim()));
    });
  return Promise.all(Array.from({ length: PODS }, one));
}

/** Milliseconds between the first and the last of these times in nanoseconds. */
function spread(texts) {
  if (texts.length !== PODS) throw new Error(`${texts.length} pods of ${PODS} spoke`);
  const times = texts.map((text) => Number(BigInt(text) / 1000n) / 1000);
  return Math.max(...times) - Math.min(...times);
}
