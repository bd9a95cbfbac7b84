import { AichorError } from '../errors.ts';
import { assertPointName } from './point.ts';

/** One name and the values it takes. */
export interface Axis {
  name: string;
  values: string[];
}

/**
 * `NAME=A,B,C`. A value that holds a comma stands in quotes or brackets: `LAYERS=[64,64],[128]`, `MODE="a,b",c`; quotes
 * around a variable's value are no part of it. Throws AichorError `usage`.
 */
export function parseAxis(text: string, flag: string): Axis {
  const at = text.indexOf('=');
  if (at < 1)
    throw new AichorError('usage', `${flag} ${JSON.stringify(text)} is not NAME=VALUE,VALUE`, {
      hint: `for example ${flag} ${flag === '--set' ? 'spec.types.worker.count=1,2,4' : 'LR=0.1,0.01'}`,
    });
  const name = text.slice(0, at);
  assertPointName(name, flag);
  const values = splitValues(text.slice(at + 1), `${flag} ${name}`);
  // Beside others an empty value is one to try; alone it is a variable of the shell that was not set.
  if (at === text.length - 1)
    throw new AichorError('usage', `${flag} ${name} has no value`, {
      hint: `for example ${flag} ${name}=0.1,0.01; if the empty value is meant, write ${flag} '${name}=""'`,
    });
  return { name, values: [...new Set(values)] };
}

const PAIRS: Readonly<Record<string, string>> = { '[': ']', '{': '}', '(': ')' };

/** Values between commas that stand outside quotes and brackets. Throws AichorError `usage`. */
export function splitValues(text: string, where: string): string[] {
  const values: string[] = [];
  const open: string[] = [];
  let quote: string | null = null;
  let value = '';
  for (const character of text) {
    if (quote !== null) quote = character === quote ? null : quote;
    else if ((character === '"' || character === "'") && (value === '' || open.length > 0)) quote = character;
    else if (PAIRS[character] !== undefined) open.push(PAIRS[character]);
    else if (character === open.at(-1)) open.pop();
    else if (character === ',' && open.length === 0) {
      values.push(unquoted(value));
      value = '';
      continue;
    }
    value += character;
  }
  if (quote !== null || open.length > 0)
    throw new AichorError('usage', `${where}: ${quote ?? open.at(-1)} is missing at the end`, {
      hint: 'close what was opened; a value with a comma stands in quotes or brackets',
    });
  return [...values, unquoted(value)];
}

function unquoted(value: string): string {
  const [first] = value;
  const isQuoted = value.length > 1 && (first === '"' || first === "'") && value.endsWith(first);
  return isQuoted && !value.slice(1, -1).includes(first) ? value.slice(1, -1) : value;
}
