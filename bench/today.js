import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { root } from './lab.js';

/** The build that figures are compared with: the last one before the house was moved and its speed worked on. */
const COMMIT = 'c5f0d41e43ed7b725b3618d1f5587fdd10d07a61';

/**
 * The folder of a built checkout to compare with in the same run: AICHOR_BENCH_BASE, else `COMMIT`, which is taken out
 * of this repository's history and built once into the user's cache folder.
 *
 * @returns {string} its `bin/aichor.js` is the program
 */
export function todaysBuild() {
  const chosen = process.env.AICHOR_BENCH_BASE;
  if (chosen) return chosen;
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const folder = join(cache, 'aichor-ci', `build-${COMMIT.slice(0, 12)}`);
  if (!existsSync(folder)) buildInto(folder);
  return folder;
}

/** Appears whole: made beside, then renamed. */
function buildInto(folder) {
  mkdirSync(dirname(folder), { recursive: true });
  const beside = mkdtempSync(`${folder}.`);
  try {
    process.stderr.write(`building ${COMMIT.slice(0, 7)} to compare with\n`);
    const archive = join(beside, 'source.tar');
    execFileSync('git', ['archive', '--output', archive, COMMIT], { cwd: root });
    execFileSync('tar', ['xf', archive], { cwd: beside });
    rmSync(archive);
    execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: beside, stdio: ['ignore', 2, 2] });
    execFileSync('npm', ['run', 'build'], { cwd: beside, stdio: ['ignore', 2, 2] });
    writeFileSync(join(beside, 'commit'), `${COMMIT}\n`);
    renameSync(beside, folder);
  } catch (error) {
    rmSync(beside, { recursive: true, force: true });
    throw error;
  }
}
