import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ended } from '../lab.js';

/** Some hundred megabytes come from PyPI the first time. */
const LIMIT_MS = 900_000;

/**
 * A virtual environment that has a package of PyPI, made once and kept in the user's cache folder.
 *
 * @param {string} name of the folder @param {string} requirement as pip takes it, with its version @returns its `bin` folder
 */
export async function venvWith(name, requirement) {
  const key = createHash('sha256').update(requirement).digest('hex').slice(0, 16);
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  const venv = join(cache, 'aichor-ci', `bench-${name}-${key}`);
  const bin = join(venv, 'bin');
  if (!existsSync(join(venv, 'complete'))) {
    await ended('python3', ['-m', 'venv', '--clear', venv], { limitMs: LIMIT_MS });
    await ended(join(bin, 'pip'), ['install', '--quiet', requirement], { limitMs: LIMIT_MS });
    await ended('touch', [join(venv, 'complete')]);
  }
  return bin;
}
