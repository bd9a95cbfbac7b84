import { LONGEST_VALUE } from '../limits.ts';
import type { Install } from '../stage.ts';
import { imagePath } from '../tree/image-path.ts';
import type { Option } from './options.ts';

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
  const home = values.get('HOME') ?? '/root';
  let room = LONGEST_VALUE;
  const valueOf = (word: string, name: string) => {
    const value = values.get(name) ?? (name === 'HOME' ? home : word);
    // What has become too long already is left as it stands.
    if (value.length > room) return word;
    room -= value.length;
    return value;
  };
  const text = script.replace(/(?<=^|[\s"'=:;&|])~(?=\/)/g, home).replace(/\$\{?(\w+)\}?/g, valueOf);
  const found = new Set<string>();
  for (const [, path = ''] of text.matchAll(HOMES)) {
    if (known.size + found.size >= MOST_HOMES) break;
    // A link cannot stand in another.
    const isApart = [...known, ...found].every(
      (other) => !path.startsWith(`${other}/`) && !other.startsWith(`${path}/`),
    );
    if (isApart) found.add(path);
  }
  return [...found];
}
