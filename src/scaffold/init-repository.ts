import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { AichorError } from '../errors.ts';
import { requiredNames, type Answers, type Given } from './answers/answers.ts';
import { USUAL_PYTHON } from './answers/choices.ts';
import { nameProblem, projectNames } from './answers/names.ts';
import { nextSteps, writingNotices, type InitDocument } from './document.ts';
import { pythonHere, schemaText, type InitOptions } from './options.ts';
import { isEmptyFolder, isPlainFolder, type Existing } from './place/target.ts';
import { isProject } from './project/read-project.ts';
import { MANIFEST_PATH, renderRepository } from './render.ts';
import { writeFiles } from './write-files.ts';

/**
 * Answers from flags, questions and defaults; then the repository, whole or not at all. A folder that was named and holds a
 * project gets what `manifest init` writes; one with something else in it keeps what it has. Throws AichorError `usage`
 * naming the flags that are missing where nobody can be asked, or a name that cannot be one, and what `writeFiles` throws.
 */
export async function initRepository(given: Given, options: InitOptions): Promise<InitDocument> {
  const { cwd, directory, force } = options;
  const named = directory === null ? null : resolve(cwd, directory);
  const isFilled = named !== null && isPlainFolder(named) && !isEmptyFolder(named);
  if (isFilled && !force && isProject(named)) {
    options.notice(
      `${named} is not empty: the project in it stays as it is, and only what aichor needs is added (aichor manifest init)`,
    );
    const { initManifest } = await import('./init-manifest.ts');
    return initManifest(given, options);
  }
  if (isFilled)
    options.notice(
      `${named} is not empty: ${force ? 'files that get in the way are kept as NAME.orig' : 'what is there stays as it is, and what is missing is added'}`,
    );
  const answers = await answersFrom(given, options);
  const problem = nameProblem(answers.name, requiredNames(answers));
  if (problem !== null)
    throw new AichorError('usage', `--name ${answers.name}: ${problem}`, { hint: 'give another --name' });
  if (answers.pattern !== null && answers.operator !== 'jobset')
    throw new AichorError('usage', `--pattern is for jobset: ${answers.operator} joins its pods itself`, {
      hint: 'leave --pattern out, or give --operator jobset',
    });
  const { distribution } = projectNames(answers.name);
  const path = named ?? resolve(cwd, distribution);
  const existing: Existing = force ? 'replace' : named === null ? 'refuse' : 'keep';
  const templates = join(options.packageRoot, 'templates');
  const agents = options.agents === true;
  const rendered = await renderRepository(answers, { templates, schema: await schemaText(), agents });
  options.progress('writing the repository; uv looks for the versions of its packages');
  const { env, signal } = options;
  const written = await writeFiles(rendered, { path, existing, locks: true, env, signal });
  for (const notice of writingNotices(written)) options.notice(notice);
  const { files, kept, replaced } = written;
  return {
    path,
    name: distribution,
    operator: answers.operator,
    manifest_path: MANIFEST_PATH,
    files,
    kept,
    replaced,
    next: nextSteps(path, cwd),
  };
}

async function answersFrom(given: Given, options: InitOptions): Promise<Answers> {
  if (options.asking === 'never') return { ...(await defaults(given, options)), ...requiredAnswers(given) };
  const usual = await defaults(given, options);
  if (options.asking === 'defaults') return usual;
  const { askForAnswers } = await import('./answers/questions.ts');
  return askForAnswers(given, {
    defaults: usual,
    placeProblem: (name) =>
      options.directory === null && !options.force ? taken(resolve(options.cwd, name), name) : null,
    output: options.prompt,
    signal: options.signal,
  });
}

function requiredAnswers({ name, operator }: Given): Pick<Answers, 'name' | 'operator'> {
  if (name !== undefined && operator !== undefined) return { name, operator };
  const missing = [name === undefined && '--name', operator === undefined && '--operator'].filter(
    (flag) => flag !== false,
  );
  throw new AichorError('usage', `missing ${missing.join(' and ')}: there is no terminal to ask on`, {
    hint: 'aichor local-repo init --name my-exp --operator jobset; --yes takes the default for whatever is not given',
  });
}

/** What was given, and for the rest what most people want. */
async function defaults(given: Given, { directory, cwd, env }: InitOptions): Promise<Answers> {
  return {
    name: given.name ?? (directory === null ? 'my-experiment' : basename(resolve(cwd, directory))),
    operator: given.operator ?? 'jobset',
    profile: given.profile ?? 'cpu',
    python: given.python ?? (await pythonHere(env)) ?? USUAL_PYTHON,
    tensorboard: given.tensorboard ?? false,
    pattern: given.pattern ?? null,
  };
}

function taken(path: string, name: string): string | null {
  return existsSync(path) ? `./${name} is there already` : null;
}
