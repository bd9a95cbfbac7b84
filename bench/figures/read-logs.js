import { join } from 'node:path';
import { bareNode, ended, interleaved, openLab, row } from '../lab.js';
import { writeRepository } from '../repository.js';
import { todaysBuild } from '../today.js';

/** Lines of a log, and how often it is read. */
const SIZES = [
  [500_000, 5],
  [5_000_000, 3],
];

/** Long logs as JSON, through the whole program: ours and the build before, in turn. */
export async function measure() {
  const labs = { ours: openLab(), before: openLab({ checkout: todaysBuild() }) };
  try {
    const rows = [];
    for (const [lines, rounds] of SIZES) rows.push(await reading(labs, lines, rounds));
    return rows;
  } finally {
    await labs.ours.close();
    await labs.before.close();
  }
}

async function reading({ ours, before }, lines, rounds) {
  const [id, idBefore] = [await printed(ours, lines), await printed(before, lines)];
  const times = await interleaved(rounds, {
    node: bareNode,
    ours: () => read(ours, id, lines),
    before: () => read(before, idBefore, lines),
  });
  return row(`${lines.toLocaleString('en')} lines read as JSON`, {
    value: times.ours,
    today: times.before,
    unit: 'ms',
    limit: times.before / 2,
    floor: `half of before; node -e 0: ${times.node.toFixed(0)} ms`,
  });
}

/** The id of an experiment that printed so many lines. */
async function printed(lab, lines) {
  const program = `for i in range(${lines}):\n    print(f"step {i} loss {i / 7:.6f} accuracy {i % 100}")\n`;
  const repository = writeRepository(join(lab.folder, `chatty-${lines}`), {
    command: 'python3 chat.py',
    files: { 'chat.py': program },
  });
  const submit = ['experiments', 'submit', 'local', '--repo-dir', repository, '--message', 'bench', '--wait'];
  return (await lab.json(submit)).experiment_id;
}

/** Counted by `wc`, which takes little of the machine from those it measures. */
async function read({ program, env }, id, expected) {
  const script = '"$0" "$1" experiments logs "$2" --step run | wc -l';
  const { ms, stdout } = await ended('sh', ['-c', script, process.execPath, program, id], { env });
  if (Number(stdout) !== expected) throw new Error(`${stdout.trim()} lines`);
  return ms;
}
