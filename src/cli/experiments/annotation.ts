import { AichorError } from '../../errors.ts';

/** The words of `experiments label`: which experiments, and what becomes of their labels (null: it goes). */
export interface LabelWords {
  ids: string[];
  changes: Record<string, string | null>;
}

/** `9b2f41 kept=yes sweep-` → ids and changes, as `kubectl label` reads them. Throws AichorError `usage` without a change. */
export function readLabelWords(words: readonly string[]): LabelWords {
  const ids: string[] = [];
  const changes: [string, string | null][] = [];
  for (const word of words) {
    const at = word.indexOf('=');
    if (at > 0) changes.push([word.slice(0, at), word.slice(at + 1)]);
    else if (at === -1 && word.length > 1 && word.endsWith('-')) changes.push([word.slice(0, -1), null]);
    else ids.push(word);
  }
  if (changes.length > 0) return { ids, changes: Object.fromEntries(changes) };
  throw new AichorError('usage', 'no label was given', {
    hint: 'KEY=VALUE sets one, KEY- removes one: aichor experiments label latest kept=yes sweep-',
  });
}
