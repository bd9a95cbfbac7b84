import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Runs `npm ci` when what package-lock.json names is not there. Only `node:` modules may be imported before it.
 *
 * @param {string} root the package's folder
 */
export async function installIfNeeded(root) {
  if (isInstalled(root)) return;
  process.stderr.write('installing what is missing (npm ci)\n');
  const npm = process.env.npm_execpath;
  const [command, args] = npm ? [process.execPath, [npm]] : ['npm', []];
  await finished(
    spawn(command, [...args, 'ci', '--no-audit', '--no-fund'], { cwd: root, stdio: ['ignore', 2, 2] }),
  );
}

/** Packages that this platform cannot have are optional, and missing without harm. */
function isInstalled(root) {
  const installed = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installed)) return false;
  const present = packagesOf(installed);
  return Object.entries(packagesOf(join(root, 'package-lock.json'))).every(
    ([path, wanted]) => path === '' || wanted.optional || present[path]?.version === wanted.version,
  );
}

function packagesOf(lockFile) {
  return JSON.parse(readFileSync(lockFile, 'utf8')).packages;
}

/** Resolves when a child has ended well; its failure ends this program with the same exit code. */
function finished(child) {
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve();
      else process.exit(code ?? 1);
    });
  });
}
