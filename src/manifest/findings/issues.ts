import type { $ZodIssue } from 'zod/v4/core';
import { amountHint } from './amount-hint.ts';
import { described, oneOf, quoted } from '../describe.ts';
import { didYouMean } from '../../base/text/did-you-mean.ts';
import type { Finding, Path } from '../diagnostic.ts';

/** What stands at an issue's place: the value, and its text when it is a scalar. */
interface Found {
  value: unknown;
  source: string | null;
}

/** One mistake the schema found, in the manifest's words. Unknown keys are in `unknown-keys.ts`. */
export function issueFinding(issue: $ZodIssue, path: Path, { value, source }: Found): Finding {
  const key = String(path.at(-1) ?? '');
  const at = { path, at: 'value' } as const;
  if (value === undefined) return missing(path);
  if (value === null) {
    const hint = isListed(path) ? 'write "" for an empty text, or remove the line' : null;
    return {
      ...at,
      at: 'key',
      code: 'missing-key',
      message: `"${key}" has no value`,
      hint: hint ?? 'give it a value, or remove the line if it is not needed',
    };
  }
  switch (issue.code) {
    case 'invalid_type':
      return { ...at, ...typeMistake(issue.expected, { value, source }, key) };
    case 'too_small':
    case 'too_big':
      return { ...at, ...boundMistake(issue, value, key) };
    case 'invalid_value':
      return { ...at, ...choiceMistake(issue.values.map(String), { value, source }, key) };
    case 'invalid_format':
      return {
        ...at,
        code: 'invalid-value',
        message: `"${key}" ${issue.message}`,
        hint: `found ${described(value)}`,
      };
    default:
      return {
        ...at,
        code: 'invalid-value',
        message: `"${key}" cannot be ${described(value)}`,
        hint: 'see "aichor manifest schema"',
      };
  }
}

/** Of a value with several forms: the mistakes of the form that was meant. */
export function flattened(issue: $ZodIssue): $ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const forms = issue.errors.filter(
    (form) => !form.some((each) => each.path.length === 0 && each.code === 'invalid_type'),
  );
  const meant = forms[0];
  if (!meant) return [issue];
  return meant.flatMap((each) => flattened({ ...each, path: [...issue.path, ...each.path] }));
}

function missing(path: Path): Finding {
  const key = String(path.at(-1) ?? '');
  const parent = path.slice(0, -1);
  const place = parent.at(-1) ?? 'the manifest';
  const where = typeof place === 'number' ? `this entry of ${String(parent.at(-2) ?? 'the list')}` : place;
  return {
    code: 'missing-key',
    path,
    at: 'value',
    message: `"${key}" is missing in ${where}`,
    hint: `add "${key}:" there`,
  };
}

/** Entries of maps with free keys: there an empty text is a value. */
function isListed(path: Path): boolean {
  const above = path.at(-2);
  return above === 'env' || above === 'buildArgs' || above === 'rayStartParams';
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a map',
  record: 'a map',
  array: 'a list',
};

type Words = Pick<Finding, 'code' | 'message' | 'hint'>;

function typeMistake(expected: string, { value, source }: Found, key: string): Words {
  const infinite = typeof value === 'number' && !Number.isFinite(value);
  const wanted = infinite ? 'a finite number' : (KINDS[expected] ?? expected);
  return {
    code: 'wrong-type',
    message: `"${key}" must be ${wanted}, found ${described(value, source)}`,
    hint: typeHint(expected, value, key),
  };
}

function typeHint(expected: string, value: unknown, key: string): string {
  switch (expected) {
    case 'number':
    case 'int':
      return typeof value === 'string' ? amountHint(value, key) : wholeNumberHint(expected, value);
    case 'string':
      return textHint(value, key);
    case 'array':
      return typeof value === 'string'
        ? `write a list: ${key}: [${quoted(value)}]`
        : 'start each entry with "- "';
    case 'boolean':
      return 'write true or false, without quotes';
    case 'record':
      if (Array.isArray(value)) return `write "NAME: value" lines below "${key}:", without "- "`;
      return `write its keys below "${key}:", indented by two spaces`;
    case 'object':
      return `write its keys below "${key}:", indented by two spaces`;
    default:
      return `write ${KINDS[expected] ?? expected}`;
  }
}

function wholeNumberHint(expected: string, value: unknown): string {
  if (typeof value !== 'number') return 'write a number';
  if (!Number.isFinite(value)) return 'write a finite number';
  return expected === 'int' ? `write ${Math.max(1, Math.round(value))}, for example` : 'write a number';
}

function textHint(value: unknown, key: string): string {
  if (key === 'timeout' && typeof value === 'number') return `say the unit: "${value}s", for example`;
  if (typeof value === 'number' || typeof value === 'boolean') return 'put quotes around it';
  if (Array.isArray(value)) return 'write it as one line of text';
  return 'write a text';
}

function boundMistake(
  issue: Extract<$ZodIssue, { code: 'too_small' | 'too_big' }>,
  value: unknown,
  key: string,
): Words {
  const small = issue.code === 'too_small';
  const limit = Number(small ? issue.minimum : issue.maximum);
  if (issue.origin === 'array' || issue.origin === 'string') {
    return {
      code: 'out-of-range',
      message: `"${key}" must not be empty`,
      hint: 'give it at least one entry, or remove it',
    };
  }
  const relation =
    issue.inclusive === false ? (small ? 'greater than' : 'less than') : small ? 'at least' : 'at most';
  return {
    code: 'out-of-range',
    message: `"${key}" must be ${relation} ${limit}, found ${String(value)}`,
    hint: `write a number that is ${relation} ${limit}`,
  };
}

function choiceMistake(choices: readonly string[], { value, source }: Found, key: string): Words {
  const all = oneOf(choices.map((choice) => `"${choice}"`));
  if (typeof value !== 'string') {
    const same = choices.includes(String(value));
    return {
      code: 'wrong-type',
      message: `"${key}" must be ${all}, found ${described(value, source)}`,
      hint: same ? `quote it: "${String(value)}"` : choiceHint(value, key, all),
    };
  }
  const meant = didYouMean(value, choices);
  const hint = meant === null ? `write ${all}` : `did you mean "${meant}"?`;
  return { code: 'invalid-value', message: `"${key}" must be ${all}, found ${quoted(value)}`, hint };
}

/** `apiVersion: 0.2` is a number for YAML: a version needs two dots, or quotes. */
function choiceHint(value: unknown, key: string, all: string): string {
  if (key === 'apiVersion' && typeof value === 'number') return 'write "0.2.3": all three parts, in quotes';
  return `write ${all}`;
}
