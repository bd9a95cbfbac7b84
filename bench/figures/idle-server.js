import { join } from 'node:path';
import { ended, openLab, row } from '../lab.js';
import { writeRepository } from '../repository.js';

/** What the control plane holds in memory when it has worked and rests. */
export async function measure() {
  const lab = openLab();
  const repository = writeRepository(join(lab.folder, 'tiny'), { command: 'echo done' });
  try {
    for (let i = 0; i < 5; i++) {
      await lab.aichor([
        'experiments',
        'submit',
        'local',
        '--repo-dir',
        repository,
        '--message',
        'bench',
        '--wait',
      ]);
    }
    const { pid } = await lab.json(['server', 'status']);
    const { stdout } = await ended('ps', ['-o', 'rss=', '-p', String(pid)]);
    return [
      row('idle server, resident memory', {
        value: Number(stdout) / 1024,
        unit: 'MB',
        limit: 110,
        floor: 'none',
      }),
    ];
  } finally {
    await lab.close();
  }
}
