import { severityOf, type DiagnosticCode } from './codes.ts';
import { decodeManifest } from './yaml/decode.ts';
import type { Diagnostic, Finding } from './diagnostic.ts';
import { isFields, valueAt } from './draft.ts';
import { ignoredLines } from './ignore.ts';
import type { Manifest } from './manifest.ts';
import { normalise } from './normal-form/normalise.ts';
import { chooseOperator } from './findings/operator.ts';
import { placed } from './places/placed.ts';
import { createPlaces, type Places } from './places/places.ts';
import { RULES } from './rules/index.ts';
import { checkSchema } from './findings/schema-check.ts';
import { readDocument, type ManifestDocument } from './yaml/document.ts';

interface ParseOptions {
  /** Refuse deprecated forms too. */
  strict?: boolean;
  /** Codes of warnings that are left out everywhere. */
  ignore?: ReadonlySet<DiagnosticCode>;
}

export interface ParsedManifest {
  /** Null if and only if a diagnostic is an error. */
  manifest: Manifest | null;
  /** `spec.operator` as it is written; null when it is no text. */
  operator: string | null;
  /** In the order of the text. */
  diagnostics: Diagnostic[];
  /** Where things stand in the text, for findings that come later; null when it could not be read. */
  places: Places | null;
}

/**
 * A manifest's bytes (or text) → the manifest, and every mistake at once. `file` is what diagnostics call it.
 * Takes text that is not from a friend: bounded in time and memory whatever it holds.
 */
export function parseManifest(
  source: Uint8Array | string,
  file: string,
  options: ParseOptions = {},
): ParsedManifest {
  const decoded = decodeManifest(source);
  if (!('text' in decoded)) {
    const place = { line: 1, column: 1, end_line: 1, end_column: 1 };
    return {
      manifest: null,
      operator: null,
      diagnostics: [{ severity: 'error', path: '', file, ...place, ...decoded }],
      places: null,
    };
  }
  const document = readDocument(decoded.text);
  const places = createPlaces(document);
  const { findings, manifest } = readContent(document, places);
  const diagnostics = toDiagnostics(findings, { document, places, file, options });
  const valid = !diagnostics.some((diagnostic) => diagnostic.severity === 'error');
  const operator = valueAt(document.value, ['spec', 'operator']);
  return {
    manifest: valid ? manifest : null,
    operator: typeof operator === 'string' ? operator : null,
    diagnostics,
    places,
  };
}

function readContent(
  document: ManifestDocument,
  places: Places,
): { findings: Finding[]; manifest: Manifest | null } {
  const { findings, value } = document;
  if (!document.readable) return { findings, manifest: null };
  if (!isFields(value)) return { findings: [...findings, notAMap(value)], manifest: null };
  const choice = chooseOperator(value);
  findings.push(...choice.findings);
  if (choice.removed !== null)
    return { findings: [...findings, ...frameFindings(value, places)], manifest: null };
  const checked = checkSchema(value, choice.operator, places);
  const draft = { root: checked.root, operator: choice.operator };
  findings.push(...checked.findings, ...RULES.flatMap((rule) => rule(draft)));
  const broken = findings.some((finding) => severityOf(finding.code, false) === 'error');
  return { findings, manifest: broken || !checked.document ? null : normalise(checked.document) };
}

/** Of a manifest for an operator that is gone: what is wrong with the parts that every manifest has. */
function frameFindings(root: unknown, places: Places): Finding[] {
  const frame = new Set(['kind', 'apiVersion']);
  return checkSchema(root, null, places).findings.filter(
    ({ path }) => path.length === 1 && frame.has(String(path[0])),
  );
}

function notAMap(value: unknown): Finding {
  const at = { path: [], at: 'value' } as const;
  const hint = '"aichor manifest init" writes a manifest to start from';
  if (value === null || value === undefined)
    return { ...at, code: 'empty-document', message: 'the manifest is empty', hint };
  return {
    ...at,
    code: 'wrong-type',
    message: 'a manifest is a map of keys: kind, apiVersion, builder, spec',
    hint,
  };
}

/** What is said about a value; where YAML could not make out the value, this is only its echo. */
const VALUE_CODES: ReadonlySet<DiagnosticCode> = new Set(['wrong-type', 'invalid-value', 'missing-key']);

interface Rendering {
  document: ManifestDocument;
  places: Places;
  file: string;
  options: ParseOptions;
}

/** Findings with a file, a place and a severity, in the order of the text; each once; less what is to be ignored. */
function toDiagnostics(
  findings: readonly Finding[],
  { document, places, file, options }: Rendering,
): Diagnostic[] {
  const ignored = ignoredLines(document.text);
  const seen = new Set<string>();
  const unreadable = new Set(
    findings
      .filter(({ code }) => code === 'yaml-syntax' || code === 'unknown-tag')
      .map(({ path, at }) => places.range(path, at).line),
  );
  return [...findings, ...ignored.findings]
    .map((finding) => placed(finding, { file, places, strict: options.strict === true }))
    .filter(({ severity, code, line }) => {
      if (severity === 'error') return true;
      return !(options.ignore?.has(code) ?? false) && !(ignored.lines.get(line)?.has(code) ?? false);
    })
    .filter(({ code, line }) => !VALUE_CODES.has(code) || !unreadable.has(line))
    .filter((diagnostic) => {
      // a part that several aliases use is wrong once
      const key = `${diagnostic.line}:${diagnostic.column}:${diagnostic.code}:${diagnostic.message}`;
      if (seen.has(key)) return false;
      seen.add(key);
      return true;
    })
    .sort((a, b) => a.line - b.line || a.column - b.column);
}
