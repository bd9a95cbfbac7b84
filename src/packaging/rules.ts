import ignore, { type Ignore } from 'ignore';

/** One file of patterns in gitignore syntax. */
export interface RuleFile {
  /** Folder of the packed tree that the patterns are relative to: '' for the root or above, else `a/b`. */
  base: string;
  /** For a file above the root: the way from its folder down to the root, with a final `/`. */
  prefix: string;
  rules: Ignore;
}

/** Left out wherever they are; only `.aichorignore` can take them back with `!`. */
const LEFT_OUT = ['.venv', '__pycache__', 'node_modules'] as const;
const LEFT_OUT_NAMES: ReadonlySet<string> = new Set(LEFT_OUT);

export function ruleFile(
  text: string,
  { base = '', prefix = '' }: { base?: string; prefix?: string } = {},
): RuleFile {
  return { base, prefix, rules: ignore({ ignorecase: false }).add(withoutMark(text)) };
}

/** The rules of `.aichorignore`: what is always left out comes first, so that a `!` line can take it back. */
export function ownRuleFile(text: string): RuleFile {
  return ruleFile(`${LEFT_OUT.join('\n')}\n${withoutMark(text)}`);
}

/** Names that stay out where there is no `.aichorignore`, whatever Git thinks of them. */
export function isLeftOut(name: string): boolean {
  return LEFT_OUT_NAMES.has(name);
}

/**
 * Whether a path stays out, the way Git decides it: `files` go from the outermost to the innermost, the
 * innermost that has anything to say about the path wins, and within it the last matching line. All parents of
 * the path must be in already: ignored folders are never entered.
 */
export function isIgnored(path: string, isFolder: boolean, files: readonly RuleFile[]): boolean {
  for (const { base, prefix, rules } of files.toReversed()) {
    const inner = prefix + (base === '' ? path : path.slice(base.length + 1));
    const { ignored, unignored } = rules.test(isFolder ? `${inner}/` : inner);
    if (ignored) return true;
    if (unignored) return false;
  }
  return false;
}

/** Editors of other systems put a byte order mark first; Git skips it too. */
function withoutMark(text: string): string {
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
}
