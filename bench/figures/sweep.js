import { join } from 'node:path';
import { bareNode, interleaved, openLab, row } from '../lab.js';
import { writeRepository } from '../repository.js';
import { mkdirSync, writeFileSync } from 'node:fs';

const POINTS = 200;
const ROUNDS = 5;
/** Submits that stand for 200: each takes the same. */
const SINGLE = 5;

/** A sweep of 200 points of a tiny repository, whose experiments all wait, beside submits of one each in the same run. */
export async function measure() {
  const lab = openLab();
  try {
    mkdirSync(lab.env.AICHOR_HOME, { recursive: true, mode: 0o700 });
    // One that runs for ever: everything else waits, so that submitting is measured and not running.
    writeFileSync(join(lab.env.AICHOR_HOME, 'settings.json'), '{"max_experiments": 1}', { mode: 0o600 });
    const long = writeRepository(join(lab.folder, 'long'), { command: 'exec sleep 3600' });
    const { experiment_id: running } = await lab.json(submit(long));
    const tiny = writeRepository(join(lab.folder, 'tiny'), { command: 'true' });
    await lab.json(submit(tiny));
    let number = 0;
    const times = await interleaved(ROUNDS, {
      node: bareNode,
      sweep: async () => {
        const args = ['experiments', 'sweep', '--repo-dir', tiny, '--grid', `X=${values(POINTS)}`];
        const { ms, stdout } = await lab.aichor([...args, '--name', `bench-${number++}`]);
        const made = JSON.parse(stdout).experiments.filter(({ created }) => created).length;
        if (made !== POINTS) throw new Error(`${made} of ${POINTS} experiments were made`);
        return ms;
      },
      single: async () => {
        let ms = 0;
        for (let at = 0; at < SINGLE; at++) ms += (await lab.aichor(submit(tiny))).ms;
        return ms / SINGLE;
      },
    });
    await lab.aichor(['experiments', 'cancel', running, '--wait'], { codes: [0, 9] });
    await lab.aichor(['experiments', 'cancel', '--all', '--yes', '--wait'], { codes: [0, 6, 9] });
    const floor = `node -e 0, ${times.node.toFixed(0)} ms`;
    return [
      row(`a sweep of ${POINTS} points, accepted`, { value: times.sweep, unit: 'ms', limit: 1500, floor }),
      row(`the same of ${POINTS} single submits`, {
        value: (100 * times.sweep) / (POINTS * times.single),
        unit: '%',
        limit: 2.5,
        floor: `one submit, ${times.single.toFixed(0)} ms`,
      }),
    ];
  } finally {
    await lab.close();
  }
}

const submit = (folder) => ['experiments', 'submit', 'local', '--repo-dir', folder];
const values = (count) => Array.from({ length: count }, (_none, index) => index + 1).join(',');
