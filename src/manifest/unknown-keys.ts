import type { z } from 'zod';
import type { OperatorName } from '../operators/name.ts';
import { oneOf, placeName, quoted } from './describe.ts';
import { dotted, type Finding, type Path } from './diagnostic.ts';
import { didYouMean, editDistance } from './did-you-mean.ts';
import { homesOf, keysAt, operatorsWith } from './schema/walk.ts';

/**
 * A key that does not exist where it stands: a slip of the pen, a known key in the wrong place, or neither. With
 * the key that was probably meant, which then need not be reported as missing as well.
 */
export function unknownKey(
  key: string,
  place: Path,
  schema: z.ZodType,
  operator: OperatorName | null,
): { finding: Finding; meant: string | null } {
  const meant = didYouMean(key, keysAt(schema, place) ?? []);
  return { finding: explained({ key, place, schema, operator, meant }), meant };
}

/** Words that are keys of so many maps that a place cannot be told from them. */
const COMMON_WORDS = new Set(['count', 'enabled', 'name', 'path', 'type']);

interface Unknown {
  key: string;
  place: Path;
  schema: z.ZodType;
  operator: OperatorName | null;
  meant: string | null;
}

function explained({ key, place, schema, operator, meant }: Unknown): Finding {
  const here = { path: [...place, key], at: 'key' } as const;
  const known = keysAt(schema, place) ?? [];
  const slip = meant !== null && editDistance(key.toLowerCase(), meant.toLowerCase()) <= 1;
  const message = `there is no key ${quoted(key)} in ${placeName(dotted(place))}`;
  if (slip) return { ...here, code: 'unknown-key', message, hint: `did you mean "${meant}"?` };
  const home = COMMON_WORDS.has(key) ? undefined : homesOf(schema, key, place)[0];
  if (home) {
    const name = home.at(-1);
    const below = home.length > place.length && place.every((part, index) => part === home[index]);
    const where = below ? `"${home.slice(place.length).join('.')}"` : placeName(dotted(home));
    const hint = name === undefined ? 'it belongs to the top level' : `it belongs under ${where}`;
    return { ...here, code: 'misplaced-key', message: `"${key}" is in the wrong place`, hint };
  }
  if (meant !== null) return { ...here, code: 'unknown-key', message, hint: `did you mean "${meant}"?` };
  // the types of a Ray cluster are unlike those of other operators
  const comparable = operator !== 'kuberay' || place[1] !== 'types';
  const others = comparable ? operatorsWith(key, place).filter((name) => name !== operator) : [];
  if (operator !== null && others.length > 0) {
    return {
      ...here,
      code: 'operator-mismatch',
      message: `the operator ${operator} has no "${key}"`,
      hint: `only ${oneOf(others)} ${others.length === 1 ? 'has' : 'have'} it`,
    };
  }
  return {
    ...here,
    code: 'unknown-key',
    message,
    hint: known.length > 0 ? `the keys here are ${known.slice(0, 12).join(', ')}` : 'remove it',
  };
}
