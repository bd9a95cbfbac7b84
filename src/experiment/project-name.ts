import { fnv1a } from '../base/text/hash.ts';

/** The project of an experiment when none is named. */
export const DEFAULT_PROJECT = 'default';

/** Characters that no name has: control characters, line breaks, halves of characters. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u;
const LONGEST = 100;

/** What is wrong with the name of a project or an engine, as the end of a sentence; null: nothing. It may be any text of one line. */
export function nameMistake(name: string): string | null {
  if (name === '') return 'is empty';
  if (name.trim() !== name) return 'begins or ends with a blank';
  if (name.length > LONGEST) return `is longer than ${LONGEST} characters`;
  return UNPRINTABLE.test(name) ? 'has characters that cannot be printed' : null;
}

const ALREADY_A_FOLDER = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/;
const LONGEST_SLUG = 40;

/**
 * The folder of a project, in paths that pods see: its name where that needs no quoting, else what is left of it
 * without the rest, and eight digits that tell two such names apart (`Protein folding` → `Protein-folding-1f0c…`).
 */
export function projectFolder(name: string): string {
  if (ALREADY_A_FOLDER.test(name)) return name;
  const slug = name
    .normalize('NFKD')
    .replace(/\p{Mn}/gu, '')
    .replace(/[^A-Za-z0-9]+/g, '-')
    .slice(0, LONGEST_SLUG)
    .replace(/^-|-$/g, '');
  return `${slug === '' ? 'project' : slug}-${digits(name)}`;
}

/** FNV-1a: the same on every machine, and enough to tell one person's projects apart. */
function digits(text: string): string {
  return fnv1a(new TextEncoder().encode(text)).toString(16).padStart(8, '0');
}
