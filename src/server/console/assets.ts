import { readdir, readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isAbsent } from '../../base/io/files-sync.ts';

/** One file of the console, as it was built: as it is, and packed. */
export interface Asset {
  type: string;
  /** By content encoding; the empty one is there always. */
  bodies: ReadonlyMap<string, Buffer>;
}

/** Files of the console by their names; the page itself is `index.html`. Empty: this package was built without it. */
export type Assets = ReadonlyMap<string, Asset>;

/** Where the build puts them: beside the program, or, run from its sources, where the last build put it. */
export const CONSOLE_FOLDER = import.meta.url.endsWith('.ts')
  ? new URL('../../../dist/console/', import.meta.url)
  : new URL('./console/', import.meta.url);

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const PACKED: Readonly<Record<string, string>> = { '.br': 'br', '.gz': 'gzip' };

/** All of them, in memory: a few hundred kilobytes. */
export async function readAssets(folder: URL = CONSOLE_FOLDER): Promise<Assets> {
  const names = await readdir(fileURLToPath(folder)).catch((error: unknown) => {
    if (isAbsent(error)) return [];
    throw error;
  });
  const assets = new Map<string, { type: string; bodies: Map<string, Buffer> }>();
  for (const name of names) {
    const encoding = PACKED[extname(name)] ?? '';
    const plain = encoding === '' ? name : name.slice(0, -extname(name).length);
    const type = TYPES[extname(plain)];
    if (type === undefined) continue;
    const asset = assets.get(plain) ?? { type, bodies: new Map() };
    assets.set(plain, asset);
    asset.bodies.set(encoding, await readFile(new URL(name, folder)));
  }
  return assets;
}
