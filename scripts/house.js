/**
 * `npm run house [COMMIT]`: the shape of `src/` in figures, beside that of an earlier commit (where the house was last
 * moved, unless said), and how many files one change touches. scripts/check/shape.js has the rules; this only counts.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sourceFiles } from './check/imports.js';
import { touchedFiles } from './house/changes.js';
import { copiesOf, shapeOf } from './house/counts.js';
import { checkout } from './house/trees.js';

const BEFORE = 'c5f0d41';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [commit = BEFORE] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'aichor-house-'));
try {
  const before = checkout(root, commit, join(folder, 'before'));
  const now = checkout(root, null, join(folder, 'now'));
  const [then, today] = [await figures(before), await figures(now)];
  process.stdout.write(`| | ${commit} | now |\n|---|---|---|\n`);
  for (const name of Object.keys(today))
    process.stdout.write(`| ${name} | ${then[name] ?? '-'} | ${today[name]} |\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** @returns {Promise<Record<string, string | number>>} */
async function figures(tree) {
  if (tree === null) return {};
  const files = await sourceFiles(join(tree, 'src'));
  return { ...shapeOf(files), ...copiesOf(files), ...(await touchedFiles(tree)) };
}
