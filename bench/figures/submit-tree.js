import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { bareNode, ended, interleaved, openLab, row } from '../lab.js';
import { writeRepository } from '../repository.js';
import { todaysBuild } from '../today.js';
import { writeTree } from '../tree.js';

/** A tree of 20,000 small files (14 MB): sent for the first time, once more unchanged, and with one file changed. */
export async function measure() {
  const checkouts = { ours: undefined, today: todaysBuild() };
  const labs = {
    ours: openLab({ checkout: checkouts.ours }),
    today: openLab({ checkout: checkouts.today }),
  };
  const repository = writeRepository(join(labs.ours.folder, 'tree'), { command: 'true' });
  writeTree(repository, { files: 20_000, bytes: 700 });
  const sent = {};
  const change = async (name) => {
    appendFileSync(join(repository, 'package3', 'module3', 'file3.py'), '#\n');
    const { ms, upload } = await submit(labs[name], repository);
    sent[name] = upload.sent_bytes;
    return ms;
  };
  try {
    const first = await interleaved(3, {
      tar: async () => (await ended('sh', ['-c', 'tar czf - . | cat >/dev/null'], { cwd: repository })).ms,
      ours: () => firstSubmit(checkouts.ours, repository),
      today: () => firstSubmit(checkouts.today, repository),
    });
    for (const lab of Object.values(labs)) await submit(lab, repository);
    const again = await interleaved(7, {
      node: bareNode,
      ours: async () => (await submit(labs.ours, repository)).ms,
      today: async () => (await submit(labs.today, repository)).ms,
      oneOurs: () => change('ours'),
      oneToday: () => change('today'),
    });
    const node = `node -e 0, ${again.node.toFixed(0)} ms`;
    return [
      row('first submit of 20,000 small files', {
        value: first.ours / first.tar,
        today: first.today / first.tar,
        unit: 'x',
        limit: 2,
        floor: `tar czf - . | cat, ${first.tar.toFixed(0)} ms`,
      }),
      row('the same unchanged', {
        value: again.ours / again.node,
        today: again.today / again.node,
        unit: 'x',
        limit: 3,
        floor: node,
      }),
      row('the same, one file changed', {
        value: again.oneOurs / again.node,
        today: again.oneToday / again.node,
        unit: 'x',
        limit: 3.2,
        floor: node,
      }),
      row('what is sent of it', {
        value: sent.ours / 1000,
        // It counted the archive, and not the listing of 20,000 lines before it.
        today: sent.today / 1000,
        unit: 'kB',
        limit: 3,
        floor: 'a file of 0.7 kB',
      }),
    ];
  } finally {
    for (const lab of Object.values(labs)) await lab.close();
  }
}

/** To a server that runs and has never seen the tree. */
async function firstSubmit(checkout, repository) {
  const fresh = openLab({ checkout });
  try {
    await fresh.aichor(['engines', 'list']);
    return (await submit(fresh, repository)).ms;
  } finally {
    await fresh.close();
  }
}

/** How long it takes until the command is back. Its experiment is ended before the next measure, which it would disturb. */
async function submit(lab, repository) {
  const { ms, stdout } = await lab.aichor([
    ...['experiments', 'submit', 'local', '--repo-dir', repository, '--message', 'bench'],
  ]);
  const { experiment_id: id, upload } = JSON.parse(stdout);
  await lab.aichor(['experiments', 'cancel', id, '--wait']);
  return { ms, upload };
}
