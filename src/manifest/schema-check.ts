import type { $ZodIssue } from 'zod/v4/core';
import type { OperatorName } from '../operators/name.ts';
import type { Finding, Path } from './diagnostic.ts';
import { flattened, issueFinding } from './issues.ts';
import type { Places } from './places.ts';
import { extensionKey, repaired, repairOf, type Repair } from './repair.ts';
import { documentOfAnyOperator, DOCUMENTS, type WrittenDocument } from './schema/document.ts';
import { unknownKey } from './unknown-keys.ts';

export interface Checked {
  findings: Finding[];
  /** The data with what could be read as meant. */
  root: unknown;
  /** Null when something is wrong. */
  document: WrittenDocument | null;
}

/** Plain data against the schema of its operator: every issue as a finding, slips beyond doubt repaired. */
export function checkSchema(root: unknown, operator: OperatorName | null, places: Places): Checked {
  const schema = operator === null ? null : DOCUMENTS[operator]();
  const parse = (value: unknown) => (schema ?? documentOfAnyOperator()).safeParse(value);
  const first = parse(root);
  if (first.success) return { findings: [], root, document: known(first.data) };
  const collected = collect(first.error.issues.flatMap(flattened), { root, operator, places });
  const mended = repaired(root, collected.repairs);
  const again = collected.findings.length === 0 ? parse(mended) : null;
  return {
    findings: [...collected.findings, ...collected.repairs.map((repair) => repair.finding)],
    root: mended,
    document: again?.success === true ? known(again.data) : null,
  };
}
