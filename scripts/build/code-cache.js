import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What most commands load; the others would make the package larger for little. */
const CACHED = /^(?:cli|lib-(?:yaml|zod)-[\d.]+)\.cjs$/;

/** The text with its own hash as its last line, by which `bin/bundles.js` tells whether a cache belongs to it. */
export function signed(contents) {
  const hash = createHash('sha256').update(contents).digest('hex');
  return Buffer.concat([Buffer.from(contents), Buffer.from(`\n// ${hash}\n`)]);
}

/**
 * Names of the code caches in `dist/`, written anew by `train.js` where one is missing or was made of another
 * text or by another Node.
 *
 * @param {string} root the package's folder
 * @param {string} dist
 * @param {readonly string[]} names of the files in `dist/`
 * @returns {Promise<string[]>}
 */
export async function codeCaches(root, dist, names) {
  const cached = names.filter((name) => CACHED.test(name));
  const fresh = await Promise.all(cached.map((name) => isFresh(join(dist, name))));
  if (fresh.includes(false))
    await train(
      root,
      cached.map((name) => join(dist, name)),
    );
  return cached.map((name) => `${name}.cache`);
}

async function isFresh(path) {
  const runtime = `${process.version} ${process.platform} ${process.arch}`;
  try {
    const [text, cache] = await Promise.all([readFile(path, 'latin1'), readFile(`${path}.cache`)]);
    const end = cache.indexOf(10);
    const length = cache.length - end - 1;
    return cache.toString('latin1', 0, end) === `${text.slice(-65, -1)} ${runtime} ${length}`;
  } catch (error) {
    if (error.code === 'ENOENT') return false;
    throw error;
  }
}

/** In a process of its own: commands are run there, and what V8 has compiled by then is kept. */
async function train(root, paths) {
  const child = spawn(process.execPath, [join(root, 'scripts', 'build', 'train.js'), root, ...paths], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (said += text));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`the code caches were not made (exit code ${code})\n${said}`);
}
