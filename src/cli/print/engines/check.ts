import { counted } from '../../../base/text/plural.ts';
import type { EngineCheck, EngineCheckLine } from '../../../api/engine-contract.ts';
import type { Screen } from '../../runtime/screen.ts';
import { printable, hanging } from '../text.ts';

const INDENT = 2;

/** Every check with its mark; below it what is to be done. */
export function engineCheckView({ engine, ok, checks }: EngineCheck, screen: Screen): string {
  const { colors } = screen;
  const marks = { ok: colors.green('✓'), warning: colors.yellow('!'), error: colors.red('✗') };
  const lines = checks.flatMap(({ name, status, message, hint }) => [
    `${marks[status]} ${hanging(`${name}: ${printable(message)}`, INDENT, screen.width)}`,
    ...(hint === null || status === 'ok'
      ? []
      : [`  ${colors.dim(hanging(printable(hint), INDENT, screen.width))}`]),
  ]);
  return [...lines, '', verdict(engine, ok, checks)].join('\n');
}

function verdict(engine: string, ok: boolean, checks: readonly EngineCheckLine[]): string {
  const count = (status: EngineCheckLine['status']) =>
    checks.filter((check) => check.status === status).length;
  const warnings = count('warning');
  if (!ok)
    return `${engine} is not ready: ${counted(count('error'), 'error')}, ${counted(warnings, 'warning')}`;
  return warnings === 0 ? `${engine} is ready` : `${engine} is ready, with ${counted(warnings, 'warning')}`;
}

/** What was found when an engine was added, as notices: where it is, then what is missing or worth knowing. */
export function notableFindings(engine: string, checks: readonly EngineCheckLine[]): string[] {
  const [first, ...rest] = checks;
  const wanting = rest.filter(({ status }) => status !== 'ok');
  const errors = wanting.filter(({ status }) => status === 'error').length;
  const cure = errors > 0 ? '; experiments cannot run there yet' : '';
  return [
    ...(first === undefined ? [] : [first.message]),
    ...wanting.map(({ name, message }) => `${name}: ${message}`),
    ...(wanting.length === 0 ? [] : [`aichor engines check ${engine} says what to do${cure}`]),
  ];
}
