import { join } from 'node:path';
import { bareNode, ended, interleaved, median, openLab, row } from '../lab.js';
import { writeRepository } from '../repository.js';

const FILES = 20_000;

/** A tree of 20,000 files: sent for the first time, and once more unchanged. */
export async function measure() {
  const tree = openLab();
  const repository = writeRepository(join(tree.folder, 'tree'), { command: 'true', files: sources() });
  try {
    const submit = ['experiments', 'submit', 'local', '--repo-dir', repository, '--message', 'bench'];
    await tree.aichor(submit);
    const again = await interleaved(5, {
      node: bareNode,
      submit: async () => (await tree.aichor(submit)).ms,
    });
    const first = { tar: [], submit: [] };
    for (let round = 0; round < 3; round++) {
      const fresh = openLab();
      await fresh.aichor(['engines', 'list']);
      first.tar.push((await ended('sh', ['-c', 'tar cz . | cat >/dev/null'], { cwd: repository })).ms);
      first.submit.push((await fresh.aichor(submit)).ms);
      await fresh.close();
    }
    return [
      row('first submit of 20,000 files', {
        value: median(first.submit),
        unit: 'ms',
        limit: median(first.tar),
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
    await tree.close();
  }
}

/** Small text files in 200 folders, all different. */
function sources() {
  const files = {};
  for (let i = 0; i < FILES; i++)
    files[`src/part${i % 200}/file${i}.py`] = `VALUE = ${i}\n`.repeat(40 + (i % 60));
  return files;
}
