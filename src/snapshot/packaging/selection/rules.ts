import ignore, { type Ignore } from 'ignore';

/** Patterns in gitignore syntax, those of outer folders before those of inner ones. */
export interface Rules {
  /** The way from the folder that patterns are relative to down to the packed root, with a final `/`; or ''. */
  prefix: string;
  /** Null: none, which most trees outside Git have. */
  patterns: Ignore | null;
}

/** Left out wherever they are: environments, caches, editors' and trackers' own files, and what is secret by custom. */
const LEFT_OUT_NAMES: ReadonlySet<string> = new Set([
  '.env',
  '.idea',
  '.ipynb_checkpoints',
  '.mypy_cache',
  '.pytest_cache',
  '.ruff_cache',
  '.tox',
  '.venv',
  '__pycache__',
  'node_modules',
]);
/** Only folders of these names: programs of theirs may well be called so. */
const LEFT_OUT_FOLDERS: ReadonlySet<string> = new Set(['lightning_logs', 'mlruns', 'wandb']);
const LEFT_OUT_END = '.pyc';

/** The same as patterns. Only `.aichorignore` can take them back, with `!`. */
const LEFT_OUT = [
  ...LEFT_OUT_NAMES,
  ...[...LEFT_OUT_FOLDERS].map((name) => `${name}/`),
  `*${LEFT_OUT_END}`,
].join('\n');

/** A folder that holds this is a virtual environment, whatever its name. */
export const ENVIRONMENT_FILE = 'pyvenv.cfg';

/** Rules that say nothing. */
export function noRules(prefix = ''): Rules {
  return { prefix, patterns: null };
}

/**
 * Rules with those of one more file, which lies in `folder` (relative to where patterns start, '' for there).
 * They are one list, as for Git: the last matching pattern decides, so inner files beat outer ones.
 */
export function withRules({ prefix, patterns }: Rules, text: string, folder = ''): Rules {
  const lines = withoutMark(text).split(/\r?\n/);
  const own = folder === '' ? lines : lines.flatMap((line) => inFolder(line, folder));
  return {
    prefix,
    patterns: ignore({ ignorecase: false })
      .add(patterns ?? [])
      .add(own.map(bytewise)),
  };
}

/** A pattern of a folder as one of the folder above all. */
function inFolder(line: string, folder: string): string[] {
  const [, not = '', pattern = ''] = /^(!?)(.*)$/s.exec(line) ?? [];
  if (line.startsWith('#') || /^[/ ]*$/.test(pattern)) return [];
  const isAnchored = pattern.trimEnd().slice(0, -1).includes('/');
  const start = `${not}/${folder.replace(/[\\*?[\]]/g, '\\$&')}/`;
  return [isAnchored ? start + pattern.replace(/^\//, '') : `${start}**/${pattern}`];
}

/** The rules of `.aichorignore`: what is always left out comes first, so that a `!` line can take it back. */
export function ownRules(text: string): Rules {
  return withRules(withRules(noRules(), LEFT_OUT), text);
}

/** Names that stay out where there is no `.aichorignore`, whatever Git thinks of them. */
export function isLeftOut(name: string, isFolder: boolean): boolean {
  return LEFT_OUT_NAMES.has(name) || (isFolder ? LEFT_OUT_FOLDERS.has(name) : name.endsWith(LEFT_OUT_END));
}

/** Whether a line with `!` takes a folder back. */
export function isTakenBack(folder: string, { prefix, patterns }: Rules): boolean {
  return patterns !== null && patterns.test(bytewise(`${prefix}${folder}/`)).unignored;
}

/** Whether a path of the packed tree stays out, the way Git decides it. */
export function isIgnored(path: string, isFolder: boolean, { prefix, patterns }: Rules): boolean {
  return patterns !== null && patterns.ignores(bytewise(prefix + (isFolder ? `${path}/` : path)));
}

/** Editors of other systems put a byte order mark first; Git skips it too. */
function withoutMark(text: string): string {
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
}

/** First of 128 characters that no name has, one for each byte that is not ASCII. */
const PRIVATE_USE = 0xe000;

/** Git matches bytes (`?` is half an `ä`), so each byte beyond ASCII becomes one character. */
function bytewise(text: string): string {
  return text.replace(/[^\0-\x7f]+/g, (part) =>
    String.fromCharCode(...[...Buffer.from(part)].map((byte) => PRIVATE_USE + byte)),
  );
}
