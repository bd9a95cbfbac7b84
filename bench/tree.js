import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const BYTES_PER_FILE = 10_400;
const WORDS =
  'import torch model data layer norm batch for in range self return def class loss step 0.001 #'.split(' ');

/** Source-like text, another in each file (208 MB in 20,000); old enough for the stat cache to trust it. */
export function writeTree(root, files) {
  const old = Date.now() / 1000 - 60;
  for (let index = 0; index < files; index++) {
    const folder = join(root, `package${index % 20}`, `module${index % 200}`);
    if (index < 200) mkdirSync(folder, { recursive: true });
    const path = join(folder, `file${index}.py`);
    writeFileSync(path, text(index));
    utimesSync(path, old, old);
  }
  return root;
}

function text(index) {
  let seed = index + 1;
  let written = `# file ${index}\n`;
  while (written.length < BYTES_PER_FILE) {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    written += WORDS[(seed >>> 16) % WORDS.length] + (seed >>> 28 < 3 ? '\n' : ' ');
  }
  return written;
}
