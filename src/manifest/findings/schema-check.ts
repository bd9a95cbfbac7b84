import type { $ZodIssue } from 'zod/v4/core';
import type { OperatorName } from '../../operators/table.ts';
import type { Finding, Path } from '../diagnostic.ts';
import { fields, valueAt } from '../draft.ts';
import { flattened, issueFinding } from './issues.ts';
import type { Places } from '../places/places.ts';
import { extensionKey, repaired, repairOf, type Repair } from './repair.ts';
import { documentOfAnyOperator, DOCUMENTS, type WrittenDocument } from '../schema/document.ts';
import { documentSchema } from '../schema/walk.ts';
import { unknownKey } from './unknown-keys.ts';

export interface Checked {
  findings: Finding[];
  /** The data, with slips whose meaning is clear replaced by what was meant. */
  root: unknown;
  /** Null when something is wrong. */
  document: WrittenDocument | null;
}

/** Plain data against the schema of its operator: every issue as a finding. */
export function checkSchema(root: unknown, operator: OperatorName | null, places: Places): Checked {
  const first = parseWith(operator, root);
  if (first.issues.length === 0) return { findings: [], root, document: first.document };
  const issues = first.issues.flatMap(flattened).filter((issue) => !isOperator(issue));
  const { findings, repairs } = collect(issues, { root, operator, places });
  const mended = repaired(root, repairs);
  const document = findings.length === 0 ? parseWith(operator, mended).document : null;
  return { findings: [...findings, ...repairs.map((repair) => repair.finding)], root: mended, document };
}

/** A process reads a manifest or two: compiling the schema to JavaScript first would cost more than it saves. */
const ONE_SHOT = { jitless: true };

function parseWith(
  operator: OperatorName | null,
  root: unknown,
): { document: WrittenDocument | null; issues: $ZodIssue[] } {
  const result = operator === null ? null : DOCUMENTS[operator]().safeParse(root, ONE_SHOT);
  if (result)
    return result.success
      ? { document: result.data, issues: [] }
      : { document: null, issues: result.error.issues };
  return { document: null, issues: documentOfAnyOperator().safeParse(root, ONE_SHOT).error?.issues ?? [] };
}

const MOST_FINDINGS = 300;

interface Collected {
  findings: Finding[];
  repairs: Repair[];
  /** Keys that a misspelt or misplaced one stands for: they are not missing. */
  meantKeys: Set<string>;
}

interface Context {
  root: unknown;
  operator: OperatorName | null;
  places: Places;
}

/** Every issue in turn; after the first few hundred, which no person would read, only that there are more. */
function collect(issues: readonly $ZodIssue[], context: Context): Collected {
  const collected: Collected = { findings: [], repairs: [], meantKeys: new Set() };
  for (const mistake of mistakesOf(issues)) {
    if (collected.findings.length === MOST_FINDINGS) {
      const message = `there are more than ${MOST_FINDINGS} mistakes`;
      collected.findings.push({
        code: 'more-mistakes',
        path: mistake.path,
        at: 'key',
        message,
        hint: 'correct those above first',
      });
      break;
    }
    if (mistake.key === null) collectIssue(mistake.issue, mistake.path, context, collected);
    else collectUnknownKey(mistake.key, mistake.path, context, collected);
  }
  const { meantKeys } = collected;
  const needed = (finding: Finding) =>
    finding.code !== 'missing-key' || !meantKeys.has(JSON.stringify(finding.path));
  return { ...collected, findings: collected.findings.filter(needed) };
}

interface Mistake {
  issue: $ZodIssue;
  path: Path;
  /** An unknown key in the map at the path. */
  key: string | null;
}

function* mistakesOf(issues: readonly $ZodIssue[]): Generator<Mistake> {
  for (const issue of issues) {
    const path = pathOf(issue);
    if (issue.code !== 'unrecognized_keys') yield { issue, path, key: null };
    else for (const key of issue.keys) yield { issue, path, key };
  }
}

function collectIssue(issue: $ZodIssue, path: Path, { root, places }: Context, into: Collected): void {
  const source = places.source(path);
  const repair = repairOf(issue, path, root, source);
  if (repair) into.repairs.push(repair);
  else into.findings.push(issueFinding(issue, path, { value: valueAt(root, path), source }));
}

function collectUnknownKey(key: string, place: Path, { root, operator }: Context, into: Collected): void {
  const extension = extensionKey(key, place);
  if (extension) {
    into.repairs.push(extension);
    return;
  }
  const siblings = fields(valueAt(root, place));
  const { finding, meant } = unknownKey({ key, place, siblings, schema: documentSchema(operator), operator });
  into.findings.push(finding);
  if (meant !== null) into.meantKeys.add(JSON.stringify(meant));
}

/** `chooseOperator` has judged that one already. */
function isOperator(issue: $ZodIssue): boolean {
  return issue.path.length === 2 && issue.path[0] === 'spec' && issue.path[1] === 'operator';
}

function pathOf(issue: $ZodIssue): Path {
  return issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
}
