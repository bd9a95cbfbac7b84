import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { bareNode, bin, interleaved, openLab, row } from '../lab.js';
import { writeRepository } from '../repository.js';

const LINES = 500_000;
const PROGRAM = `for i in range(${LINES}):\n    print(f"step {i} loss {i / 7:.6f} accuracy {i % 100}")\n`;

/** 500,000 lines as JSON, through the whole program. */
export async function measure() {
  const lab = openLab();
  const repository = writeRepository(join(lab.folder, 'chatty'), {
    command: 'python3 chat.py',
    files: { 'chat.py': PROGRAM },
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
      '--wait',
    ]);
    const times = await interleaved(3, { node: bareNode, read: () => read(lab.env, experiment_id) });
    return [
      row('500,000 lines read as JSON', {
        value: times.read,
        unit: 'ms',
        limit: 1000 + 3 * times.node,
        floor: `1 s + 3 x ${times.node.toFixed(0)} ms`,
      }),
    ];
  } finally {
    await lab.close();
  }
}

function read(env, id) {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(process.execPath, [bin, 'experiments', 'logs', id, '--step', 'run'], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let lines = 0;
    child.stdout.on('data', (chunk) => {
      for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) lines++;
    });
    child.on('error', reject);
    child.on('close', () =>
      lines === LINES ? resolve(performance.now() - started) : reject(new Error(`${lines} lines`)),
    );
  });
}
