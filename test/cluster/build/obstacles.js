import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { GO } from './versions.js';

const PROGRAMS = [
  ...['apt-get', 'dpkg-deb', 'tar', 'python3', 'chroot', 'flock'],
  ...['unshare', 'nsenter', 'setpriv', 'ip', 'mount', 'openssl'],
];

/**
 * Why this machine can have no cluster of its own, the first reason; null when it can.
 *
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {string | null}
 */
export function obstacle(env = process.env) {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'it needs Linux on x86-64';
  if (process.getuid?.() !== 0) return 'it needs root, for namespaces and mounts';
  const missing = PROGRAMS.filter((program) => !isOnPath(program, env));
  if (missing.length > 0) return `it needs ${missing.join(', ')} on the PATH`;
  return goObstacle(env);
}

function goObstacle(env) {
  const wanted = `it needs Go ${GO.major}.${GO.minor} on the PATH`;
  if (!isOnPath('go', env)) return wanted;
  const version = goVersion(env);
  const [, major, minor] = /go(\d+)\.(\d+)/.exec(version) ?? [];
  const enough = Number(major) > GO.major || (Number(major) === GO.major && Number(minor) >= GO.minor);
  return enough ? null : `${wanted}; there is ${version}`;
}

/** As Go says it itself, the platform included: what it builds depends on it. */
export function goVersion(env = process.env) {
  return execFileSync('go', ['version'], { env: { ...env, GOTOOLCHAIN: 'local' }, encoding: 'utf8' }).trim();
}

function isOnPath(program, { PATH = '' }) {
  return PATH.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
