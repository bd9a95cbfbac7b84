import { join, resolve } from 'node:path';
import { isFolderSync, readIfThereSync } from '../base/io/files-sync.ts';
import { counted } from '../base/text/plural.ts';
import { AichorError } from '../errors.ts';
import type { Given } from './answers/answers.ts';
import { USUAL_PYTHON, type Profile } from './answers/choices.ts';
import { projectNames } from './answers/names.ts';
import { RAY_VERSION, SCAFFOLDED, type ScaffoldOperator } from './answers/operators.ts';
import { nextSteps, writingNotices, type InitDocument } from './document.ts';
import { pythonHere, schemaText, type InitOptions } from './options.ts';
import { findRunnables, type Runnable } from './project/find-programs.ts';
import { pythonInRange } from './project/python-range.ts';
import { projectRoot, readProject, type ExistingProject } from './project/read-project.ts';
import { operatorFor, pinnedVersion } from './project/requirements.ts';
import { MANIFEST_PATH, renderForProject } from './render.ts';
import { writeFiles } from './write-files.ts';

/** What was given on the command line of `manifest init`. */
export interface GivenForProject extends Given {
  command?: string | undefined;
}

/**
 * Adds to a project what aichor needs and it does not have: a manifest with its schema, `.aichorignore`, and a Dockerfile
 * where there is none. Nothing that is there is touched (with `force` it is set aside). Throws AichorError `usage` where the
 * folder is not there, or the command is not known and nobody can be asked, `repository_invalid` for a pyproject.toml that cannot be read, and what
 * `writeFiles` throws.
 */
export async function initManifest(given: GivenForProject, options: InitOptions): Promise<InitDocument> {
  const { cwd, env, signal } = options;
  const path = options.directory === null ? rootAround(options) : resolve(cwd, options.directory);
  if (!isFolderSync(path))
    throw new AichorError('usage', `there is no folder ${path}`, {
      hint: 'name the folder of a project; aichor local-repo init makes a new repository',
    });
  const project = readProject(path);
  const operator = given.operator ?? operatorFor(project.packages);
  const here = await pythonHere(env);
  const python = given.python ?? pythonInRange(project.pythonRange ?? '', here) ?? here ?? USUAL_PYTHON;
  const { distribution } = projectNames(given.name ?? project.name);
  options.notice(summary({ project, operator, python }));
  const { profile, command } = await decided(given, { path, project, operator, options });
  const rendered = await renderForProject(
    {
      distribution: distribution === '' ? 'experiment' : distribution,
      operator,
      profile,
      python,
      tensorboard: given.tensorboard ?? false,
      command,
      dockerfile: project.dockerfiles[0] ?? null,
      installer: project.installer,
      isInstalled: project.isInstalled,
      ray: pinnedVersion(project.requirements, 'ray') ?? lockedRay(path) ?? RAY_VERSION,
    },
    { templates: join(options.packageRoot, 'templates'), schema: await schemaText() },
  );
  const existing = options.force ? 'replace' : 'keep';
  const written = await writeFiles(rendered, { path, existing, locks: false, env, signal });
  for (const notice of writingNotices(written)) options.notice(notice);
  const { files, kept, replaced } = written;
  return {
    path,
    name: distribution,
    operator,
    manifest_path: MANIFEST_PATH,
    files,
    kept,
    replaced,
    next: ['aichor manifest validate', ...nextSteps(path, cwd)].sort(cdFirst),
  };
}

function cdFirst(a: string, b: string): number {
  return Number(b.startsWith('cd ')) - Number(a.startsWith('cd '));
}

function rootAround({ cwd, env, notice }: InitOptions): string {
  const root = projectRoot(cwd, env['HOME']);
  if (root !== resolve(cwd)) notice(`the project is ${root}, above this folder`);
  return root;
}

function summary({
  project,
  operator,
  python,
}: {
  project: ExistingProject;
  operator: ScaffoldOperator;
  python: string;
}): string {
  const { name, packages } = project;
  return `${name}: Python ${python}, ${counted(packages.length, 'package')}, so the operator is ${operator}`;
}

interface Deciding {
  path: string;
  project: ExistingProject;
  operator: ScaffoldOperator;
  options: InitOptions;
}

/** What the pods run and ask for: given, asked for, or the likeliest. */
async function decided(
  given: GivenForProject,
  { path, project, operator, options }: Deciding,
): Promise<{ profile: Profile; command: string }> {
  const runnables = findRunnables(path, project);
  const commandOf = (profile: Profile, { target }: Runnable) => SCAFFOLDED[operator].command(profile, target);
  if (options.asking === 'ask') {
    const { askForCommand, askForProfile } = await import('./answers/questions.ts');
    const context = { output: options.prompt, signal: options.signal };
    const profile = given.profile ?? (await askForProfile('cpu', context));
    const candidates = [...runnables.map((each) => commandOf(profile, each)), ...project.programs];
    return { profile, command: given.command ?? (await askForCommand(candidates, context)) };
  }
  const profile = given.profile ?? 'cpu';
  const candidates = [...runnables.map((each) => commandOf(profile, each)), ...project.programs];
  const [first] = candidates;
  const isClear = candidates.length === 1 || options.asking === 'defaults';
  const command = given.command ?? (isClear ? first : undefined);
  if (command !== undefined) return { profile, command };
  throw noCommand(path, candidates);
}

function noCommand(path: string, candidates: readonly string[]): AichorError {
  if (candidates.length === 0)
    return new AichorError('usage', `--command is missing: ${path} has no program that could be run`, {
      hint: 'give --command "python -u train.py"; a new project is made by "aichor local-repo init"',
    });
  const named = candidates.slice(0, 4).map((command) => JSON.stringify(command));
  return new AichorError(
    'usage',
    '--command is missing: there are several programs, and no terminal to ask on',
    {
      hint: `give --command with one of ${named.join(', ')}; --yes takes the first`,
    },
  );
}

/** The version of Ray that the lock file has. */
function lockedRay(path: string): string | null {
  const lock = readIfThereSync(join(path, 'uv.lock')) ?? '';
  return /^name = "ray"\nversion = "([\d.]+)"/m.exec(lock)?.[1] ?? null;
}
