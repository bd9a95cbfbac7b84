import { open, readdir, realpath, stat } from 'node:fs/promises';
import { basename, delimiter, isAbsolute, join } from 'node:path';
import { run } from '../base/io/run.ts';
import { systemErrorCode } from '../errors.ts';
import { findProgram } from './find-program.ts';

/** Finds a Python of a certain version (`3.11`; `3.9.7` means any 3.9), or null. */
export type FindPython = (version: string, shell: Record<string, string>) => Promise<string | null>;

/** Looks on PATH, then where uv and pyenv keep theirs; what was found is remembered. */
export function createInterpreters(): FindPython {
  const known = new Map<string, Promise<string | null>>();
  return (version, shell) => {
    const minor = version.split('.').slice(0, 2).join('.');
    const places = ['PATH', 'HOME', 'UV_PYTHON_INSTALL_DIR', 'PYENV_ROOT'].map((name) => shell[name]);
    const key = [minor, ...places].join('\0');
    const found = known.get(key) ?? search(minor, shell);
    known.set(key, found);
    return found.then(async (path) => {
      // What is not there may come (`uv python install`), what is there may go.
      if (path === null || !(await isFile(path))) known.delete(key);
      return path;
    });
  };
}

async function search(minor: string, shell: Record<string, string>): Promise<string | null> {
  const path = shell['PATH'] ?? '';
  // The Python that somebody works with may have packages of theirs: it comes first.
  const usual = await findProgram('python3', path);
  if (usual !== null) {
    const named = /^python(\d+\.\d+)$/.exec(basename(await realpath(usual)))?.[1];
    const found = named === undefined ? await askPython(usual, minor, shell) : usual;
    if (found !== null && (named ?? minor) === minor) return found;
  }
  for (const folder of path.split(delimiter).filter(isAbsolute)) {
    const candidate = join(folder, `python${minor}`);
    if (!(await isFile(candidate))) continue;
    const found = (await isScript(candidate)) ? await askPython(candidate, minor, shell) : candidate;
    if (found !== null) return found;
  }
  for (const folder of await keptPythons(minor, shell)) {
    const candidate = join(folder, 'bin', `python${minor}`);
    if (await isFile(candidate)) return candidate;
  }
  return null;
}

/** Folders of the Pythons that uv and pyenv have installed, newest first. */
async function keptPythons(minor: string, shell: Record<string, string>): Promise<string[]> {
  const home = shell['HOME'] ?? '/';
  const uv = shell['UV_PYTHON_INSTALL_DIR'] ?? join(home, '.local', 'share', 'uv', 'python');
  const pyenv = join(shell['PYENV_ROOT'] ?? join(home, '.pyenv'), 'versions');
  const [uvs, pyenvs] = await Promise.all([
    foldersIn(uv, `cpython-${minor}.`),
    foldersIn(pyenv, `${minor}.`),
  ]);
  return [...uvs, ...pyenvs];
}

async function foldersIn(folder: string, prefix: string): Promise<string[]> {
  try {
    const names = (await readdir(folder)).filter((name) => name.startsWith(prefix));
    names.sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
    return names.map((name) => join(folder, name));
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return [];
  }
}

/** A program of a version manager answers for the version that is switched on, or fails. */
async function askPython(
  program: string,
  minor: string,
  shell: Record<string, string>,
): Promise<string | null> {
  const question = 'import sys; print("%d.%d" % sys.version_info[:2], sys.executable)';
  const { ok, stdout } = await run(program, ['-c', question], { env: shell, timeoutMs: 20_000 });
  if (!ok) return null;
  const [version, ...path] = stdout.trim().split(' ');
  return version === minor ? path.join(' ') : null;
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return false;
  }
}

async function isScript(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer.toString('latin1') === '#!';
  } finally {
    await file.close();
  }
}
