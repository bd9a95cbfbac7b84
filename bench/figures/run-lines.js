import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ended, interleaved, openLab, row } from '../lab.js';
import { writeRepository } from '../repository.js';
import { writeTree } from '../tree.js';

const LINES = Array.from(
  { length: 40 },
  (_, at) => `test -d package1 && echo "$(ls package${at % 20} | wc -l)" > counted-${at}`,
);
const HEAD = 'FROM python:3\nWORKDIR /app\nCOPY . .\n';
const DOCKERFILES = {
  without: HEAD,
  together: `${HEAD}${LINES.map((line) => `RUN ${line}\n`).join('')}`,
  apart: `${HEAD}${LINES.map((line, at) => `RUN ${line}\n${at % 4 === 3 ? `COPY manifest.yaml copied-${at}\n` : ''}`).join('')}`,
};

/**
 * What following 40 RUN lines adds to the build of a repository of 20,000 files: of lines one after another, with a COPY
 * after each fourth, and of a build that is reused. Without RUN lines the files are laid out for the pod, with them for the lines
 * and handed on: so both are timed from the beginning of the build to the start of the command. The floor: the files
 * unpacked, the lines by bare `unshare` and `sh`, the files removed.
 */
export async function measure() {
  const lab = openLab();
  const repositories = Object.fromEntries(
    Object.entries(DOCKERFILES).map(([name, text]) => {
      const folder = writeRepository(join(lab.folder, name), { command: 'true' });
      writeTree(folder, { files: 20_000, bytes: 700 });
      writeFileSync(join(folder, 'Dockerfile'), text);
      return [name, folder];
    }),
  );
  const archive = join(lab.folder, 'all.tar');
  await ended('tar', ['cf', archive, '.'], { cwd: repositories.without });
  try {
    const built = (name) => async () => startMs(lab, repositories[name], ['--rebuild']);
    const again = (name) => async () => startMs(lab, repositories[name], []);
    const first = await interleaved(3, {
      floor: () => bare(lab.folder, archive),
      without: built('without'),
      together: built('together'),
      apart: built('apart'),
    });
    const reused = await interleaved(5, { without: again('without'), together: again('together') });
    const floor = `tar x, 40 times unshare and sh, rm -r: ${first.floor.toFixed(0)} ms`;
    const added = (what, value, limit) => row(what, { value, unit: 'ms', limit, floor });
    return [
      added('40 RUN lines over 20,000 files, added to a build', first.together - first.without, 1000),
      added('the same, a COPY after each fourth', first.apart - first.without, 1000),
      row('the same, added to a build that is reused', {
        value: reused.together - reused.without,
        unit: 'ms',
        limit: 50,
        floor: `without RUN lines: ${reused.without.toFixed(0)} ms`,
      }),
    ];
  } finally {
    await lab.close();
  }
}

/** From the beginning of the build step to the start of the command. */
async function startMs(lab, repository, flags) {
  const { experiment_id: id } = await lab.json([
    ...['experiments', 'submit', 'local', '--repo-dir', repository, '--message', 'bench', '--wait', ...flags],
  ]);
  const { events, pods } = await lab.json(['experiments', 'get', id]);
  const build = events.find(({ message }) => message.startsWith('build: '));
  return Date.parse(pods[0].started_at) - Date.parse(build.time);
}

/** The least that anybody could do: the same lines, each in a mount namespace, on the same files. */
async function bare(folder, archive) {
  const place = mkdtempSync(join(folder, 'bare-'));
  const enter = process.getuid() === 0 ? ['--mount'] : ['--mount', '--map-root-user'];
  const started = performance.now();
  await ended('tar', ['xf', archive], { cwd: place });
  for (const line of LINES) await ended('unshare', [...enter, 'sh', '-c', line], { cwd: place });
  rmSync(place, { recursive: true });
  return performance.now() - started;
}
