/**
 * Rules about the shape of the tree: what makes a house hard to read although each of its files is good. Each gives its
 * findings as sentences that begin with a path.
 */
import { posix } from 'node:path';

/** Files that a folder may hold beside its folders. */
export const MOST_LOOSE = 12;

/** @typedef {import('./imports.js').SourceFile} SourceFile */

/** By name, because `npm run house` counts each. @type {Record<string, (files: SourceFile[]) => string[]>} */
export const SHAPE = {
  circles,
  'type names': typeNames,
  'loose files': looseFiles,
  'system errors': systemErrors,
  programs,
  'prettier-ignore': prettierIgnore,
  'packed literals': packedLiterals,
};

/** @param {SourceFile[]} files @returns {string[]} */
export function shapeFindings(files) {
  return Object.values(SHAPE).flatMap((rule) => rule(files));
}

/**
 * Files that need each other, be it for a type only: none of them can be read first. One finding for each group.
 */
function circles(files) {
  return strongComponents(files).map(
    (group) => `${group[0]}: a circle of imports with ${group.slice(1).join(', ')}`,
  );
}

/** Tarjan's algorithm; groups of two files and more, in order. @returns {string[][]} */
export function strongComponents(files) {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const seen = new Map();
  const stack = [];
  const groups = [];
  const visit = (path) => {
    const node = { index: seen.size, low: seen.size, open: true };
    seen.set(path, node);
    stack.push(path);
    for (const { target, dynamic } of byPath.get(path).imports) {
      if (target === null || dynamic || !byPath.has(target)) continue;
      const other = seen.get(target) ?? visit(target);
      if (other.open) node.low = Math.min(node.low, other.low);
    }
    if (node.low === node.index) {
      const group = stack.splice(stack.indexOf(path));
      for (const each of group) seen.get(each).open = false;
      if (group.length > 1) groups.push(group.sort());
    }
    return node;
  };
  for (const path of byPath.keys()) if (!seen.has(path)) visit(path);
  return groups.sort((a, b) => (a[0] < b[0] ? -1 : 1));
}

/** One name, one meaning: an exported type of the same name elsewhere sends a reader to the wrong file. */
function typeNames(files) {
  const places = new Map();
  for (const { path, text } of files) {
    for (const [, name] of text.matchAll(
      /^export (?:declare )?(?:abstract )?(?:interface|type|class|enum) (\w+)\b(?!\s*[,}])/gm,
    ))
      places.set(name, [...(places.get(name) ?? []), path]);
  }
  return [...places]
    .filter(([, paths]) => new Set(paths).size > 1)
    .map(([name, paths]) => `${paths[0]}: the type ${name} is another one in ${paths.slice(1).join(', ')}`);
}

function looseFiles(files) {
  const folders = new Map();
  for (const { path } of files) folders.set(posix.dirname(path), (folders.get(posix.dirname(path)) ?? 0) + 1);
  return [...folders]
    .filter(([, count]) => count > MOST_LOOSE)
    .map(([folder, count]) => `${folder}: ${count} loose files; at most ${MOST_LOOSE}`);
}

/** `base/io` knows what the system's codes mean: `isAbsent`, `isDiskFull`, … */
function systemErrors(files) {
  return lineFindings(
    files,
    /\b(?:ENOENT|ENOTDIR|ENOSPC|EDQUOT)\b/,
    'names a code that base/io has a word for',
  );
}

/** Programs are run by `base/io/run.ts`, and started by `base/io/start.ts` when they are to go on. */
function programs(files) {
  return files
    .filter(({ path }) => !isBase(path))
    .flatMap(({ path, imports }) =>
      imports
        .filter(({ specifier, type }) => !type && ['node:child_process', 'execa'].includes(specifier))
        .map(({ specifier, line }) => `${path}:${line}: imports ${specifier}; programs are run by base/io`),
    );
}

/** A layout that has to be protected is hard to read, or longer than it seems. */
function prettierIgnore(files) {
  return files.flatMap(({ path, source }) =>
    source
      .split('\n')
      .flatMap((line, index) =>
        line.includes('prettier-ignore') ? [`${path}:${index + 1}: prettier-ignore`] : [],
      ),
  );
}

/** `{ ...{ a, b }, c }` says no more than `{ a, b, c }`; it only takes fewer lines. */
function packedLiterals(files) {
  return lineFindings(files, /\.\.\.\{|\.\.\.\[[^[\]]*\]\s*[,\])}]/, 'spreads a literal', () => true);
}

function lineFindings(files, pattern, what, concerns = ({ path }) => !isBase(path)) {
  return files
    .filter(concerns)
    .flatMap(({ path, text }) =>
      text
        .split('\n')
        .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${what}`] : [])),
    );
}

function isBase(path) {
  return path.startsWith('base/');
}
