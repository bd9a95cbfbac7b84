import type { Finding } from '../diagnostic.ts';
import { fields, type Rule } from '../draft.ts';
import { formatDuration, parseDuration } from '../../base/text/duration.ts';

/** The grammar of `timeout`, and that it wins over `activeDeadlineSeconds`. */
export const timeoutRule: Rule = ({ root }) => {
  const { timeout, activeDeadlineSeconds: deadline } = fields(fields(root)['spec']);
  if (typeof timeout === 'number') return [];
  if (typeof timeout !== 'string') return [];
  const path = ['spec', 'timeout'];
  const parsed = parseDuration(timeout);
  if ('message' in parsed)
    return [{ code: 'invalid-value', path, at: 'value', message: parsed.message, hint: parsed.hint }];
  const findings: Finding[] = [];
  if (parsed.seconds === 0)
    findings.push({
      code: 'out-of-range',
      path,
      at: 'value',
      message: 'a timeout of zero ends the experiment at once',
      hint: 'remove it, or write for example "8h"',
    });
  if (typeof deadline === 'number' && deadline !== parsed.seconds) {
    const message = `activeDeadlineSeconds is ignored: timeout says ${formatDuration(parsed.seconds)}`;
    findings.push({
      code: 'deadline-ignored',
      path: ['spec', 'activeDeadlineSeconds'],
      at: 'key',
      message,
      hint: 'keep one of them',
    });
  }
  return findings;
};
