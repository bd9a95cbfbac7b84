import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ended, interleaved, openLab, row } from '../lab.js';
import { writeRepository } from '../repository.js';
import { todaysBuild } from '../today.js';
import { writeTree } from '../tree.js';

/** A repository of 200,000 small files: sent for the first time, and unchanged; the server's memory afterwards. */
export async function measure() {
  const labs = { ours: openLab(), today: openLab({ checkout: todaysBuild() }) };
  const repository = writeRepository(join(labs.ours.folder, 'tree'), { command: 'true' });
  writeTree(repository, { files: 200_000, bytes: 700 });
  const git = (...args) => ended('git', args, { cwd: repository });
  await git('init', '--quiet');
  await git('add', '--all');
  await git('-c', 'user.name=bench', '-c', 'user.email=bench@example.org', 'commit', '--quiet', '-m', 'all');
  try {
    const tar = async () =>
      (await ended('sh', ['-c', 'tar cf - --exclude .git . | cat >/dev/null'], { cwd: repository })).ms;
    await tar();
    const first = { tar: await tar(), ours: await submit(labs.ours, repository) };
    first.today = await submit(labs.today, repository);
    const memory = { ours: await residentMegabytes(labs.ours), today: await residentMegabytes(labs.today) };
    const again = await interleaved(2, {
      git: async () => (await git('status', '--porcelain')).ms,
      ours: () => submit(labs.ours, repository),
      today: () => submit(labs.today, repository),
    });
    return [
      row('first submit of 200,000 small files', {
        value: first.ours / first.tar,
        today: first.today / first.tar,
        unit: 'x',
        limit: 3,
        floor: `tar cf - . | cat, ${first.tar.toFixed(0)} ms`,
      }),
      row('the same unchanged', {
        value: again.ours / again.git,
        today: again.today / again.git,
        unit: 'x',
        limit: 2,
        floor: `git status, ${again.git.toFixed(0)} ms`,
      }),
      row('the server after it', {
        value: memory.ours,
        today: memory.today,
        unit: 'MB',
        limit: 150,
        floor: 'its resident memory',
      }),
    ];
  } finally {
    for (const lab of Object.values(labs)) await lab.close();
  }
}

async function submit(lab, repository) {
  await lab.aichor(['engines', 'list']);
  const { ms, stdout } = await lab.aichor([
    ...['experiments', 'submit', 'local', '--repo-dir', repository, '--message', 'bench'],
  ]);
  await lab.aichor(['experiments', 'cancel', JSON.parse(stdout).experiment_id, '--wait']);
  return ms;
}

async function residentMegabytes(lab) {
  const { pid } = await lab.json(['server', 'status']);
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
}
