import { LONGEST_VALUE } from '../limits.ts';
import type { Install } from '../stage.ts';
import { imagePath } from '../tree/image-path.ts';
import type { Option } from './options.ts';
import { baseName } from './system-command.ts';

/** `pip --version`: it installs nothing. */
export function isVersionQuestion(name: string, rest: readonly string[]): boolean {
  return (
    /^(?:python3?(?:\.\d+)?|pip3?|uv|gcc|cmake)$/.test(name) &&
    rest.length === 1 &&
    /^(?:--version|-V)$/.test(rest[0] ?? '')
  );
}

/** The folder of the virtual environment that a command makes; null: it makes none. */
export function madeEnvironment(
  name: string,
  rest: readonly string[],
  project: string | undefined,
): string | null {
  const operands = rest.filter((word) => !word.startsWith('-'));
  if (/^python3?(?:\.\d+)?$/.test(name) && rest[0] === '-m' && /^(?:venv|virtualenv)$/.test(rest[1] ?? ''))
    return operands[1] ?? null;
  if (name === 'virtualenv') return operands.at(-1) ?? null;
  if (name === 'uv' && rest[0] === 'venv')
    return (
      operands.filter(
        (_, at) =>
          at > 0 && !/^(?:-p|--python|--prompt)$/.test(rest[rest.indexOf(operands[at] ?? '') - 1] ?? ''),
      )[0] ?? '.venv'
    );
  if (name === 'uv' && rest[0] === 'sync') return project ?? '.venv';
  return null;
}

/** The file of the image that `uv export -o` and `uv pip compile -o` name; null: they name none. */
export function namedOutput(options: readonly Option[], folder: string): string | null {
  const named = options.find(({ name }) => name === '-o' || name === '--output-file')?.value;
  return named == null ? null : imagePath(folder, named);
}

/** Whether one of these installs writes that file. */
export function isWrittenBy(installs: readonly Install[], path: string): boolean {
  return installs.some(
    ({ output, options, folder, kind }) =>
      output === path || (kind === 'write' && namedOutput(options, folder) === path),
  );
}

/** Where images have conda, and its environments: `/opt/conda/bin/pip`, `~/miniconda3/etc/profile.d/conda.sh`. */
const HOMES =
  /(?<![\w.$}/~-])((?:\/[\w.-]+)*\/(?:mini|ana|micro|mamba)?(?:conda|forge|mamba)\d?(?:\/envs\/[\w.-]+)?)\/(?:bin|condabin|etc\/profile\.d)\//g;

/** What of an environment is a link of its own where another one lies in it: a link cannot stand in another. */
const PARTS = ['bin', 'condabin', 'etc', 'include', 'lib', 'lib64', 'pyvenv.cfg'];

/** A path at which a link stands for an environment, or (`part` of it) for something in it. */
export interface EnvironmentLink {
  path: string;
  part: string | null;
}

/** The links by which one environment stands for them all; folders that others lie in (`/opt/conda` of `/opt/conda/envs/x`) come first. */
export function environmentLinks(environments: ReadonlySet<string>): EnvironmentLink[] {
  const all = [...environments].toSorted();
  const around = new Set<string>();
  for (const path of all)
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1))
      around.add(path.slice(0, at));
  return all.flatMap((path): EnvironmentLink[] =>
    around.has(path) ? PARTS.map((part) => ({ path: `${path}/${part}`, part })) : [{ path, part: null }],
  );
}

/** The folder of the environment that `conda create` makes; none: it makes none, or says in a file how it is called. */
export function condaMade(
  [program = '', ...rest]: readonly string[],
  values: Readonly<Record<string, string | undefined>>,
): string[] {
  const verbs = rest.filter((word) => !word.startsWith('-'));
  const isMade = verbs[0] === 'create' || (verbs[0] === 'env' && verbs[1] === 'create');
  if (!CONDA.test(baseName(program)) || !isMade) return [];
  const valueOf = (short: string, long: string) => {
    const at = rest.findIndex((word) => word === short || word === long);
    return at === -1
      ? rest.find((word) => word.startsWith(`${long}=`))?.slice(long.length + 1)
      : rest[at + 1];
  };
  const prefix = valueOf('-p', '--prefix');
  const name = valueOf('-n', '--name');
  if (prefix !== undefined) return prefix.startsWith('/') ? [imagePath('/', prefix)] : [];
  const home = values['MAMBA_ROOT_PREFIX'] ?? values['CONDA_DIR'] ?? '/opt/conda';
  return name === undefined || !/^[\w.-]+$/.test(name) ? [] : [imagePath(home, `envs/${name}`)];
}

/** A script with the stage's variables and `~` put in where they stand by themselves. */
export function withValues(script: string, values: ReadonlyMap<string, string>): string {
  const home = values.get('HOME') ?? '/root';
  let room = LONGEST_VALUE;
  const valueOf = (word: string, name: string) => {
    const value = values.get(name) ?? (name === 'HOME' ? home : word);
    // What has become too long already is left as it stands.
    if (value.length > room) return word;
    room -= value.length;
    return value;
  };
  return script.replace(/(?<=^|[\s"'=:;&|])~(?=\/)/g, home).replace(/\$\{?(\w+)\}?/g, valueOf);
}

/** Environments that are known of an image: no image has so many, and each new one is held against them all. */
const MOST_HOMES = 100;

/**
 * Folders of conda whose programs a line calls by their paths. There is one environment here, which stands for all. Pure.
 *
 * @param values variables of the stage
 * @param known folders of environments so far
 */
export function condaHomes(
  script: string,
  { values, known }: { values: ReadonlyMap<string, string>; known: ReadonlySet<string> },
): string[] {
  if (known.size >= MOST_HOMES) return [];
  const text = withValues(script, values);
  const found = new Set<string>();
  for (const [, path = ''] of text.matchAll(HOMES)) {
    if (known.size + found.size >= MOST_HOMES) break;
    if (!known.has(path)) found.add(path);
  }
  return [...found];
}

const SYSTEM = /^(?:apt|apt-get|aptitude|dnf|yum|microdnf|apk)$/;
const CONDA = /^(?:conda|mamba|micromamba)$/;
const VERSION = /^(?:c?python-?)?(3\.\d{1,2}(?:\.\d{1,2})?)$/;

/**
 * The Python that a RUN line installs for the code: `apt-get install python3.12`, `conda create python=3.9`, `uv venv --python 3.12`;
 * null: none, or several. Pure.
 *
 * @param values variables of the stage
 * @param ofSystem a Python that packages of the system bring is the one that is called
 */
export function askedPython(
  script: string,
  values: ReadonlyMap<string, string>,
  ofSystem = true,
): string | null {
  if (!/python|\buv\b|\bpyenv\b/.test(script)) return null;
  const found = new Set<string>();
  for (const command of withValues(script.replace(/\\\n/g, ' '), values).split(/[;&|\n]+/)) {
    const words = command
      .split(/\s+/)
      .map((word) => word.replace(/^["']|["']$/g, ''))
      .filter((word) => word !== '');
    if (/^(?:echo|printf|#.*)$/.test(words[0] ?? '')) continue;
    const at = words.findIndex((word) => /^(?:uv|pyenv)$/.test(baseName(word)) || isInstaller(word));
    const program = baseName(words[at] ?? '');
    if (at === -1 || (SYSTEM.test(program) && !ofSystem)) continue;
    const version = versionOf(program, words.slice(at + 1));
    if (version !== null) found.add(version);
  }
  const [only = null] = found;
  return found.size === 1 ? only : null;
}

function isInstaller(word: string): boolean {
  return SYSTEM.test(baseName(word)) || CONDA.test(baseName(word));
}

function versionOf(program: string, rest: readonly string[]): string | null {
  const verbs = rest.filter((word) => !word.startsWith('-'));
  const first = (pattern: RegExp) => rest.map((word) => pattern.exec(word)?.[1]).find((each) => each) ?? null;
  if (SYSTEM.test(program))
    return /^(?:install|add)$/.test(verbs[0] ?? '')
      ? first(/^python(3\.\d{1,2})(?:-(?:dev|venv|distutils|full|minimal))?(?:=|$)/)
      : null;
  if (CONDA.test(program))
    return /^(?:create|install|env)$/.test(verbs[0] ?? '')
      ? first(/^python(?:={1,2}|~=)(3\.\d[\d.]*)/)
      : null;
  if (program === 'pyenv')
    return /^(?:install|global|local)$/.test(verbs[0] ?? '') ? first(/^(3\.\d+\.\d+)$/) : null;
  if (verbs[0] === 'python') return /^(?:install|pin)$/.test(verbs[1] ?? '') ? first(VERSION) : null;
  const option = rest.findIndex((word) => /^(?:-p|--python)$/.test(word));
  const value = option === -1 ? first(/^--python=(.+)$/) : rest[option + 1];
  return VERSION.exec(value ?? '')?.[1] ?? null;
}
