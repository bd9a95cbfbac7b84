import { OPERATORS } from '../../operators/table.ts';
import { logSays, type Explanation } from './explain.ts';
import { howOf, ranks, reasonOf, type FrameworkEnd } from './framework-end.ts';
import { RULES } from './framework-rules.ts';

export type { FrameworkEnd } from './framework-end.ts';

/**
 * What the end of a pod means in the terms of its framework, or of Python; null when nothing more can be said than its
 * exit code says. Pure: everything it says was observed.
 */
export function explainInFramework(end: FrameworkEnd): Explanation | null {
  const tail = end.tail.replace(COLOURS, '');
  if (end.code === 127) return explainNotFound(end, tail);
  const error = lastError(tail);
  for (const { operators, within, errors, shows, says } of isKilled(end) ? [] : RULES) {
    if (operators !== 'all' && !operators.includes(end.operator)) continue;
    if (errors !== undefined && error !== null && !errors.test(error)) continue;
    const found = shows.exec(within === 'last-error' ? (error ?? '') : tail);
    if (found !== null) return { reason: reasonOf(end), explanation: says(end, found) };
  }
  if (end.code === 126) return null;
  const waitsIn = OPERATORS[end.operator].ranksWaitIn;
  if (waitsIn === null || end.running.length === 0) return explainError(end, tail, error);
  const others = `while ${ranks(end.running)} ran on, which can only wait for it in ${waitsIn}`;
  const why = error === null ? logSays(end.experiment, end.pod) : error;
  return {
    reason: reasonOf(end),
    explanation: `rank ${end.rank} (${end.pod}) ${howOf(end)} ${others}; ${why}`,
  };
}

/** From outside, in the middle of what it did: what it had printed until then does not say why. */
function isKilled({ code }: FrameworkEnd): boolean {
  return code === null || code === 137;
}

/** Lines at the end among which the error is that Python ended with; elsewhere it is one that was dealt with. */
const LAST_LINES = 4;

/** Python ends with 1 and its error as the last thing it says. */
function explainError(
  { code, pod, experiment }: FrameworkEnd,
  tail: string,
  error: string | null,
): Explanation | null {
  const lines = tail.trimEnd().split('\n').slice(-LAST_LINES).map(shorten);
  if (code !== 1 || error === null || !lines.includes(error)) return null;
  return {
    reason: 'NonZeroExit',
    explanation: `${pod} exited with code 1: ${error}; ${logSays(experiment, pod)}`,
  };
}

/** Programs that make environments of their own, in which they run others. */
const ENVIRONMENT_MAKERS = /^(?:conda|mamba|micromamba|poetry|pipenv|pdm|hatch|pixi)$/;

/** As bash, dash and other shells say it. */
function explainNotFound({ pod }: FrameworkEnd, tail: string): Explanation | null {
  const said = [...tail.matchAll(/^\S+: (?:(?:line )?\d+: )?(\S+?): (?:command )?not found$/gm)].at(-1)?.[1];
  if (said === undefined) return null;
  const cure = ENVIRONMENT_MAKERS.test(said)
    ? `it is not on this machine; make that environment by hand, name it with --python-env, and let spec.command call python itself`
    : 'check spec.command, and that what it calls is installed in the environment';
  return {
    reason: 'CommandNotFound',
    explanation: `${pod}: the command ${said} was not found (exit 127); ${cure}`,
  };
}

const COLOURS = /\u001b\[[0-9;]*m/g;
const LONGEST_ERROR = 300;

/** Errors of launchers: they only say that what they started has failed. */
const OF_LAUNCHERS =
  /^(?:subprocess\.CalledProcessError|torch\.distributed\.elastic\.|SystemExit)|ChildFailedError/;

/** The last line that names an exception, as Python prints it. */
function lastError(tail: string): string | null {
  const lines = tail
    .split('\n')
    .filter((each) => /^(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Exit|Interrupt)\b/.test(each));
  const line = lines.findLast((each) => !OF_LAUNCHERS.test(each)) ?? lines.at(-1);
  return line === undefined ? null : shorten(line);
}

function shorten(line: string): string {
  return line.length <= LONGEST_ERROR ? line : `${line.slice(0, LONGEST_ERROR - 1)}…`;
}
