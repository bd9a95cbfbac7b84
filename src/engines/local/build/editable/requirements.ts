import { writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { readIfThere } from '../../../../base/io/files.ts';
import { isFolder } from '../../pod/workdir.ts';

/** A line that asks for an editable installation of a folder. */
const EDITABLE = /^(\s*)(?:-e|--editable)(?:\s*=\s*|\s+)(["']?)([^\s"'#[]+)/gm;
const INCLUDED = /^\s*(?:-r|--requirement)(?:\s*=\s*|\s+)(\S+)/gm;

/**
 * Rewrites a file of requirements, and those it includes: the folder in which they are installed does not last, so
 * nothing may point into it.
 *
 * @param cwd folder of the command that reads it
 * @returns the folders that it asks to have editable, absolute
 */
export async function withoutEditable(
  path: string,
  cwd: string,
  known = new Set<string>(),
): Promise<string[]> {
  const text = known.has(path) ? null : await readIfThere(path);
  if (text === null) return [];
  known.add(path);
  const lines = readRequirements(text);
  if (lines.plain !== text) await writeFile(path, lines.plain);
  const found = lines.editable.map(
    (value) => [resolve(cwd, value), resolve(dirname(path), value)].find(isFolder) ?? resolve(cwd, value),
  );
  for (const other of lines.included)
    found.push(...(await withoutEditable(join(dirname(path), other), cwd, known)));
  return found;
}

/** What a file of requirements says of folders and of other files; `plain`: the same without `-e`. Pure. */
export function readRequirements(text: string): { plain: string; editable: string[]; included: string[] } {
  const editable = [...text.matchAll(EDITABLE)].flatMap(([, , , value = '']) =>
    /^[a-z+]+:/.test(value) ? [] : [value],
  );
  const included = [...text.matchAll(INCLUDED)].map(([, value = '']) => value);
  return { plain: text.replace(EDITABLE, '$1$2$3'), editable, included };
}
