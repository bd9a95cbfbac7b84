import type { Install } from '../../../../dockerfile/stage.ts';
import { isEditableOption, isLocal, optionWords, type Option } from '../../../../dockerfile/run/options.ts';

/** How an option of a Dockerfile's pip or uv is said here. */
export interface Wording {
  tool: 'uv' | 'venv';
  /** A path of the image, or relative to the folder of the command, as it is found here. */
  path: (value: string) => string;
}

/** Options about the image, its caches and its screen: without meaning here. */
const IMAGE_ONLY = new Set(
  `--system --user --no-cache-dir --no-cache -n --cache-dir --break-system-packages --root-user-action --python -p
  --target -t --prefix --root --quiet -q -qq --verbose -v --progress-bar --no-progress --no-input --active
  --disable-pip-version-check --no-warn-script-location --no-python-version-warning --upgrade-strategy --link-mode
  --use-feature --use-deprecated --prefer-binary --no-color --color --compile-bytecode --compile --no-compile
  --no-editable --ignore-installed -I --exists-action --timeout --default-timeout --retries --project --directory
  --no-managed-python --managed-python --isolated`.split(/\s+/),
);

/** What pip calls otherwise than uv. */
const PIP_TO_UV: Readonly<Record<string, string>> = { '--trusted-host': '--allow-insecure-host' };

/** Options of `uv pip` that pip does not know; most are about uv's cache and index rules. */
const UV_ONLY =
  /^--(index-strategy|torch-backend|resolution|prerelease|exclude-newer|keyring-provider|group|extra|all-extras|index|default-index|allow-insecure-host|offline|refresh|reinstall|strict|overrides?)$/;

/** Words for `uv pip install`, or pip's `install`, after the verb. */
export function pipWords(install: Install, { tool, path }: Wording): string[] {
  const kept = install.options.filter(({ name }) => name === null || !IMAGE_ONLY.has(name));
  const worded = kept.flatMap((option) => reword(option, { install, tool, path }));
  const asksSeveral =
    install.dialect === 'pip' && install.options.some(({ name }) => name === '--extra-index-url');
  // pip takes the best of all indexes, uv the first that knows the name.
  const strategy = tool === 'uv' && asksSeveral ? ['--index-strategy', 'unsafe-best-match'] : [];
  return [...strategy, ...worded];
}

/** Words for `uv sync`, after the verb. What is installed must not point into the folder it was built in. */
export function syncWords({ options }: Install): string[] {
  return [
    ...optionWords(options.filter(({ name }) => name === null || !IMAGE_ONLY.has(name))),
    '--no-editable',
  ];
}

/** Words for `uv export` and `uv pip compile`: as they are, with paths of here, and nothing that points into them. */
export function writeWords({ verb, options }: Install, { path }: Wording): string[] {
  const kept = options.filter(({ name }) => name === null || !IMAGE_ONLY.has(name));
  const ordinary = verb[0] === 'export' ? ['--no-editable'] : [];
  return [...verb, ...ordinary, ...optionWords(kept.map((option) => withPath(option, path)))];
}

function reword(option: Option, { install, tool, path }: Wording & { install: Install }): string[] {
  const { name } = option;
  if (isEditableOption(name)) return [path(option.value ?? '.')];
  if (tool === 'venv' && install.dialect === 'uv' && name !== null && UV_ONLY.test(name)) return [];
  if (tool === 'uv' && install.dialect === 'pip' && name === '--pre') return ['--prerelease', 'allow'];
  const other = tool === 'uv' && install.dialect === 'pip' && name !== null ? PIP_TO_UV[name] : undefined;
  const named = other === undefined || name === null ? option : { name: other, value: option.value };
  return optionWords([withPath(named, path)]);
}

function withPath(option: Option, path: (value: string) => string): Option {
  if (option.name === null) return isLocal(option.value) ? { ...option, value: path(option.value) } : option;
  const isFile =
    /^(-r|-c|-f|-o|-b|--requirements?|--constraints?|--find-links|--output-file|--overrides?|--build-constraints?)$/.test(
      option.name,
    );
  return isFile && option.value !== null && !/^[a-z+]+:\/\//.test(option.value)
    ? { name: option.name, value: path(option.value) }
    : option;
}

/** Said of what would write a file, and is not there. */
export function withoutUv(verb: readonly string[]): string {
  return `uv ${verb.join(' ')} (uv is not in PATH: pip install uv brings it)`;
}

/**
 * Whether packages are built by what the environment itself has. Images of Python before 3.12 have `wheel` for that, and so have those
 * that others build on; an environment of `venv` has not.
 */
export function needsWheel(text: string): boolean {
  return /\bbdist_wheel\b|\bno[-_]build[-_]isolation\b/i.test(text.replaceAll('PIP_', ''));
}
