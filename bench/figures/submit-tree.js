import { join } from 'node:path';
import { bareNode, ended, interleaved, openLab, row } from '../lab.js';
import { writeRepository } from '../repository.js';
import { writeTree } from '../tree.js';

const FILES = 20_000;

/** A tree of 20,000 files (208 MB of text): sent for the first time, and once more unchanged. */
export async function measure() {
  const lab = openLab();
  const repository = writeRepository(join(lab.folder, 'tree'), { command: 'true' });
  writeTree(repository, FILES);
  try {
    const first = await interleaved(2, {
      tar: async () => (await ended('sh', ['-c', 'tar cz . | cat >/dev/null'], { cwd: repository })).ms,
      submit: () => firstSubmit(repository),
    });
    await submit(lab, repository);
    const again = await interleaved(5, { node: bareNode, submit: () => submit(lab, repository) });
    return [
      row('first submit of 20,000 files', {
        value: first.submit,
        unit: 'ms',
        limit: first.tar,
        floor: 'tar cz | cat',
      }),
      row('second submit, unchanged', {
        value: again.submit,
        unit: 'ms',
        limit: 300 + 3 * again.node,
        floor: `0.3 s + 3 x ${again.node.toFixed(0)} ms`,
      }),
    ];
  } finally {
    await lab.close();
  }
}

/** To a server that runs and has never seen the tree. */
async function firstSubmit(repository) {
  const fresh = openLab();
  try {
    await fresh.aichor(['engines', 'list']);
    return await submit(fresh, repository);
  } finally {
    await fresh.close();
  }
}

/** How long it takes until the command is back. Its experiment is ended before the next measure, which it would disturb. */
async function submit(lab, repository) {
  const { ms, stdout } = await lab.aichor([
    ...['experiments', 'submit', 'local', '--repo-dir', repository, '--message', 'bench'],
  ]);
  await lab.aichor(['experiments', 'cancel', JSON.parse(stdout).experiment_id, '--wait']);
  return ms;
}
