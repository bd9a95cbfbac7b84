import { AichorError } from '../../../errors.ts';
import type { Notice } from '../../../experiment/record.ts';
import { findProgram } from '../../../machine/find-program.ts';
import type { FindPython } from '../../../machine/interpreters.ts';
import type { BuildContext } from '../../engine.ts';
import type { EnvironmentWork } from './environments/environment-work.ts';
import type { FoundImage } from './image/found-image.ts';
import { imageNotices, makesEnvironments } from './image/image-notices.ts';
import { imageWork } from './image/image-work.ts';
import { withoutUv } from './image/install-words.ts';
import { projectWork } from './project/project-work.ts';
import { InvalidPyproject, readPythonProject } from './project/python-project.ts';
import { unfollowedNotice } from './unfollowed.ts';

/**
 * What is to be installed: the Dockerfile's install lines decide; where it has none, the repository's own files.
 * For the Python of the base image, when that can be had here.
 *
 * @throws AichorError `experiment_failed` for a pyproject.toml that cannot be read
 */
export async function readWork(
  context: BuildContext,
  { found, findPython }: { found: FoundImage | null; findPython: FindPython },
): Promise<{ work: EnvironmentWork | null; python: string | null; notices: Notice[] }> {
  const work = await workOf(found, context);
  const notices = found === null ? [] : imageNotices(await withoutWriters(found, context));
  const isSaid = found !== null && makesEnvironments(found);
  const unfollowed =
    work === null && !isSaid
      ? unfollowedNotice(context.snapshot.paths(), context.plan.builder.context)
      : null;
  if (unfollowed !== null) notices.push(unfollowed);
  const { python, notice } = await wantedPython(found, { context, findPython });
  if (notice !== null) notices.push(notice);
  return { work: work === null || python === null ? work : { ...work, python }, python, notices };
}

/** What uv alone can write is not written without it: said by line. */
async function withoutWriters(
  { dockerfile, image }: FoundImage,
  { shell }: BuildContext,
): Promise<FoundImage> {
  const writers = image.installs.filter(({ kind }) => kind === 'write');
  if (writers.length === 0 || (await findProgram('uv', shell['PATH'] ?? '')) !== null)
    return { dockerfile, image };
  const notes = writers.map(({ line, verb }) => ({ line, what: `RUN ${withoutUv(verb)}` }));
  return { dockerfile, image: { ...image, notHonoured: [...image.notHonoured, ...notes] } };
}

/** The Python of the base image, when it can be had here. */
export async function wantedPython(
  found: FoundImage | null,
  { context, findPython }: { context: BuildContext; findPython: FindPython },
): Promise<{ python: string | null; notice: Notice | null }> {
  const wanted = found?.image.python ?? null;
  // Who sets UV_PYTHON has chosen already.
  if (wanted === null || context.shell['UV_PYTHON'] !== undefined) return { python: null, notice: null };
  const python = await findPython(wanted, context.shell);
  return { python, notice: python === null ? absent(wanted) : null };
}

async function workOf(found: FoundImage | null, context: BuildContext): Promise<EnvironmentWork | null> {
  const { snapshot, plan } = context;
  try {
    if (found !== null && found.image.installs.length + found.image.packages.length > 0)
      return await imageWork(found.image, context);
    const project = await readPythonProject(snapshot, plan.builder.context);
    return project.kind === 'none' ? null : projectWork(project, context);
  } catch (error) {
    if (!(error instanceof InvalidPyproject)) throw error;
    throw new AichorError(
      'experiment_failed',
      `the Python environment could not be built: ${error.message}`,
      { cause: error },
    );
  }
}

function absent(version: string): Notice {
  const minor = version.split('.').slice(0, 2).join('.');
  return {
    code: 'python_version_absent',
    message: `the image has Python ${version}; it is not on this machine, so the python3 of PATH is used (uv python install ${minor} brings it)`,
  };
}
