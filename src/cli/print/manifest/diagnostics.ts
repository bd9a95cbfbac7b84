import { codeFrame } from '../../../manifest/places/code-frame.ts';
import type { Diagnostic } from '../../../manifest/diagnostic.ts';
import type { Screen } from '../../runtime/screen.ts';

/**
 * Findings as people read them, one below the other: what is wrong and where, the line with a caret, what to do.
 * `sources` are the texts by the name that the findings call them; without one the line is left out.
 */
export function diagnosticsView(
  diagnostics: readonly Diagnostic[],
  sources: ReadonlyMap<string, string>,
  screen: Screen,
): string {
  return diagnostics
    .map((diagnostic) => diagnosticView(diagnostic, sources.get(diagnostic.file), screen))
    .join('\n\n');
}

function diagnosticView(diagnostic: Diagnostic, source: string | undefined, { colors }: Screen): string {
  const { severity, code, message, hint, file, line, column, path } = diagnostic;
  const color = severity === 'error' ? colors.red : colors.yellow;
  const place = `${file}:${line}:${column}`;
  const lines = [
    `${colors.bold(place)} ${color(colors.bold(severity))}${colors.dim(`[${code}]`)} ${message}`,
    ...frame(diagnostic, source).map((text, index) => (index === 0 ? `  ${text}` : `  ${color(text)}`)),
  ];
  if (path !== '') lines.push(colors.dim(`  at ${path}`));
  if (hint !== null) lines.push(`  ${colors.cyan('hint')}: ${hint}`);
  return lines.join('\n');
}

function frame(diagnostic: Diagnostic, source: string | undefined): string[] {
  const text = source === undefined ? '' : codeFrame(source, diagnostic);
  return text === '' ? [] : text.split('\n');
}
