import { patternToRegExp } from './pattern.ts';

/**
 * The rules of a .dockerignore: every pattern counts from the context's root, one that fits a folder fits what is
 * in it, the last that fits decides, `!` lets in again. Not those of .gitignore: `data` is not `src/data` here.
 *
 * @returns whether a path of the context stays out
 */
export function readDockerIgnore(text: string): (path: string) => boolean {
  const rules = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .filter((line) => !line.startsWith('#'))
    .map((line) => line.trim())
    .filter((line) => line !== '' && line !== '!')
    .flatMap(toRule);
  if (rules.length === 0) return () => false;
  return (path) => {
    const parts = path.split('/');
    const candidates = parts.map((_, index) => parts.slice(0, index + 1).join('/'));
    const last = rules.findLast(({ pattern }) => candidates.some((each) => pattern.test(each)));
    return last !== undefined && !last.letsIn;
  };
}

function toRule(line: string): { pattern: RegExp; letsIn: boolean }[] {
  const letsIn = line.startsWith('!');
  const cleaned = cleanPath((letsIn ? line.slice(1) : line).trim());
  return cleaned === '' ? [] : [{ pattern: patternToRegExp(cleaned), letsIn }];
}

/** As Go's `filepath.Clean` does it, without the slash in front. */
function cleanPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && parts.length > 0) parts.pop();
    else if (part !== '..') parts.push(part);
  }
  return parts.join('/');
}
