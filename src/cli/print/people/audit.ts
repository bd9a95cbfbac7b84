import type { AuditEvent } from '../../../api/team/audit-contract.ts';
import type { Screen } from '../../runtime/screen.ts';
import { printable } from '../text.ts';
import { timeText } from '../time.ts';

/** One deed in a line: when, who, what, to what, and what else is known. */
export function auditLine({ time, by, deed, subject, details }: AuditEvent, screen: Screen): string {
  const { colors } = screen;
  const known = Object.entries(details)
    .filter(([, value]) => value !== null && value !== '')
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return [
    colors.dim(timeText(time, screen)),
    by === null
      ? colors.dim(deed === 'project.expire' ? '(the server)' : "(the server's user)")
      : printable(by),
    deed,
    colors.bold(printable(subject)),
    colors.dim(printable(known.join(' '))),
  ]
    .filter((part) => part !== '')
    .join(' ');
}
