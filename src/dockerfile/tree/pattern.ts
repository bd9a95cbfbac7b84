/**
 * A pattern of COPY as Go's `filepath.Match` reads it: `*` and `?` stay inside a folder, `[a-z]`, `[^a]`, `\x`.
 * With `**` (in .dockerignore and `--exclude`) any number of folders.
 */
export function patternToRegExp(pattern: string): RegExp {
  let source = '';
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern.charAt(at);
    if (pattern.startsWith('**/', at)) {
      source += '(?:.*/)?';
      at += 2;
    } else if (pattern.startsWith('**', at)) {
      source += '.*';
      at += 1;
    } else if (char === '*') source += '[^/]*';
    else if (char === '?') source += '[^/]';
    else if (char === '[') {
      const set = /^\[(\^?)((?:\\.|[^\]\\])+)\]/.exec(pattern.slice(at));
      source += set === null ? '\\[' : `[${set[1] ?? ''}${(set[2] ?? '').replaceAll('[', '\\[')}]`;
      at += set === null ? 0 : set[0].length - 1;
    } else if (char === '\\') source += escapeForRegExp(pattern.charAt(++at));
    else source += escapeForRegExp(char);
  }
  return toRegExp(source, pattern);
}

export function isPattern(path: string): boolean {
  return /[*?[\\]/.test(path);
}

function escapeForRegExp(char: string): string {
  return char.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}

/** A range the wrong way round (`[z-a]`) is no pattern: only the very text fits. */
function toRegExp(source: string, pattern: string): RegExp {
  try {
    return new RegExp(`^${source}$`, 's');
  } catch {
    return new RegExp(`^${[...pattern].map(escapeForRegExp).join('')}$`, 's');
  }
}
