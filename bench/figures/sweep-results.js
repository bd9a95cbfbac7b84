import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bareNode, interleaved, openLab, row } from '../lab.js';
import { writeRepository } from '../repository.js';

const POINTS = 1000;
const ROUNDS = 9;

/** The results of a sweep of 1,000 points beside a command that lists 50 experiments, both as JSON, on a warm server. */
export async function measure() {
  const lab = openLab();
  try {
    mkdirSync(lab.env.AICHOR_HOME, { recursive: true, mode: 0o700 });
    writeFileSync(join(lab.env.AICHOR_HOME, 'settings.json'), '{"max_experiments": 1}', { mode: 0o600 });
    const folder = writeRepository(join(lab.folder, 'long'), { command: 'exec sleep 3600' });
    const values = Array.from({ length: POINTS / 10 }, (_none, index) => index).join(',');
    const grid = ['--grid', `A=${values}`, '--grid', 'B=0,1,2,3,4,5,6,7,8,9', '--name', 'bench'];
    await lab.aichor(['experiments', 'sweep', '--repo-dir', folder, ...grid]);
    const { rows } = await lab.json(['sweeps', 'results', 'bench']);
    if (rows.length !== POINTS) throw new Error(`${rows.length} of ${POINTS} points came back`);
    const times = await interleaved(ROUNDS, {
      node: bareNode,
      list: async () => (await lab.aichor(['experiments', 'list', '--limit', '50'])).ms,
      results: async () => (await lab.aichor(['sweeps', 'results', 'bench'])).ms,
    });
    await lab.aichor(['experiments', 'cancel', '--all', '--yes', '--wait'], { codes: [0, 6, 9] });
    return [
      row(`results of ${POINTS} experiments, to a list of 50`, {
        value: times.results / times.list,
        unit: 'x',
        limit: 2,
        floor: `experiments list, ${times.list.toFixed(0)} ms; node -e 0, ${times.node.toFixed(0)} ms`,
      }),
    ];
  } finally {
    await lab.close();
  }
}
