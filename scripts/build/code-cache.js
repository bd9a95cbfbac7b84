import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Which caches there are, and what they were made of. */
const RECORD = 'code-caches.json';

/**
 * The text in ASCII, with its own hash as its last line, by which `bin/bundles.js` tells whether a cache belongs to it. A
 * single other character would make V8 keep all of it with two bytes a character: more than twice the time to read it.
 */
export function signed(code) {
  // A backslash that only stands before the character as it is would make two of them.
  const text = code.replace(/((?:\\\\)*)\\?([^\0-\x7F])/g, (_found, before, character) => {
    return `${before}\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  return Buffer.from(`${text}\n// ${sha256(text)}\n`);
}

/**
 * Names of the code caches in `dist/` and of the record of them. When a text or the Node is another one than the
 * record says, `train.js` writes all of them anew: of each chunk that the usual commands load.
 *
 * @param {string} root the package's folder
 * @param {string} dist
 * @param {readonly {name: string, contents: Buffer}[]} outputs what lies in `dist/`
 * @returns {Promise<string[]>}
 */
export async function codeCaches(root, dist, outputs) {
  const texts = outputs.map(({ name, contents }) => `${name} ${contents.toString('latin1').slice(-65, -1)}`);
  const made = sha256([process.version, process.platform, process.arch, ...texts].join('\n'));
  const known = await readRecord(dist);
  if (known?.made === made && (await areThere(dist, known.caches))) return [...known.caches, RECORD];
  const caches = await train(root);
  const beside = join(dist, `.${process.pid}.tmp`);
  await writeFile(beside, JSON.stringify({ made, caches }));
  await rename(beside, join(dist, RECORD));
  return [...caches, RECORD];
}

async function readRecord(dist) {
  try {
    return JSON.parse(await readFile(join(dist, RECORD), 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT' || error instanceof SyntaxError) return null;
    throw error;
  }
}

async function areThere(dist, names) {
  const found = await Promise.allSettled(names.map((name) => stat(join(dist, name))));
  return found.every(({ status }) => status === 'fulfilled');
}

/** In a process of its own: commands are run there, and what V8 has compiled by then is kept. Names of the caches. */
async function train(root) {
  const child = spawn(process.execPath, [join(root, 'scripts', 'build', 'train.js'), root], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  });
  let said = '';
  let names = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (said += text));
  child.stdio[3].setEncoding('utf8').on('data', (text) => (names += text));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`the code caches were not made (exit code ${code})\n${said}`);
  return JSON.parse(names);
}

const sha256 = (text) => createHash('sha256').update(text).digest('hex');
