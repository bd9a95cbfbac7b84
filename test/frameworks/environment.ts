import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The installer of the suite, pinned like everything else. */
const UV = 'uv==0.13.9';

const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'aichor-ci');

/**
 * A Python environment with exactly the packages of `locks/<name>.txt`, made once for each content of that file.
 *
 * @param over an interpreter whose own packages it sees too; else it stands alone
 * @returns the folder of its programs
 */
export async function frameworkEnvironment(name: string, over: string | null = null): Promise<string> {
  const lock = join(import.meta.dirname, 'locks', `${name}.txt`);
  const python = over ?? (await interpreter());
  const key = createHash('sha256').update(await readFile(lock)).update(python).digest('hex').slice(0, 16); // prettier-ignore
  const folder = join(cache, `frameworks-${name}-${key}`);
  const uv = await installer();
  await once(join(folder, 'complete'), folder, async () => {
    const venv = join(folder, 'venv');
    const sees = over === null ? [] : ['--system-site-packages'];
    await run(uv, ['venv', '--python', python, ...sees, venv]);
    const to = ['--python', join(venv, 'bin', 'python')];
    await run(uv, ['pip', 'install', ...to, '--no-deps', '--compile-bytecode', '-r', lock]);
  });
  return join(folder, 'venv', 'bin');
}

/** Path of uv, in an environment of its own. */
export async function installer(): Promise<string> {
  const folder = join(cache, `frameworks-${UV.replace('==', '-')}`);
  await once(join(folder, 'complete'), folder, async () => {
    await run(await interpreter(), ['-m', 'venv', join(folder, 'venv')]);
    await run(join(folder, 'venv', 'bin', 'pip'), ['install', '--quiet', UV]);
  });
  return join(folder, 'venv', 'bin', 'uv');
}

/** The real path of the interpreter: what stands on PATH may be a script that looks for it each time. */
export async function interpreter(): Promise<string> {
  const { stdout } = await run('python3', ['-c', 'import os, sys; print(os.path.realpath(sys.executable))']);
  return stdout.trim();
}

/** Makes a folder unless it is complete; what was left half-made goes first. */
async function once(mark: string, folder: string, make: () => Promise<void>): Promise<void> {
  if (existsSync(mark)) return;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await make();
  await mkdir(`${mark}.tmp`);
  await rename(`${mark}.tmp`, mark);
}
