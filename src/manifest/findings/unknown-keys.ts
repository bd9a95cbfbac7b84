import type { z } from 'zod';
import { typesForm, type OperatorName } from '../../operators/table.ts';
import { oneOf, placeName, quoted } from '../describe.ts';
import { dotted, type Finding, type Path } from '../diagnostic.ts';
import { didYouMean, editDistance } from '../../base/text/did-you-mean.ts';
import type { Fields } from '../draft.ts';
import { homesOf, keysAt, operatorsWith } from '../schema/walk.ts';

interface Unknown {
  key: string;
  /** The map it stands in: its path, and what else is there. */
  place: Path;
  siblings: Fields;
  schema: z.ZodType;
  operator: OperatorName | null;
}

/**
 * A key that does not exist where it stands: a slip of the pen, another system's word, a known key in the wrong
 * place, or none of these. With the place that was probably meant, which then need not be reported as missing.
 */
export function unknownKey(unknown: Unknown): { finding: Finding; meant: Path | null } {
  const { key, place, schema } = unknown;
  const here = { path: [...place, key], at: 'key' } as const;
  const message = `there is no key ${quoted(key)} in ${placeName(dotted(place))}`;
  const known = keysAt(schema, place) ?? [];
  const near = didYouMean(key, known);
  const slip = near !== null && editDistance(key.toLowerCase(), near.toLowerCase()) <= 1 ? near : null;
  const word = otherWord(key, known) ?? slip;
  const asked = (meant: string) => ({
    finding: { ...here, code: 'unknown-key' as const, message, hint: `did you mean "${meant}"?` },
    meant: [...place, meant],
  });
  if (word !== null) return asked(word);
  const home = homeOf(unknown);
  if (home !== null) return { finding: misplaced(unknown, home), meant: [...home, key] };
  return near === null ? { finding: foreign(unknown, message, known), meant: null } : asked(near);
}

/** What other systems call a key, by its place here. */
const OTHER_WORDS: Readonly<Record<string, string>> = {
  gpus: 'accelerators.gpu.count',
  ram: 'memory',
  replicas: 'count',
  parallelism: 'parallelisms',
  shm: 'shmSizeGB',
  nodeSelector: 'extraSelectors',
  tolerations: 'extraTolerations',
  environment: 'env',
  entrypoint: 'command',
  script: 'command',
  volumes: 'storage',
  engine: 'engineName',
  retries: 'restartPolicy.backoffLimit',
};

function otherWord(key: string, known: readonly string[]): string | null {
  const word = Object.hasOwn(OTHER_WORDS, key) ? OTHER_WORDS[key] : undefined;
  return word !== undefined && known.includes(word.split('.', 1)[0] ?? '') ? word : null;
}

/** Words that are keys of so many maps that a place cannot be told from them. */
const COMMON_WORDS = new Set(['count', 'enabled', 'name', 'path', 'type']);

/** The map in which the key would be right: the last entry of a list beside it (the indentation slipped), or any. */
function homeOf({ key, place, siblings, schema }: Unknown): Path | null {
  for (const name of keysAt(schema, place) ?? []) {
    const list = siblings[name];
    if (!Array.isArray(list) || list.length === 0) continue;
    const entry = [...place, name, list.length - 1];
    if (keysAt(schema, entry)?.includes(key)) return entry;
  }
  return COMMON_WORDS.has(key) ? null : (homesOf(schema, key, place)[0] ?? null);
}

function misplaced({ key, place }: Unknown, home: Path): Finding {
  const message = `"${key}" is in the wrong place`;
  return { path: [...place, key], at: 'key', code: 'misplaced-key', message, hint: homeHint(place, home) };
}

function homeHint(place: Path, home: Path): string {
  const list = home.at(-2);
  if (typeof home.at(-1) === 'number' && home.length === place.length + 2)
    return `indent it like the other keys of its entry of "${String(list)}"`;
  if (home.length === 0) return 'it belongs to the top level';
  const below = home.length > place.length && place.every((part, index) => part === home[index]);
  return `it belongs under ${below ? `"${home.slice(place.length).join('.')}"` : placeName(dotted(home))}`;
}

function foreign({ key, place, operator }: Unknown, message: string, known: readonly string[]): Finding {
  const here = { path: [...place, key], at: 'key' } as const;
  // The types of a Ray cluster are unlike those of other operators.
  const comparable = typesForm(operator) !== 'ray' || place[1] !== 'types';
  const others = comparable ? operatorsWith(key, place).filter((name) => name !== operator) : [];
  if (operator !== null && others.length > 0) {
    const hint = `only ${oneOf(others)} ${others.length === 1 ? 'has' : 'have'} it`;
    return { ...here, code: 'operator-mismatch', message: `the operator ${operator} has no "${key}"`, hint };
  }
  const hint = known.length > 0 ? `the keys here are ${known.slice(0, 12).join(', ')}` : 'remove it';
  return { ...here, code: 'unknown-key', message, hint };
}
