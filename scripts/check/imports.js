import { readdir, readFile } from 'node:fs/promises';
import { join, posix, relative, sep } from 'node:path';

/**
 * One file of `src/`, with what it imports. `text` is its source with blanks in place of comments.
 *
 * @typedef {{path: string, source: string, text: string, lines: number, imports: Import[]}} SourceFile
 * @typedef {{specifier: string, target: string | null, type: boolean, dynamic: boolean, line: number}} Import
 */

const STATIC = /^[ \t]*(?:import|export)\s+(type\s+)?(?:[^'"`;]*?\sfrom\s*)?(['"])([^'"\n]+)\2/gm;
const DYNAMIC = /(?<![.\w])import\(\s*(['"])([^'"\n]+)\1\s*\)/g;
/** `import('…').Name` in a type position needs nothing at run time, but it is a dependency all the same. */

/** @returns {Promise<SourceFile[]>} all TypeScript files below a folder, paths relative to it, in order */
export async function sourceFiles(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
  return Promise.all(paths.map(async (path) => readSource(path, await readFile(join(folder, path), 'utf8'))));
}

/** @returns {SourceFile} */
export function readSource(path, source) {
  const text = withoutComments(source);
  const imports = [
    ...Array.from(text.matchAll(STATIC), (match) =>
      found(path, text, match, { specifier: match[3], type: Boolean(match[1]) }),
    ),
    ...Array.from(text.matchAll(DYNAMIC), (match) =>
      found(path, text, match, { specifier: match[2], dynamic: true }),
    ),
  ];
  return { path, source, text, lines: source.split('\n').length - 1, imports };
}

function found(path, text, match, { specifier, type = false, dynamic = false }) {
  const target = specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : null;
  return { specifier, target, type, dynamic, line: text.slice(0, match.index).split('\n').length };
}

/** Comments become spaces, line breaks stay: line numbers hold. Strings are left as they are. */
export function withoutComments(source) {
  const token = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;
  return source.replace(token, (text) => (text.startsWith('/') ? text.replace(/[^\n]/g, ' ') : text));
}

/** `@scope/name/sub` → `@scope/name`; null for `node:` and relative specifiers. */
export function packageOf(specifier) {
  if (specifier.startsWith('.') || specifier.startsWith('node:')) return null;
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}
