import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { bareNode, bin, interleaved, openLab, row } from '../lab.js';
import { writeRepository } from '../repository.js';

/** From Enter to the first line of a tiny repository's pod, with a server that runs. */
export async function measure() {
  const lab = openLab();
  const repository = writeRepository(join(lab.folder, 'tiny'), { command: 'echo first line of the pod' });
  try {
    await lab.aichor(['engines', 'list']);
    const times = await interleaved(7, { node: bareNode, line: () => untilFirstLine(lab.env, repository) });
    const limit = 300 + 3 * times.node;
    return [
      row('submit to first log line', {
        value: times.line,
        unit: 'ms',
        limit,
        floor: `0.3 s + 3 x ${times.node.toFixed(0)} ms`,
      }),
    ];
  } finally {
    await lab.close();
  }
}

function untilFirstLine(env, repository) {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const args = [
      bin,
      'experiments',
      'submit',
      'local',
      '--repo-dir',
      repository,
      '--message',
      'bench',
      '--follow',
    ];
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
    let seen = '';
    let ms = null;
    child.stderr.setEncoding('utf8').on('data', (text) => {
      seen += text;
      if (ms === null && seen.includes('first line of the pod')) ms = performance.now() - started;
    });
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 && ms !== null ? resolve(ms) : reject(new Error(`ended with ${code}: ${seen}`)),
    );
  });
}
