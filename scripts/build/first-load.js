import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

/**
 * Bytes that a browser loads before the console shows anything, packed with gzip: scripts, with all that they import at once and the worker,
 * and styles.
 *
 * @param {string} folder of the console as it was built
 * @returns {Promise<{ scripts: number, styles: number, files: number }>}
 */
export async function firstLoad(folder) {
  const html = await readFile(join(folder, 'index.html'), 'utf8');
  const named = (pattern) => [...html.matchAll(pattern)].map(([, name]) => name);
  const scripts = new Set();
  const follow = async (name) => {
    if (scripts.has(name)) return;
    scripts.add(name);
    const text = await readFile(join(folder, name), 'utf8');
    const imported = [...text.matchAll(/(?:from|import)\s*"\.\/([^"]+)"/g)].map(([, each]) => each);
    const workers = [...text.matchAll(/\/assets\/(worker-[\w-]+\.js)/g)].map(([, each]) => each);
    await Promise.all([...imported, ...workers].map(follow));
  };
  await Promise.all(named(/src="\/assets\/([^"]+)"/g).map(follow));
  const sizeOf = async (names) => {
    const packed = await Promise.all([...names].map((name) => readFile(join(folder, `${name}.gz`))));
    return packed.reduce((sum, { length }) => sum + length, 0);
  };
  // They stand in the page itself.
  const styles = named(/<style[^>]*>([^<]*)<\/style>/g);
  return {
    scripts: await sizeOf(scripts),
    styles: gzipSync(styles.join('\n'), { level: 9 }).length,
    files: scripts.size,
  };
}
