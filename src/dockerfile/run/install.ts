import { readOptions, isEditableOption, isFileOption, type Option } from './options.ts';

/** A command of a Dockerfile that installs Python packages, or prepares a file for one that does. */
export interface InstallCommand {
  /** `sync`: uv and its lock; `pip`: requirements, by pip or `uv pip`; `write`: uv writes a requirements file. */
  kind: 'sync' | 'pip' | 'write';
  /** Whose options they are. */
  dialect: 'uv' | 'pip';
  /** Words before the options: `['export']`, `['pip', 'compile']`; for `pip` and `sync` nothing. */
  verb: string[];
  options: Option[];
}

/** Files of a project by which uv goes. */
export const PROJECT_FILES: readonly string[] = ['pyproject.toml', 'uv.lock', 'uv.toml', '.python-version'];

/** Programs of the image's maker, not of the code: their installing means nothing here. */
const TOOLS =
  /^(pip|uv|pipx|poetry(-[a-z-]+)?|pdm|pipenv|conda-lock|pip-tools|virtualenv|conda|hatch)([<>=!~[ ].*)?$/i;

/** Its folder of its own that is not made: what it asks for is in the environment only. None: it asks for none. */
export function unmadeFolders({ kind, options }: Pick<InstallCommand, 'kind' | 'options'>): string[] {
  const asked = options.filter(({ name }) => kind === 'pip' && /^(?:-t|--target|--root)$/.test(name ?? ''));
  const why = 'what it installs is in the environment, not in that folder';
  return asked.map(({ name, value }) => `pip install ${name ?? ''} ${value ?? ''} (${why})`);
}

/** What a command installs; null: it is no install command; `nothing`: it installs nothing that counts here. */
export function readInstall(words: readonly string[]): InstallCommand | 'nothing' | null {
  const [program = '', ...rest] = words;
  const name = program.slice(program.lastIndexOf('/') + 1);
  if (/^pip(3(\.\d+)?)?$/.test(name)) return readPip(rest, 'pip');
  if (/^python(3(\.\d+)?)?$/.test(name)) {
    const module = rest.findIndex((word) => word === '-m');
    return module !== -1 && rest[module + 1] === 'pip' ? readPip(rest.slice(module + 2), 'pip') : null;
  }
  return name === 'uv' ? readUv(rest) : null;
}

function readPip(words: readonly string[], dialect: 'uv' | 'pip'): InstallCommand | 'nothing' | null {
  const options = readOptions(words);
  const verb = options.findIndex(({ name }) => name === null);
  const chosen = options[verb]?.value ?? undefined;
  if (dialect === 'uv' && chosen === 'compile')
    return { kind: 'write', dialect, verb: ['pip', 'compile'], options: without(options, verb) };
  if (chosen !== 'install' && !(dialect === 'uv' && chosen === 'sync'))
    return chosen === undefined || /^(cache|config|check|list|freeze|show|debug|--version)$/.test(chosen)
      ? 'nothing'
      : null;
  const given = without(options, verb).map((option): Option =>
    chosen === 'sync' && option.name === null ? { ...option, name: '-r' } : option,
  );
  const wanted = given.filter((option) => option.name !== null || !TOOLS.test(option.value));
  return wanted.some(isWanted) ? { kind: 'pip', dialect, verb: [], options: wanted } : 'nothing';
}

function readUv(words: readonly string[]): InstallCommand | 'nothing' | null {
  const options = readOptions(words);
  const at = options.findIndex(({ name }) => name === null);
  const rest = without(options, at);
  switch (options[at]?.value) {
    case 'sync':
      return { kind: 'sync', dialect: 'uv', verb: [], options: rest };
    case 'pip':
      return readPip(optionWordsOf(rest), 'uv');
    case 'export':
      return { kind: 'write', dialect: 'uv', verb: ['export'], options: rest };
    case 'add':
      return { kind: 'pip', dialect: 'uv', verb: [], options: rest };
    case 'venv':
    case 'lock':
    case 'cache':
    case 'python':
    case 'self':
      return 'nothing';
    default:
      return null;
  }
}

/** Something is to be installed: a requirement, a file of them, a folder. */
function isWanted({ name }: Option): boolean {
  return name === null || isFileOption(name) || isEditableOption(name) || /^--(group|extra)$/.test(name);
}

function without(options: readonly Option[], at: number): Option[] {
  return options.filter((_, index) => index !== at);
}

function optionWordsOf(options: readonly Option[]): string[] {
  return options.flatMap(({ name, value }) => [name, value].filter((each) => each !== null));
}
