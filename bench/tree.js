import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const WORDS =
  'import torch model data layer norm batch for in range self return def class loss step 0.001 #'.split(' ');

/**
 * Source-like text, another in each file, a hundred files in a folder; old enough to be remembered between scans.
 *
 * @param {string} root
 * @param {{files: number, bytes: number}} size how many, and how long each is, about
 */
export function writeTree(root, { files, bytes }) {
  const old = Date.now() / 1000 - 3600;
  // A multiple of twenty: the index then says both, and each folder comes once.
  const folders = 20 * Math.ceil(files / 2000);
  for (let index = 0; index < files; index++) {
    const folder = join(root, `package${index % 20}`, `module${index % folders}`);
    if (index < folders) mkdirSync(folder, { recursive: true });
    const path = join(folder, `file${index}.py`);
    writeFileSync(path, text(index, bytes));
    utimesSync(path, old, old);
  }
  return root;
}

function text(index, bytes) {
  let seed = index + 1;
  let written = `# file ${index}\n`;
  while (written.length < bytes) {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    written += WORDS[(seed >>> 16) % WORDS.length] + (seed >>> 28 < 3 ? '\n' : ' ');
  }
  return written;
}
