import { mkdir, rm, stat, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AichorError, systemErrorCode } from '../../../../errors.ts';
import type { BuildContext, BuildResult } from '../../../engine.ts';
import { toBuildResult } from '../build-result.ts';

/**
 * An environment that is there already (`--python-env`), used as it is: the folder of a virtual or conda
 * environment, or an interpreter. Nothing is written into it.
 *
 * @throws AichorError `experiment_failed` when it is neither
 */
export async function useOwnEnvironment(path: string, context: BuildContext): Promise<BuildResult> {
  if ((await kindOf(path)) === null) throw unusable(path, 'it is not there');
  const programs = (await programsOf(path)) ?? [
    await linkInterpreter(await interpreterOf(path), context.directory),
  ];
  return toBuildResult(`environment ${path} used as it is`, { programs, environment: null });
}

/** The folder of an environment's programs: of its own folder, or of an interpreter that lies in it. */
async function programsOf(path: string): Promise<string[] | null> {
  const isFolder = (await kindOf(path)) === 'folder';
  const home = isFolder ? path : dirname(dirname(path));
  const isEnvironment = await isThere(home, ['pyvenv.cfg', 'conda-meta']);
  const bin = join(home, 'bin');
  const hasPython = (await kindOf(join(bin, 'python'))) === 'file';
  if (isFolder && !hasPython && !(await isThere(bin, ['python3'])))
    throw unusable(path, 'there is no bin/python in it');
  return hasPython && (isFolder || isEnvironment) ? [bin] : null;
}

/** The interpreter that a path which is no environment means. */
async function interpreterOf(path: string): Promise<string> {
  const interpreter = (await kindOf(path)) === 'folder' ? join(path, 'bin', 'python3') : path;
  if (/^(python|pypy)/.test(basename(interpreter))) return interpreter;
  throw unusable(path, 'it is no Python interpreter');
}

/** Both names of Python as links to an interpreter, in a folder of the experiment. */
export async function linkInterpreter(interpreter: string, directory: string): Promise<string> {
  const folder = join(directory, 'bin');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const name of ['python', 'python3']) {
    await rm(join(folder, name), { force: true });
    await symlink(interpreter, join(folder, name));
  }
  return folder;
}

async function isThere(folder: string, names: readonly string[]): Promise<boolean> {
  for (const name of names) if ((await kindOf(join(folder, name))) !== null) return true;
  return false;
}

async function kindOf(path: string): Promise<'folder' | 'file' | null> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file';
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return null;
  }
}

function unusable(path: string, why: string): AichorError {
  return new AichorError('experiment_failed', `--python-env ${path} cannot be used: ${why}`, {
    hint: 'name the folder of a virtual or conda environment, or a Python interpreter',
  });
}
