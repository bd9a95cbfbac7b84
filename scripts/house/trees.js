import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A copy of `src/` that may be changed, with the packages of this checkout beside it.
 *
 * @param {string | null} commit null: as it lies here
 * @returns {string | null} the copy's folder; null when Git does not have the commit
 */
export function checkout(root, commit, folder) {
  mkdirSync(folder, { recursive: true });
  if (commit === null) cpSync(join(root, 'src'), join(folder, 'src'), { recursive: true });
  else if (!unpack(root, commit, folder)) return null;
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  for (const file of ['package.json', 'tsconfig.json']) cpSync(join(root, file), join(folder, file));
  return folder;
}

function unpack(root, commit, folder) {
  try {
    const archive = execFileSync('git', ['archive', commit, 'src'], {
      cwd: root,
      maxBuffer: 1 << 28,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    execFileSync('tar', ['-x', '-C', folder], { input: archive });
    return true;
  } catch {
    // A checkout without that history: the figures of today stand alone.
    return false;
  }
}
