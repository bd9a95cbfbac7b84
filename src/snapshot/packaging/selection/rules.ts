import ignore, { type Ignore } from 'ignore';

/** Patterns in gitignore syntax, those of outer folders before those of inner ones. */
export interface Rules {
  /** The way from the folder that patterns are relative to down to the packed root, with a final `/`; or ''. */
  prefix: string;
  /** Null: none, which most trees outside Git have. */
  patterns: Ignore | null;
  /** Rules of the root's own file, which come after all others. */
  last: readonly MarkedPattern[];
  /** `patterns` with `last` behind them. */
  all: Ignore | null;
}

interface MarkedPattern {
  pattern: string;
  mark: string;
}

/** The line that decided about a path. */
export interface DecidingLine {
  /** As it is shown; null: what is left out always. */
  file: string | null;
  /** From 1. */
  line: number | null;
  /** Of what is left out always, too: `.venv`, `*.pyc`; of a virtual environment whatever its name, `pyvenv.cfg`. */
  pattern: string;
}

/** What is left out always, as if a line said so. */
export function builtIn(pattern: string): DecidingLine {
  return { file: null, line: null, pattern };
}

/** Where a text of patterns lies. */
interface PatternFile {
  /** As it is shown. */
  file: string;
  /** The folder that its patterns are relative to, from where all patterns start; '' for there. */
  folder?: string;
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
const LEFT_OUT = [...LEFT_OUT_NAMES, ...[...LEFT_OUT_FOLDERS].map((name) => `${name}/`), `*${LEFT_OUT_END}`];

/** A folder that holds this is a virtual environment, whatever its name. */
export const ENVIRONMENT_FILE = 'pyvenv.cfg';

/** Rules that say nothing. */
export function noRules(prefix = ''): Rules {
  return { prefix, patterns: null, last: [], all: null };
}

/**
 * Rules with those of one more file. They are one list, as for Git: the last matching pattern decides, so inner files beat
 * outer ones, and the root's own file beats them all.
 */
export function withRules(rules: Rules, text: string, where: PatternFile): Rules {
  const patterns = newList(rules.patterns).add(markedPatterns(text, where));
  const { last } = rules;
  return { ...rules, patterns, all: last.length === 0 ? patterns : newList(patterns).add(last) };
}

function newList(before: Ignore | null): Ignore {
  return ignore({ ignorecase: false }).add(before ?? []);
}

function markedPatterns(text: string, { file, folder = '' }: PatternFile): MarkedPattern[] {
  return withoutMark(text)
    .split(/\r?\n/)
    .flatMap((line, index) => {
      const mark = JSON.stringify([file, index + 1, line]);
      const own = folder === '' ? [line] : inFolder(line, folder);
      return own.map((pattern) => ({ pattern: bytewise(pattern), mark }));
    });
}

/** A pattern of a folder as one of the folder above all. */
function inFolder(line: string, folder: string): string[] {
  const [, not = '', pattern = ''] = /^(!?)(.*)$/s.exec(line) ?? [];
  if (line.startsWith('#') || /^[/ ]*$/.test(pattern)) return [];
  const isAnchored = pattern.trimEnd().slice(0, -1).includes('/');
  const start = `${not}/${folder.replace(/[\\*?[\]]/g, '\\$&')}/`;
  return [isAnchored ? start + pattern.replace(/^\//, '') : `${start}**/${pattern}`];
}

/** With the rules of `.aichorignore`: what is always left out comes before them, so that a `!` line can take it back. */
export function withOwnRules(rules: Rules, text: string, file: string): Rules {
  const folder = rules.prefix.slice(0, -1);
  const last = [
    ...LEFT_OUT.map((pattern) => ({ pattern, mark: JSON.stringify([null, null, pattern]) })),
    ...markedPatterns(text, { file, folder }),
  ];
  return { ...rules, last, all: newList(rules.patterns).add(last) };
}

/** Those of the paths that the root's own file does not leave out, whatever the others say. */
export function notLeftOutByOwn(paths: readonly string[], { prefix, last }: Rules): readonly string[] {
  if (last.length === 0) return paths;
  const own = newList(null).add(last);
  return paths.filter((path) => !own.ignores(bytewise(prefix + path)));
}

/** The pattern by which a name stays out where there is no `.aichorignore`, whatever Git thinks of it; null: none does. */
export function alwaysLeftOutBy(name: string, isFolder: boolean): string | null {
  if (LEFT_OUT_NAMES.has(name)) return name;
  if (isFolder) return LEFT_OUT_FOLDERS.has(name) ? `${name}/` : null;
  return name.endsWith(LEFT_OUT_END) ? `*${LEFT_OUT_END}` : null;
}

/** Whether a line with `!` takes a folder back. */
export function isTakenBack(folder: string, { prefix, all }: Rules): boolean {
  return all !== null && all.test(bytewise(`${prefix}${folder}/`)).unignored;
}

/** Whether a path of the packed tree stays out, the way Git decides it. */
export function isIgnored(path: string, isFolder: boolean, { prefix, all }: Rules): boolean {
  return all !== null && all.ignores(bytewise(prefix + (isFolder ? `${path}/` : path)));
}

/** The line by which a path stays out; null when none says so. */
export function decidingLine(path: string, isFolder: boolean, { prefix, all }: Rules): DecidingLine | null {
  const mark = all?.test(bytewise(prefix + (isFolder ? `${path}/` : path))).rule?.mark;
  if (mark === undefined) return null;
  const [file, line, pattern] = JSON.parse(mark) as [string | null, number | null, string];
  return { file, line, pattern };
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
