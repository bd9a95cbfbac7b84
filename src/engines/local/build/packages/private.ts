import { delimiter, dirname, join } from 'node:path';
import { AichorError } from '../../../../errors.ts';
import { readIfThere } from '../../../../base/io/files.ts';
import { place as placeFile } from '../../../../base/io/place.ts';
import { run } from '../../../../base/io/run.ts';
import { readEnvironmentKey, readPrograms } from '../build-result.ts';
import type { RunContext } from '../../../engine.ts';
import type { Surroundings } from '../../mounts/surroundings.ts';
import { removeTree, workFolder } from '../../pod/workdir.ts';
import { PRIVATE_PROGRAM } from './program.ts';

interface Place {
  attempt: number;
  pod: string;
  env: Record<string, string>;
}

/**
 * The environment of a pod whose command installs packages, or runs something by `uv run`, so that neither touches
 * what it shares with others: its own Python comes first in PATH, and uv takes what is there for the project's.
 */
export async function withPackages(
  { context, surroundings }: { context: RunContext; surroundings: Pick<Surroundings, 'installers'> },
  place: Place,
): Promise<Record<string, string>> {
  const { installs, uvRun } = surroundings.installers;
  const built =
    readEnvironmentKey(context.build) === null ? null : dirname(readPrograms(context.build)[0] ?? '');
  const own = installs ? await privateEnvironment(built, { directory: context.directory, ...place }) : null;
  const env = { ...place.env };
  if (own !== null) {
    env['PATH'] = [join(own, 'bin'), env['PATH'] ?? ''].join(delimiter);
    env['VIRTUAL_ENV'] ??= own;
  }
  const project = own ?? built ?? (await givenEnvironment(context));
  if (project === null || !(uvRun || installs)) return env;
  // As in an image whose environment was synced: it is there, `uv run` has nothing to do before it runs.
  env['UV_PROJECT_ENVIRONMENT'] ??= project;
  env['UV_NO_SYNC'] ??= '1';
  return env;
}

/** The virtual environment that `--python-env` names. */
async function givenEnvironment({ build }: RunContext): Promise<string | null> {
  const folder = dirname(readPrograms(build)[0] ?? '');
  return (await readIfThere(join(folder, 'pyvenv.cfg'))) === null ? null : folder;
}

/**
 * A Python environment that one pod may install into: like the one it would have, and gone with its working copy.
 * What is there already is whole.
 *
 * @param from folder of the environment that this engine built; null: that of the `python3` in the pod's PATH
 * @returns its folder
 * @throws AichorError `experiment_failed` when that Python cannot make it
 */
async function privateEnvironment(
  from: string | null,
  { directory, attempt, pod, env }: Place & { directory: string },
): Promise<string> {
  // A pod's name has no dot: it cannot be another pod's working copy.
  const folder = join(workFolder(directory), String(attempt), `${pod}.python`);
  const mark = `${folder}.complete`;
  if ((await readIfThere(mark)) !== null) return folder;
  await removeTree(folder);
  const program = join(directory, 'private_packages.py');
  await placeFile(program, PRIVATE_PROGRAM);
  const { ok, stderr, why } = await run('python3', ['-I', program, folder, from ?? '-'], { env });
  if (!ok) throw cannot(stderr.trim().split('\n').at(-1) || why);
  await placeFile(mark, '');
  return folder;
}

function cannot(why: string): AichorError {
  return new AichorError(
    'experiment_failed',
    `no private copy of the Python environment could be made for the packages that it installs: ${why}`,
  );
}
