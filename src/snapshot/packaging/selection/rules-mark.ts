import { hash } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { isRacy } from '../reading/racy.ts';
import { gitIndexOf } from './git-rules.ts';
import type { TreeSelection } from './selection.ts';

/**
 * What stands for all that decides about what is taken and does not lie in the tree: rules of outer folders and of the
 * user, and what Git tracks. Equal marks, equal decisions. Null when Git's list may change without showing it.
 */
export function rulesMark({ texts, nested, repository }: TreeSelection, startedAt: number): string | null {
  const index = repository === null ? null : lstatSync(gitIndexOf(repository), { throwIfNoEntry: false });
  if (index && isRacy(index, startedAt)) return null;
  const looks = index ? [index.size, index.mtimeMs, index.ctimeMs, index.ino] : null;
  return hash('sha256', JSON.stringify([VERSION, texts, nested, repository, looks]), 'base64');
}

/** Of the rules that are always there. */
const VERSION = 3;
