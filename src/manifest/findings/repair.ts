import type { $ZodIssue } from 'zod/v4/core';
import type { Finding, Path } from '../diagnostic.ts';
import { isFields, valueAt } from '../draft.ts';
import { described } from '../describe.ts';

/** A value that is not what the schema wants, but whose meaning is beyond doubt: read as meant, with a warning. */
export interface Repair {
  finding: Finding;
  path: Path;
  /** Undefined: the key is taken out. */
  value: unknown;
}

/** What YAML 1.1, which most Python programs read, takes for booleans. */
const BOOLEAN_WORDS: Readonly<Record<string, boolean>> = {
  yes: true,
  Yes: true,
  YES: true,
  on: true,
  On: true,
  ON: true,
  no: false,
  No: false,
  NO: false,
  off: false,
  Off: false,
  OFF: false,
};

/** Maps and keys whose numbers and booleans can only be meant as the text that stands there. */
const TEXT_MAPS = new Set(['env', 'buildArgs', 'rayStartParams', 'extraSelectors']);
const TEXT_KEYS = new Set(['rayVersion', 'value']);

/** The repair for an issue of the schema, or null when it is a plain mistake. */
export function repairOf(issue: $ZodIssue, path: Path, root: unknown, source: string | null): Repair | null {
  const value = valueAt(root, path);
  const text = wants(issue, 'string');
  if (!text && wants(issue, 'boolean')) return booleanWord(path, value);
  if (text && isTextPlace(path) && source !== null) return unquotedText(path, value, source);
  return null;
}

function wants(issue: $ZodIssue, type: 'string' | 'boolean'): boolean {
  if (issue.code === 'invalid_type') return issue.expected === type;
  return (
    issue.code === 'invalid_union' &&
    issue.errors.some((form) => form.some((each) => each.path.length === 0 && wants(each, type)))
  );
}

/** Top-level keys such as `x-gpu: &gpu …`, a common place for parts that are used several times. */
export function extensionKey(key: string, path: Path): Repair | null {
  if (path.length > 0 || !/^x-./.test(key)) return null;
  const message = `"${key}" is not a key of a manifest; it is left alone`;
  return {
    path: [key],
    value: undefined,
    finding: {
      code: 'extension-key',
      path: [key],
      at: 'key',
      message,
      hint: 'put the anchor where the part is used first',
    },
  };
}

function booleanWord(path: Path, value: unknown): Repair | null {
  if (typeof value !== 'string' || !Object.hasOwn(BOOLEAN_WORDS, value)) return null;
  const meant = BOOLEAN_WORDS[value] ?? false;
  const message = `"${value}" is a boolean in YAML 1.1 only; it is read as ${meant}`;
  return {
    path,
    value: meant,
    finding: { code: 'yaml-boolean', path, at: 'value', message, hint: `write ${meant}` },
  };
}

function unquotedText(path: Path, value: unknown, source: string): Repair | null {
  if (typeof value !== 'number' && typeof value !== 'boolean') return null;
  const message = `a text is wanted here, not ${described(value)}; it is read as "${source}"`;
  return {
    path,
    value: source,
    finding: { code: 'unquoted-text', path, at: 'value', message, hint: `quote it: "${source}"` },
  };
}

function isTextPlace(path: Path): boolean {
  const [above, last] = [path.at(-2), path.at(-1)];
  return (
    (typeof above === 'string' && TEXT_MAPS.has(above)) || (typeof last === 'string' && TEXT_KEYS.has(last))
  );
}

/** Repairs by the first part of their paths, so that one walk applies all of them. */
interface Branch {
  repair: Repair | null;
  below: Map<string | number, Branch>;
}

/** Copies what lies on the way, so that a part which aliases share is changed in this place only. */
export function repaired(root: unknown, repairs: readonly Repair[]): unknown {
  const tree: Branch = { repair: null, below: new Map() };
  for (const repair of repairs) {
    let branch = tree;
    for (const part of repair.path) {
      const next = branch.below.get(part) ?? { repair: null, below: new Map() };
      branch.below.set(part, next);
      branch = next;
    }
    branch.repair = repair;
  }
  return mended(root, tree);
}

function mended(node: unknown, branch: Branch | undefined): unknown {
  if (!branch) return node;
  if (branch.repair) return branch.repair.value;
  if (Array.isArray(node)) return node.map((item: unknown, index) => mended(item, branch.below.get(index)));
  if (!isFields(node)) return node;
  const entries = Object.entries(node).map(
    ([key, value]) => [key, mended(value, branch.below.get(key))] as const,
  );
  return Object.fromEntries(entries.filter(([key, value]) => value !== undefined || !branch.below.has(key)));
}
