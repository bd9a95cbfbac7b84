import type { $ZodIssue } from 'zod/v4/core';
import { described, oneOf, quoted } from './describe.ts';
import { didYouMean } from './did-you-mean.ts';
import type { Finding, Path } from './diagnostic.ts';

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
  const wanted = KINDS[expected] ?? expected;
  return {
    code: 'wrong-type',
    message: `"${key}" must be ${wanted}, found ${described(value, source)}`,
    hint: typeHint(expected, value, key),
  };
}

function typeHint(expected: string, value: unknown, key: string): string {
  const isNumber = expected === 'number' || expected === 'int';
  if (isNumber && typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value)))
    return `write ${Number(value)} without quotes`;
  if (isNumber && typeof value === 'string' && /\d/.test(value))
    return 'write the number alone, without a unit';
  if (expected === 'int' && typeof value === 'number')
    return Number.isFinite(value)
      ? `write ${Math.max(1, Math.round(value))}, for example`
      : 'this is too large to be a number; quote an id';
  if (expected === 'string' && (typeof value === 'number' || typeof value === 'boolean'))
    return 'put quotes around it';
  if (expected === 'string' && Array.isArray(value)) return 'write it as one line of text';
  if (expected === 'array')
    return typeof value === 'string'
      ? `write a list: ${key}: [${quoted(value)}]`
      : 'start each entry with "- "';
  if (expected === 'boolean') return 'write true or false, without quotes';
  if (expected === 'object' || expected === 'record')
    return `write its keys below "${key}:", indented by two spaces`;
  return `write ${KINDS[expected] ?? expected}`;
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
      hint: same ? `quote it: "${String(value)}"` : `write ${all}`,
    };
  }
  const meant = didYouMean(value, choices);
  const hint = meant === null ? `write ${all}` : `did you mean "${meant}"?`;
  return { code: 'invalid-value', message: `"${key}" must be ${all}, found ${quoted(value)}`, hint };
}
