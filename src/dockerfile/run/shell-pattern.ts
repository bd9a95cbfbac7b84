/**
 * Whether a value fits a pattern of `case`, which knows no folders: `*` and `?` go over slashes and dots.
 *
 * @returns null: only a shell can tell
 */
export function fitsPattern(value: string, pattern: string): boolean | null {
  let source = '';
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern.charAt(at);
    if (char === '*') source += '.*';
    else if (char === '?') source += '.';
    else if (char === '[') {
      const set = /^\[(!?)((?:[A-Za-z0-9_.]-[A-Za-z0-9_.]|[\w. ,:=+-])+)\]/.exec(pattern.slice(at));
      if (set === null) return null;
      source += `[${set[1] === '' ? '' : '^'}${set[2] ?? ''}]`;
      at += set[0].length - 1;
    } else source += char.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
  }
  try {
    return new RegExp(`^${source}$`, 's').test(value);
  } catch {
    return null;
  }
}
