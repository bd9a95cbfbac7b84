import { SHAPE } from '../check/shape.js';

/** @typedef {import('../check/imports.js').SourceFile} SourceFile */

/** @param {SourceFile[]} files @returns {Record<string, number>} */
export function shapeOf(files) {
  const lines = files.map((file) => file.lines).sort((a, b) => a - b);
  const importers = new Map(files.map(({ path }) => [path, 0]));
  for (const { imports } of files)
    for (const target of new Set(imports.map((each) => each.target)))
      if (importers.has(target)) importers.set(target, importers.get(target) + 1);
  const single = [...importers.values()].filter((count) => count === 1).length;
  const rules = Object.entries(SHAPE).map(([name, rule]) => [`check: ${name}`, rule(files).length]);
  return {
    files: files.length,
    lines: lines.reduce((sum, count) => sum + count, 0),
    'lines of a file, median': lines[lines.length >> 1],
    'lines of a file, most': lines.at(-1),
    'files with a single importer': single,
    'files with a single importer, %': Math.round((100 * single) / files.length),
    'files that name kuberay': files.filter(({ text }) => /['"]kuberay['"]/.test(text)).length,
    ...Object.fromEntries(rules),
  };
}

/** What is written again and again, by how it looks; what stands in `base/` is its one place. */
const COPIES = {
  'copies: a file that may be missing': /\b(?:ENOENT|ENOTDIR)\b/,
  'copies: a full disk': /\b(?:ENOSPC|EDQUOT)\b/,
  'copies: atomic writers': /\bwriteFileAtomic\(|\.tmp`|\.tmp'/,
  'copies: one after another': /: Promise<\w+(?:<\w+>)?> = Promise\.resolve\(\)/,
  'copies: waits before a repetition':
    /\bawait (?:delay|sleep|pause)\([^)]*(?:PAUSE|RETRY|AGAIN|pause|wait\b|\*\*)/,
  'copies: plurals': /=== 1 \? ''/,
  'copies: FNV': /0x811c9dc5/,
};

/** @param {SourceFile[]} files @returns {Record<string, number>} files outside of `base/` with each */
export function copiesOf(files) {
  const above = files.filter(({ path }) => !path.startsWith('base/'));
  return Object.fromEntries(
    Object.entries(COPIES).map(([name, pattern]) => [
      name,
      above.filter(({ text }) => pattern.test(text)).length,
    ]),
  );
}
