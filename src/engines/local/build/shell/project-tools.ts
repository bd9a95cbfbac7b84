import { hash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isThereSync } from '../../../../base/io/files-sync.ts';
import { readIfThere } from '../../../../base/io/files.ts';
import { parse as parseToml } from 'smol-toml';
import { findProgram } from '../../../../machine/find-program.ts';
import { packageFolders } from '../editable/installed.ts';
import type { FollowPlace } from '../environments/environment-work.ts';

/** A program that makes a project's environment by a lock of its own. */
export type ToolName = 'poetry' | 'pipenv';

/** What it is asked, as it is asked here: the environment is there, and is the one that it finds switched on. */
export interface ToolCall {
  tool: ToolName;
  /** Its name and what it is to do, without the words that may hold a credential. */
  shown: string;
  words: string[];
  /** It changes what is installed. */
  installs: boolean;
}

const VERBS: Readonly<Record<ToolName, { installs: RegExp; answers: RegExp }>> = {
  poetry: {
    installs: /^(?:install|sync|add|remove|update)$/,
    answers: /^(?:export|lock|build|check|version|show)$/,
  },
  pipenv: {
    installs: /^(?:install|sync|update|uninstall|upgrade)$/,
    answers: /^(?:lock|requirements|check|graph|verify)$/,
  },
};
/** Options before the verb that take the next word. */
const BEFORE = /^(?:-C|--directory|-P|--project|--python|--pypi-mirror)$/;

/** Null: it asks for nothing that is done here. */
export function readToolCall([name = '', ...rest]: readonly string[]): ToolCall | null {
  if (name !== 'poetry' && name !== 'pipenv') return null;
  let at = 0;
  while (rest[at]?.startsWith('-') === true) at += BEFORE.test(rest[at] ?? '') ? 2 : 1;
  const verb = rest[at] ?? '';
  const { installs, answers } = VERBS[name];
  if (!installs.test(verb) && !answers.test(verb)) return null;
  const words = name === 'pipenv' ? withoutPlace(rest) : rest;
  return { tool: name, shown: `${name} ${verb}`, words, installs: installs.test(verb) };
}

/** Pipenv is not to look for a Python of its own, nor for the machine's. */
function withoutPlace(words: readonly string[]): string[] {
  return words.filter(
    (word, at) => !/^(?:--system|--python(?:=.*)?|--three)$/.test(word) && words[at - 1] !== '--python',
  );
}

/** Where it is written down which release of a tool the image has, and what it was told of its settings. */
function noteOf({ shims }: Pick<FollowPlace, 'shims'>, name: string): string {
  return join(shims, 'tools', name);
}

/** Notes which release `pip install poetry==1.8.3` asks for. */
export async function noteTools(words: readonly string[], place: Pick<FollowPlace, 'shims'>): Promise<void> {
  for (const word of words) {
    const name = /^(poetry|pipenv)(?:\[[^\]]*\])?(?:[=<>!~].*)$/.exec(word)?.[1];
    if (name === undefined) continue;
    await mkdir(join(place.shims, 'tools'), { recursive: true });
    await writeFile(noteOf(place, name), word);
  }
}

/** Notes what `poetry config KEY VALUE…` sets, as the variable that Poetry reads it from just as well. */
export async function noteSettings(
  [name, ...rest]: readonly string[],
  place: Pick<FollowPlace, 'shims'>,
): Promise<void> {
  const [verb, key = '', ...values] = rest.filter((word) => !word.startsWith('-'));
  const isUnset = rest.includes('--unset');
  if (name !== 'poetry' || verb !== 'config' || (values.length === 0 && !isUnset)) return;
  const settings = await notedSettings(place);
  const variable = `POETRY_${key.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`;
  const parts = key.startsWith('http-basic.') ? ['_USERNAME', '_PASSWORD'] : [''];
  for (const [at, part] of parts.entries()) {
    const value = values[at];
    if (isUnset || value === undefined) delete settings[`${variable}${part}`];
    else settings[`${variable}${part}`] = value;
  }
  await mkdir(join(place.shims, 'tools'), { recursive: true });
  await writeFile(noteOf(place, 'settings'), JSON.stringify(settings), { mode: 0o600 });
}

/** What `poetry config` was told so far, by variables: credentials of sources among it. */
export async function notedSettings(place: Pick<FollowPlace, 'shims'>): Promise<Record<string, string>> {
  const text = await readIfThere(noteOf(place, 'settings'));
  return text === null ? {} : (JSON.parse(text) as Record<string, string>);
}

/** Whether the environment is in the project's folder: a variable says so, else a file of the project, else what was told before. */
export async function isInProject(
  { tool }: ToolCall,
  {
    place,
    env,
    folder,
  }: { place: Pick<FollowPlace, 'shims'>; env: Readonly<Record<string, string>>; folder: string },
): Promise<boolean> {
  const setting = env[tool === 'poetry' ? 'POETRY_VIRTUALENVS_IN_PROJECT' : 'PIPENV_VENV_IN_PROJECT'];
  if (setting !== undefined) return /^(?:1|true|yes|on)$/i.test(setting);
  if (tool === 'pipenv') return false;
  const text = await readIfThere(join(folder, 'poetry.toml'));
  const said = text === null ? undefined : inProjectIn(text);
  return said ?? (await notedSettings(place))['POETRY_VIRTUALENVS_IN_PROJECT'] === 'true';
}

/** Undefined: it does not say. Poetry has read it before. */
function inProjectIn(text: string): boolean | undefined {
  const { virtualenvs } = parseToml(text);
  if (typeof virtualenvs !== 'object' || !('in-project' in virtualenvs)) return undefined;
  return virtualenvs['in-project'] === true;
}

/**
 * The tool itself: of the release that the image asks for, else the machine's own, else the newest.
 *
 * @param run does one command of the build
 */
export async function findTool(
  { tool }: Pick<ToolCall, 'tool'>,
  {
    place,
    env,
    run,
  }: {
    place: FollowPlace;
    env: Readonly<Record<string, string>>;
    run: (words: string[]) => Promise<boolean>;
  },
): Promise<string | null> {
  const release = tool === 'poetry' ? env['POETRY_VERSION'] : undefined;
  const asked =
    (await readIfThere(noteOf(place, tool))) ?? (release === undefined ? null : `poetry==${release}`);
  const here = asked === null ? await findProgram(tool, place.env['PATH'] ?? '') : null;
  if (here !== null) return here;
  const packages = [asked ?? tool, ...(tool === 'poetry' ? ['poetry-plugin-export'] : ['setuptools'])];
  // Another stage may ask for another release.
  const home = join(place.shims, 'tools', hash('sha256', packages.join('\n')).slice(0, 16));
  const program = join(home, 'bin', tool);
  if (isThereSync(program)) return program;
  const python = join(home, 'bin', 'python');
  const steps =
    place.tool === 'uv'
      ? [
          [place.program, 'venv', '--no-project', home],
          [place.program, 'pip', 'install', '--python', python, ...packages],
        ]
      : [
          [place.program, '-m', 'venv', home],
          [python, '-m', 'pip', 'install', ...packages],
        ];
  for (const words of steps) if (!(await run(words))) return null;
  return program;
}

/** About where the image has things: here they are elsewhere. */
const PLACES =
  /^(?:POETRY_(?:HOME|CACHE_DIR|CONFIG_DIR|DATA_DIR|VIRTUALENVS_\w+)|PIPENV_(?:CACHE_DIR|CUSTOM_VENV_NAME|IGNORE_VIRTUALENVS|PYTHON|DEFAULT_PYTHON_VERSION|VENV_IN_PROJECT|PIPFILE)|WORKON_HOME|PIP_CACHE_DIR)$/;

/** An image knows nothing of what is set for Poetry here, credentials of sources among it, which a lock file could name. */
export function toolVariables(
  env: Readonly<Record<string, string>>,
  { environment, shims, env: machine }: Pick<FollowPlace, 'environment' | 'shims' | 'env'>,
): Record<string, string> {
  const own = Object.entries(env).filter(([name]) => !PLACES.test(name));
  return {
    ...Object.fromEntries(own),
    VIRTUAL_ENV: environment,
    PATH: `${join(environment, 'bin')}:${machine['PATH'] ?? ''}`,
    POETRY_NO_INTERACTION: '1',
    POETRY_CONFIG_DIR: join(shims, 'tools', 'poetry-settings'),
    PIPENV_YES: '1',
    PIPENV_NOSPIN: '1',
    PIPENV_VERBOSITY: '-1',
    PYTHON_KEYRING_BACKEND: 'keyring.backends.null.Keyring',
  };
}

/** Folders that are installed so that the environment points into them. */
export async function editableOrigins(environment: string): Promise<string[]> {
  const found: string[] = [];
  for (const packages of await packageFolders(environment)) {
    for (const info of (await readdir(packages)).filter((name) => name.endsWith('.dist-info'))) {
      const path = join(packages, info, 'direct_url.json');
      const origin = isThereSync(path) ? await readFile(path, 'utf8') : '';
      const url = /"url"\s*:\s*"(file:[^"]*)"/.exec(origin)?.[1];
      if (url !== undefined && /"editable"\s*:\s*true/.test(origin)) found.push(fileURLToPath(url));
    }
  }
  return found;
}
