import type { Screen } from '../runtime/screen.ts';
import { printable } from './text.ts';
import { timeText } from './time.ts';

/** What stands in every line, and is told by its place or not at all. */
const FRAME: ReadonlySet<string> = new Set(['level', 'time', 'pid', 'msg', 'err']);

/** From pino's numbers to words. */
function levelText(level: unknown, { colors }: Screen): string {
  const number = typeof level === 'number' ? level : 30;
  if (number >= 50) return colors.red('error');
  if (number >= 40) return colors.yellow('warn ');
  return colors.dim('info ');
}

/** A line of the server's log for people: when, how bad, what, with which facts; an error with its stack below. */
export function serverLogLine(line: Readonly<Record<string, unknown>>, screen: Screen): string {
  const { level, time, msg, err } = line;
  const when =
    typeof time === 'string' && !Number.isNaN(Date.parse(time))
      ? screen.colors.dim(timeText(time, screen))
      : '';
  const facts = Object.entries(line)
    .filter(([name]) => !FRAME.has(name))
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const said = typeof msg === 'string' ? printable(msg) : '';
  const head = [when, levelText(level, screen), said, screen.colors.dim(printable(facts.join(' ')))];
  return [head.filter((part) => part !== '').join(' '), ...stackOf(err, screen)].join('\n');
}

function stackOf(error: unknown, { colors }: Screen): string[] {
  if (typeof error !== 'object' || error === null) return [];
  const { stack, message } = error as { stack?: unknown; message?: unknown };
  const text = typeof stack === 'string' ? stack : typeof message === 'string' ? message : '';
  return text === '' ? [] : text.split('\n').map((row) => colors.dim(`    ${printable(row).trim()}`));
}
