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
 * Hidden files are matched only where the pattern says the dot.
 */
export function globMatcher(pattern: string): (path: string) => boolean {
  const expressions = alternatives(pattern.replace(/^(\.\/)+/, '')).map(
    (each) => new RegExp(`^${partsOf(each)}$`),
  );
  return (path) => expressions.some((expression) => expression.test(path));
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

function partsOf(pattern: string): string {
  const parts = pattern.split('/');
  return parts
    .map((part, index) => {
      const last = index === parts.length - 1;
      if (part === '**') return last ? '(?!\\.)[^/]+(?:/(?!\\.)[^/]+)*' : '(?:(?!\\.)[^/]+/)*';
      return `${partExpression(part)}${last ? '' : '/'}`;
    })
    .join('');
}

function partExpression(part: string): string {
  const visible = /^[*?[]/.test(part) ? '(?!\\.)' : '';
  const tokens = part.match(/\*+|\?|\[!?[^\]]+\]|[^]/g) ?? [];
  return visible + tokens.map(tokenExpression).join('');
}

function tokenExpression(token: string): string {
  if (token.startsWith('*')) return '[^/]*';
  if (token === '?') return '[^/]';
  if (token.length > 1) return `[${token.slice(1, -1).replace(/^!/, '^').replaceAll('\\', '\\\\')}]`;
  return token.replace(/[\\^$.|+(){}[\]]/, '\\$&');
}
