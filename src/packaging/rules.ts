import ignore, { type Ignore } from 'ignore';

/**
 * Which paths of a directory stay out. Rule files are stacked as Git stacks them: within a file the last
 * matching line decides, and a file further in beats those further out.
 */
export interface RuleFile {
  /** Folder the file's patterns are relative to: '' for the root, else `a/b`. */
  base: string;
  rules: Ignore;
}

/** Left out wherever they are; only `.aichorignore` can take them back with `!`. */
const LEFT_OUT = ['.venv', '__pycache__', 'node_modules'] as const;
const LEFT_OUT_NAMES: ReadonlySet<string> = new Set(LEFT_OUT);

/** Patterns in gitignore syntax, relative to `base`. */
export function ruleFile(base: string, text: string): RuleFile {
  return { base, rules: ignore({ ignorecase: false, allowRelativePaths: false }).add(withoutMark(text)) };
}

/** The rules of `.aichorignore`: what is always left out comes first, so that a `!` line can take it back. */
export function ownRuleFile(text: string): RuleFile {
  return ruleFile('', `${LEFT_OUT.join('\n')}\n${withoutMark(text)}`);
}

/** Names that stay out where there is no `.aichorignore`, whatever Git thinks of them. */
export function isLeftOut(name: string): boolean {
  return LEFT_OUT_NAMES.has(name);
}

/**
 * Whether a path stays out. `files` go from the outermost to the innermost; all of its parents must have been
 * found to stay in (ignored folders are never entered).
 */
export function isIgnored(path: string, isFolder: boolean, files: readonly RuleFile[]): boolean {
  for (let index = files.length - 1; index >= 0; index--) {
    const file = files[index];
    if (!file) continue;
    const inner = file.base === '' ? path : path.slice(file.base.length + 1);
    const { ignored, unignored } = file.rules.test(isFolder ? `${inner}/` : inner);
    if (ignored) return true;
    if (unignored) return false;
  }
  return false;
}

/** Editors of other systems put a byte order mark first; Git skips it too. */
function withoutMark(text: string): string {
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
}
