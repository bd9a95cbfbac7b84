import { existsSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { run } from '../base/io/run.ts';
import { AichorError } from '../errors.ts';
import type { Answers, Given } from './answers.ts';
import { knownPython, USUAL_PYTHON, type PythonVersion } from './choices.ts';
import { projectNames } from './names.ts';
import { MANIFEST_PATH } from './render.ts';
import { scaffoldRepository, type Scaffolded } from './scaffold.ts';

/** What `local-repo init` prints. */
export interface InitDocument {
  /** Absolute. */
  path: string;
  /** The distribution name. */
  name: string;
  operator: string;
  manifest_path: string;
  files: string[];
  /** Commands to type now. */
  next: string[];
}

interface InitOptions {
  /** As typed, or null: `./<name>`. */
  directory: string | null;
  force: boolean;
  /** Whether people can be asked; `defaults`: they can, and want the defaults. */
  asking: 'ask' | 'defaults' | 'never';
  /** Where `templates/` is. */
  packageRoot: string;
  env: Record<string, string | undefined>;
  cwd: string;
  /** Where questions are drawn. */
  prompt: NodeJS.WritableStream;
  notice(message: string): void;
  progress(message: string): void;
  signal: AbortSignal;
}

/**
 * Answers from flags, questions and defaults; then the repository, whole or not at all. Throws AichorError `usage`
 * naming the flags that are missing where nobody can be asked, and what `scaffoldRepository` throws.
 */
export async function initRepository(given: Given, options: InitOptions): Promise<InitDocument> {
  const answers = await answersFrom(given, options);
  const { distribution } = projectNames(answers.name);
  const path = resolve(options.cwd, options.directory ?? distribution);
  const { manifestJsonSchema } = await import('../manifest/schema/json-schema.ts');
  options.progress('writing the repository; uv looks for the versions of its packages');
  const scaffolded = await scaffoldRepository(answers, {
    path,
    force: options.force,
    templates: join(options.packageRoot, 'templates'),
    schema: `${JSON.stringify(manifestJsonSchema())}\n`,
    env: options.env,
    signal: options.signal,
  });
  for (const notice of notices(scaffolded)) options.notice(notice);
  return {
    path,
    name: distribution,
    operator: answers.operator,
    manifest_path: MANIFEST_PATH,
    files: scaffolded.files,
    next: nextSteps(path, options.cwd),
  };
}

async function answersFrom(given: Given, options: InitOptions): Promise<Answers> {
  if (options.asking === 'never') return { ...(await defaults(given, options)), ...requiredAnswers(given) };
  const usual = await defaults(given, options);
  if (options.asking === 'defaults') return usual;
  const { askForAnswers } = await import('./questions.ts');
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
    hint: 'aichor local-repo init --name my-exp --operator jobset',
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
  };
}

/** The version of `python3` on PATH: what runs here without anything being installed. */
async function pythonHere(env: Record<string, string | undefined>): Promise<PythonVersion | null> {
  const { stdout } = await run('python3', ['--version'], { env, timeoutMs: 10_000 });
  return knownPython(stdout);
}

function taken(path: string, name: string): string | null {
  return existsSync(path) ? `./${name} is there already` : null;
}

function notices({ overwritten, lock }: Scaffolded): string[] {
  const list: string[] = [];
  if (overwritten.length > 0) list.push(`replaced ${overwritten.join(', ')}`);
  if (lock.kind === 'no-uv') list.push('no uv.lock: uv is not on PATH. Once it is, `uv lock` makes one');
  if (lock.kind === 'failed')
    list.push(`no uv.lock: ${lock.reason}. Once that is mended, \`uv lock\` makes one`);
  return list;
}

function nextSteps(path: string, cwd: string): string[] {
  const submit = 'aichor experiments submit local --message "first run" --follow';
  const there = relative(cwd, path);
  return there === '' ? [submit] : [`cd ${quoted(there)}`, submit];
}

/** As a shell takes it. */
function quoted(path: string): string {
  return /^[\w./@:+-]+$/.test(path) && !path.startsWith('-')
    ? path
    : `'${path.replaceAll("'", String.raw`'\''`)}'`;
}
