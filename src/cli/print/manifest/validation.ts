import { counted } from '../../../base/text/plural.ts';
import type { Diagnostic } from '../../../manifest/diagnostic.ts';
import type { Screen } from '../../runtime/screen.ts';
import { diagnosticsView } from './diagnostics.ts';

/** What `manifest validate` prints (contract 3.1). */
export interface ValidationDocument {
  valid: boolean;
  files: ValidatedFile[];
}

export interface ValidatedFile {
  path: string;
  valid: boolean;
  operator: string | null;
  diagnostics: Diagnostic[];
  /** What was found in the repository around the manifest; no part of the verdict. */
  repository: Diagnostic[];
}

/** Each file's findings, then its verdict in one line. */
export function validationView(
  document: ValidationDocument,
  sources: ReadonlyMap<string, string>,
  screen: Screen,
): string {
  return document.files
    .map((file) => {
      const findings = [...file.diagnostics, ...file.repository];
      const verdict = verdictLine(file, screen);
      return findings.length === 0 ? verdict : `${diagnosticsView(findings, sources, screen)}\n\n${verdict}`;
    })
    .join('\n');
}

function verdictLine(
  { path, valid, operator, diagnostics, repository }: ValidatedFile,
  { colors }: Screen,
): string {
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  const counts = [
    ...some(errors, 'error'),
    ...some(diagnostics.length - errors, 'warning'),
    ...some(repository.length, 'finding', ' about the repository'),
  ];
  const said = counts.length > 0 ? ` (${counts.join(', ')})` : '';
  if (!valid) return `${colors.red('✗')} ${path} is not valid${said}`;
  return `${colors.green('✓')} ${path} is valid: operator ${operator ?? 'unknown'}${said}`;
}

function some(amount: number, word: string, more = ''): string[] {
  return amount === 0 ? [] : [`${counted(amount, word)}${more}`];
}
