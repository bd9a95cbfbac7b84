import type { Stats } from 'node:fs';
import { readFile, utimes, stat, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { ifThere } from '../../../../base/io/files.ts';

/** A path of the image in a file of requirements: `file:///app/lib`, or a line that begins with one. */
const ADDRESS = /\bfile:\/\/(?=\/)/g;
const LINE = /^(\s*(?:-e\s+|--editable[ =])?)(\/)/gm;
const INCLUDED = /^\s*(?:-r|-c|--requirement|--constraint)(?:\s*=\s*|\s+)(\S+)/gm;

/**
 * Does something while files of requirements, and those they include, name paths of the image as they are on this
 * machine; afterwards they are as they were.
 */
export async function withPathsOf<T>(
  { files, root }: { files: readonly string[]; root: string },
  work: () => Promise<T>,
): Promise<T> {
  const before = new Map<string, { text: string; times: Stats }>();
  for (const file of files) await translate(file, { root, before });
  try {
    return await work();
  } finally {
    for (const [path, { text, times }] of before) {
      await writeFile(path, text);
      await utimes(path, times.atimeMs / 1000, times.mtimeMs / 1000);
    }
  }
}

async function translate(
  path: string,
  { root, before }: { root: string; before: Map<string, { text: string; times: Stats }> },
): Promise<void> {
  const text = before.has(path) ? null : await ifThere(readFile(path, 'utf8'));
  if (text === null) return;
  before.set(path, { text, times: await stat(path) });
  const translated = text.replace(ADDRESS, `file://${root}`).replace(LINE, `$1${root}$2`);
  if (translated !== text) await writeFile(path, translated);
  for (const [, other = ''] of text.matchAll(INCLUDED))
    await translate(other.startsWith('/') ? root + other : resolve(dirname(path), other), { root, before });
}
