#!/usr/bin/env node
/**
 * A real forge for tests: Gitea, built once of Go modules into the cache folder of the user, outside of the checkout.
 *
 *   node test/forge/forge.js build      half an hour from nothing, no time when it is there; prints its folder
 *
 * Its folder is called by what goes into it: `gitea`, and `static/` with what the program reads beside itself.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { homedir, setPriority } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { commandsInto } from '../cluster/build/command.js';
import { goVersion } from '../cluster/build/obstacles.js';

const SELF = fileURLToPath(import.meta.url);
const MODULE = join(import.meta.dirname, 'module');
const PACKAGE = 'code.gitea.io/gitea';
const NICE = 10;
/** What Gitea reads beside itself; the page's scripts are not needed. */
const STATIC = ['templates', 'options', 'public'];

/** Why this machine can have no forge, the first reason; null: it can. @returns {string | null} */
export function forgeObstacle() {
  if (process.platform !== 'linux') return 'it needs Linux';
  for (const program of ['go', 'gcc', 'git', 'flock'])
    if (spawnSync(program, ['--version'], { stdio: 'ignore' }).error !== undefined)
      return `it needs ${program} on the PATH`;
  const wanted = /^go (\S+)$/m.exec(readFileSync(join(MODULE, 'go.mod'), 'utf8'))?.[1] ?? '';
  const found = /go(\d+(?:\.\d+)*)/.exec(goVersion())?.[1] ?? '0';
  return found.localeCompare(wanted, 'en', { numeric: true }) >= 0
    ? null
    : `it needs Go ${wanted}; there is ${found}`;
}

/** Where it is, once it is built. @returns {string} */
export function forgeFolder() {
  const hash = createHash('sha256').update(goVersion());
  for (const file of [join(MODULE, 'go.mod'), join(MODULE, 'go.sum'), SELF]) hash.update(readFileSync(file));
  const { XDG_CACHE_HOME, HOME = homedir() } = process.env;
  const cache = join(XDG_CACHE_HOME || join(HOME, '.cache'), 'aichor-ci');
  return join(cache, `gitea-${hash.digest('hex').slice(0, 16)}`);
}

/** Builds it unless it is there: one builder at a time. Throws with the end of its log. @returns {Promise<string>} */
export async function buildForge() {
  const folder = forgeFolder();
  if (existsSync(folder)) return folder;
  await mkdir(join(folder, '..'), { recursive: true });
  const words = [`${folder}.lock`, process.execPath, SELF, 'locked'];
  const { status } = spawnSync('flock', words, { stdio: ['ignore', 2, 2] });
  if (status !== 0 || !existsSync(folder)) throw new Error(`Gitea could not be built: see ${folder}.log`);
  return folder;
}

async function buildLocked(folder) {
  if (existsSync(folder)) return;
  setPriority(NICE);
  const log = `${folder}.log`;
  const work = `${folder}.work`;
  await rm(work, { recursive: true, force: true });
  await mkdir(join(work, 'static'), { recursive: true });
  await writeFile(log, '');
  const command = commandsInto(log);
  const env = { ...process.env, GOTOOLCHAIN: 'local', GOWORK: 'off', GOFLAGS: '', CGO_ENABLED: '1' };
  const go = (...words) => command('go', words, { cwd: MODULE, env });
  const output = join(work, 'gitea');
  await go('build', '-trimpath', '-tags', 'sqlite sqlite_unlock_notify', '-ldflags', '-s -w', '-o', output, PACKAGE); // prettier-ignore
  // It has a folder once it has been downloaded: on a new machine, by the build.
  const source = (await go('list', '-m', '-f', '{{.Dir}}', PACKAGE)).trim();
  for (const name of STATIC) await cp(join(source, name), join(work, 'static', name), { recursive: true });
  // Files of modules may not be written, and the folder is to be removable.
  await command('chmod', ['-R', 'u+w', join(work, 'static')]);
  await rename(work, folder);
}

if (process.argv[1] === SELF) {
  const [, , word] = process.argv;
  const obstacle = forgeObstacle();
  if (obstacle !== null) {
    process.stderr.write(`no forge on this machine: ${obstacle}\n`);
    process.exitCode = 3;
  } else if (word === 'locked') {
    await buildLocked(forgeFolder());
  } else if (word === 'build') {
    process.stdout.write(`${await buildForge()}\n`);
  } else {
    process.stderr.write('build\n');
    process.exitCode = 2;
  }
}
