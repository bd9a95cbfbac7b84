import { readdir, realpath } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isAbsent } from '../../../../base/io/files-sync.ts';
import { readIfThere } from '../../../../base/io/files.ts';
import { place } from '../../../../base/io/place.ts';
import { isFolder } from '../../pod/workdir.ts';

/** A folder of the sources that is installed as a distribution. */
export interface LocalDistribution {
  name: string;
  /** Folder of its project, relative to the sources it was built from. */
  folder: string;
  /** What it put among the packages, relative to them: modules and their data, not what describes it. */
  files: string[];
}

/** The distributions of an environment that were built out of these sources, as installers write them down. */
export async function localDistributions(environment: string, sources: string): Promise<LocalDistribution[]> {
  const found: LocalDistribution[] = [];
  const root = await realpath(sources);
  for (const packages of await packageFolders(environment)) {
    for (const info of (await readdir(packages)).filter((name) => name.endsWith('.dist-info'))) {
      const origin = await readIfThere(join(packages, info, 'direct_url.json'));
      const folder = origin === null ? null : await folderOf(origin, root);
      if (folder === null) continue;
      const record = (await readIfThere(join(packages, info, 'RECORD'))) ?? '';
      found.push({ name: info.replace(/-[^-]*\.dist-info$/, ''), folder, files: moduleFiles(record) });
    }
  }
  return found;
}

/** Where the packages of an environment are. */
export async function packageFolders(environment: string): Promise<string[]> {
  const all = await readdir(join(environment, 'lib')).catch((error: unknown) => {
    if (isAbsent(error)) return []; // whatever made it, there are no packages
    throw error;
  });
  const pythons = all.filter((name) => /^python3/.test(name));
  return pythons.map((name) => join(environment, 'lib', name, 'site-packages')).filter(isFolder);
}

/** Relative to the sources; null: it comes from elsewhere. */
async function folderOf(origin: string, sources: string): Promise<string | null> {
  const value = parseJson(origin);
  const url = value !== null && typeof value === 'object' && 'url' in value ? String(value.url) : '';
  if (!url.startsWith('file://')) return null;
  const path = relative(sources, await realpath(fileURLToPath(url)).catch(() => '/'));
  return path.startsWith('..') ? null : path;
}

/** What a package says of itself may be anything. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The module files of a RECORD. */
export function moduleFiles(record: string): string[] {
  const paths = record.split('\n').flatMap((line) => {
    const path = /^"?(.+?)"?,[^,]*,\d*\s*$/.exec(line)?.[1];
    return path === undefined ? [] : [path];
  });
  return paths.filter(
    (path) => !/^(?:\.\.|\/)|\.dist-info\/|(?:^|\/)__pycache__\/|\.py[co]$|^[^/]*\.pth$/.test(path),
  );
}

/** Kept beside the environment: whoever uses it finds the same. */
const FILE = 'editable.json';

export async function keepEditable(home: string, distributions: readonly LocalDistribution[]): Promise<void> {
  if (distributions.length > 0) await place(join(home, FILE), JSON.stringify(distributions));
}

export async function readEditable(home: string): Promise<LocalDistribution[]> {
  const text = await readIfThere(join(home, FILE));
  return text === null ? [] : parse(JSON.parse(text));
}

function parse(value: unknown): LocalDistribution[] {
  return Array.isArray(value) ? value : [];
}
