import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { bareNode, interleaved, openLab, row } from '../lab.js';
import { writeRepository } from '../repository.js';
import { todaysBuild } from '../today.js';

/** From Enter to the first line of a tiny repository's pod, with a server that runs; and how that is beside today's build. */
export async function measure() {
  const labs = { ours: openLab(), today: openLab({ checkout: todaysBuild() }) };
  const repository = writeRepository(join(labs.ours.folder, 'tiny'), {
    command: 'echo first line of the pod',
  });
  try {
    for (const lab of Object.values(labs)) await lab.aichor(['engines', 'list']);
    const times = await interleaved(11, {
      node: bareNode,
      ours: () => untilFirstLine(labs.ours, repository),
      today: () => untilFirstLine(labs.today, repository),
    });
    const floor = `0.3 s + 3 x ${times.node.toFixed(0)} ms`;
    return [
      row('submit to first log line', {
        value: times.ours,
        today: times.today,
        unit: 'ms',
        limit: 300 + 3 * times.node,
        floor,
      }),
      row('the same beside that of today', {
        value: times.ours / times.today,
        unit: 'x',
        limit: 1.05,
        floor: `today: ${times.today.toFixed(0)} ms`,
      }),
    ];
  } finally {
    for (const lab of Object.values(labs)) await lab.close();
  }
}

function untilFirstLine({ env, program }, repository) {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const args = [
      program,
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
