/** Whether a text is a pattern rather than a path: it holds `*`, `?`, `[…]` or `{…}`. */
export function isGlob(text: string): boolean {
  return /[*?]|\[.+\]|\{.+\}/.test(text);
}

/** The folder above a pattern's first part with a wildcard: `a/b/*.yaml` → `a/b`, `*.yaml` → `.`, `/x/*` → `/x`. */
export function globBase(pattern: string): string {
  const parts = pattern.split('/');
  const first = parts.findIndex(isGlob);
  const base = parts.slice(0, first < 0 ? -1 : first).join('/');
  return base === '' ? (pattern.startsWith('/') ? '/' : '.') : base;
}

/**
 * A pattern as the shell has it: `*` and `?` within a part, `**` for any number of folders, `[a-z]`, `{a,b}`.
 * Hidden files are matched only where the pattern says the dot. Takes steps in proportion to pattern × path,
 * whatever the pattern is: every `*` is decided where it first fits, and only the last one is ever moved.
 */
export function globMatcher(pattern: string): (path: string) => boolean {
  const patterns = alternatives(pattern.replace(/^(\.\/)+/, '')).map((each) =>
    each
      .replace(/(^|\/)\*\*$/, '$1**/*')
      .split('/')
      .map(partOf),
  );
  return (path) => {
    const names = path.split('/');
    return patterns.some((parts) => fits(parts, names, folders));
  };
}

/** `{a,b}` written out; at most a few hundred ways. */
function alternatives(pattern: string): string[] {
  const done: string[] = [];
  const open = [pattern];
  for (let next = open.pop(); next !== undefined && done.length < 500; next = open.pop()) {
    const [whole, inner] = /\{([^{}]*,[^{}]*)\}/.exec(next) ?? [];
    if (whole === undefined || inner === undefined) done.push(next);
    else open.push(...inner.split(',').map((choice) => next?.replace(whole, () => choice) ?? ''));
  }
  return done;
}

type Token = { star: true } | { star: false; takes(character: string): boolean };
type Part = { star: true } | { star: false; visible: boolean; tokens: Token[] };

/** How a sequence of items is matched against one with stars, each of which takes any number of what it may. */
interface Matching<P extends { star: boolean }, I> {
  takes(pattern: P, item: I): boolean;
  /** Whether a star may take this item. */
  passes(item: I): boolean;
}

const characters: Matching<Token, string> = {
  takes: (token, character) => !token.star && token.takes(character),
  passes: () => true,
};

const folders: Matching<Part, string> = {
  takes: (part, name) => !part.star && partFits(part, name),
  passes: isVisible,
};

function fits<P extends { star: boolean }, I>(
  pattern: readonly P[],
  items: readonly I[],
  { takes, passes }: Matching<P, I>,
): boolean {
  let [at, item] = [0, 0];
  let back: { at: number; item: number } | null = null;
  while (item < items.length) {
    const [here, next] = [pattern[at], items[item]];
    if (here?.star === true) back = { at: ++at, item };
    else if (here !== undefined && next !== undefined && takes(here, next)) [at, item] = [at + 1, item + 1];
    else {
      const taken: I | undefined = back === null ? undefined : items[back.item];
      if (back === null || taken === undefined || !passes(taken)) return false;
      back = { at: back.at, item: back.item + 1 };
      [at, item] = [back.at, back.item];
    }
  }
  return pattern.slice(at).every(({ star }) => star);
}

function partOf(text: string): Part {
  if (text === '**') return { star: true };
  const tokens = text.match(/\*+|\?|\[!?[^\]]+\]|[^]/gu) ?? [];
  return { star: false, visible: /^[*?[]/.test(text), tokens: tokens.map(tokenOf) };
}

function partFits(part: Part & { star: false }, name: string): boolean {
  if (name === '' || (part.visible && !isVisible(name))) return part.tokens.length === 0;
  return fits(part.tokens, [...name], characters);
}

function isVisible(name: string): boolean {
  return name !== '' && !name.startsWith('.');
}

function tokenOf(token: string): Token {
  if (token.startsWith('*')) return { star: true };
  if (token === '?') return { star: false, takes: () => true };
  if (token.length < 3) return { star: false, takes: (character) => character === token };
  const inside = token.slice(1, -1).replace(/^!/, '^').replace(/[\\[]/g, '\\$&');
  try {
    const set = new RegExp(`^[${inside}]$`, 'u');
    return { star: false, takes: (character) => set.test(character) };
  } catch {
    return { star: false, takes: (character) => token.includes(character) };
  }
}
