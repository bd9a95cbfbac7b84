import { counted } from '../../base/text/plural.ts';
import { OPERATORS, type OperatorName } from '../../operators/table.ts';
import { killedBy, logSays, signalOf, type Explanation } from './explain.ts';
import { howOf, ranks, reasonOf, type FrameworkEnd } from './framework-end.ts';
import { explainImagePath, explainMissing } from './repository-failure.ts';
import { RULES } from './framework-rules.ts';

export { debuggedWith, type FrameworkEnd, type Peer } from './framework-end.ts';

/**
 * What the end of a pod means in the terms of its framework, or of Python; null when nothing more can be said than its
 * exit code says. Pure: everything it says was observed.
 */
export function explainInFramework(end: FrameworkEnd): Explanation | null {
  const found = explanationOf(end);
  if (found === null || found.reason !== 'NonZeroExit' || !NO_ROOM.test(found.explanation)) return found;
  return { reason: 'DiskFull', explanation: `the disk was full: ${found.explanation}; ${ROOM}` };
}

/** What the system calls it when a file cannot grow. */
const NO_ROOM = /No space left on device|\bENOSPC\b|Disk quota exceeded/;
const ROOM = 'aichor experiments prune --outputs makes room; then resubmit';

function explanationOf(end: FrameworkEnd): Explanation | null {
  const tail = end.tail.replace(COLOURS, '');
  const debugging = explainDebugging(end, tail);
  if (debugging !== null) return debugging;
  const missing = explainMissing(end, tail);
  if (missing !== null) return missing;
  if (end.code === 127) return explainNotFound(end, tail);
  const error = lastError(tail);
  const ofImage = explainImagePath(end, error ?? complaintOf(end));
  if (ofImage !== null) return ofImage;
  for (const { operators, within, errors, shows, says } of isKilled(end) ? [] : RULES) {
    if (operators !== 'all' && !operators.includes(end.operator)) continue;
    if (errors !== undefined && error !== null && !errors.test(error)) continue;
    const found = shows.exec(within === 'last-error' ? (error ?? '') : tail);
    if (found !== null) return { reason: reasonOf(end), explanation: says(end, found) };
  }
  if (end.code === 126) return explainNotExecutable(end);
  const waitsIn = OPERATORS[end.operator].ranksWaitIn;
  // Who printed the same error waited for nobody: it is about to end as well.
  const likewise = (end.peers ?? []).filter((peer) => error !== null && peer.error === error);
  const running = end.running.filter((rank) => !likewise.some((peer) => peer.rank === rank));
  if (waitsIn === null || running.length === 0)
    return explainError(end, { tail, error, likewise: likewise.length }) ?? explainComplaint(end);
  const others = `while ${ranks(running)} ran on, which can only wait for it in ${waitsIn}`;
  const why = error ?? complaintOf(end) ?? logSays(end.experiment, end.pod);
  return {
    reason: reasonOf(end),
    explanation: `rank ${end.rank} (${end.pod}) ${howOf(end)} ${others}; ${why}`,
  };
}

/** From outside, in the middle of what it did: what it had printed until then does not say why. */
function isKilled({ code }: FrameworkEnd): boolean {
  return code === null || code === 137;
}

/** What follows is a box of what is known of each process. */
const DRAWS_A_BOX = /^torch\.distributed\.elastic\..*ChildFailedError/;

/** Lines at the end among which the error is that Python ended with; elsewhere it is one that was dealt with. */
const LAST_LINES = 4;

/** Python ends with 1 and its error as the last thing it says; a launcher, with its own after that of what it started. */
function explainError(
  { code, pod, experiment }: FrameworkEnd,
  { tail, error, likewise }: { tail: string; error: string | null; likewise: number },
): Explanation | null {
  const lines = tail.trimEnd().split('\n').slice(-LAST_LINES).map(shorten);
  const last = errorsIn(tail).at(-1);
  if (code !== 1 || error === null || last === undefined) return null;
  if (!lines.includes(shorten(last)) && !DRAWS_A_BOX.test(last)) return null;
  const too = likewise === 0 ? '' : ` (and ${counted(likewise, 'other pod')} with the same)`;
  return {
    reason: 'NonZeroExit',
    explanation: `${pod} exited with code 1${too}: ${error}; ${logSays(experiment, pod)}`,
  };
}

/** By which a program ends that cannot go on: SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV. Others come from outside. */
const FAULTS: ReadonlySet<number> = new Set([4, 5, 6, 7, 8, 11]);

/** What any other program said last on its standard error, when it ended by itself with a code other than 0. */
function explainComplaint(end: FrameworkEnd): Explanation | null {
  const { code, pod, experiment } = end;
  const said = complaintOf(end);
  if (code === null || code === 0 || said === null) return null;
  const signal = signalOf(code);
  if (signal !== null && !FAULTS.has(signal)) return null;
  const how = signal === null ? `exited with code ${code}` : `was ${killedBy(signal)}`;
  return { reason: reasonOf(end), explanation: `${pod} ${how}: ${said}; ${logSays(experiment, pod)}` };
}

function explainNotExecutable(end: FrameworkEnd): Explanation | null {
  const said = complaintOf(end);
  if (said === null) return null;
  const cure = 'check spec.command, and the execute bit or first line of the file';
  return {
    reason: 'CommandNotExecutable',
    explanation: `${end.pod}: a command cannot be executed (exit 126): ${said}; ${cure}`,
  };
}

function complaintOf({ complaint }: FrameworkEnd): string | null {
  const line = complaint?.replace(COLOURS, '').trim() ?? '';
  return line === '' ? null : shorten(line);
}

/**
 * Of pods that failed one after the other, the one whose end is the cause: the first that has an error of its own,
 * rather than one which says that it lost the others or waited for them; the first of all where none has.
 */
export function causeAmong<End extends FrameworkEnd>(ends: readonly End[]): End | null {
  return ends.find((end) => !isConsequence(end)) ?? ends[0] ?? null;
}

function isConsequence(end: FrameworkEnd): boolean {
  const tail = end.tail.replace(COLOURS, '');
  const error = lastError(tail);
  if (error === null && (end.complaint ?? null) === null) return true;
  return RULES.some(
    ({ operators, consequence, errors, shows }) =>
      consequence === true &&
      (operators === 'all' || operators.includes(end.operator)) &&
      shows.test(tail) &&
      (error === null || (errors ?? shows).test(error)),
  );
}

/** The command is not what ran: the path of the program to debug with says where it was looked for. */
function explainDebugging({ pod, code, debugging }: FrameworkEnd, tail: string): Explanation | null {
  if (debugging == null || (code !== 127 && code !== 126) || !tail.includes(debugging.path)) return null;
  const { mode, path } = debugging;
  const [reason, what] =
    code === 127
      ? (['CommandNotFound', 'there is no program'] as const)
      : (['CommandNotExecutable', 'nobody can execute'] as const);
  return {
    reason,
    explanation: `${pod}: spec.debug.${mode} is on, and ${what} ${path} (exit ${code}); correct spec.debug.${mode}.path, or leave it out where the program is in PATH`,
  };
}

/** Programs that make environments of their own, in which they run others. */
const ENVIRONMENT_MAKERS = /^(?:conda|mamba|micromamba|poetry|pipenv|pdm|hatch|pixi)$/;

/** As bash, dash and other shells say it. */
function explainNotFound(end: FrameworkEnd, tail: string): Explanation | null {
  const { pod } = end;
  const said = [...tail.matchAll(/^\S+: (?:(?:line )?\d+: )?(\S+?): (?:command )?not found$/gm)].at(-1)?.[1];
  const usual = 'check spec.command, and that what it calls is installed in the environment';
  if (said === undefined) {
    const line = complaintOf(end);
    const explanation = `${pod}: a command was not found (exit 127): ${line}; ${usual}`;
    return line === null ? null : { reason: 'CommandNotFound', explanation };
  }
  const cure = ENVIRONMENT_MAKERS.test(said)
    ? `it is not on this machine; make that environment by hand, name it with --python-env, and let spec.command call python itself`
    : usual;
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

/**
 * The last line that names an exception, as Python prints it; of what a launcher started rather than the launcher's own.
 * null: there is none.
 */
export function lastError(tail: string): string | null {
  const lines = errorsIn(tail.replace(COLOURS, ''));
  const line = lines.findLast((each) => !OF_LAUNCHERS.test(each)) ?? lines.at(-1);
  return line === undefined ? null : shorten(line);
}

function errorsIn(tail: string): string[] {
  return tail
    .split('\n')
    .filter((each) => /^(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Exit|Interrupt)\b/.test(each));
}

/**
 * The error that a rank which still runs has ended its program with, as far as its standard error tells (`stderr`: the
 * end of it): the last thing that it said, after a traceback. Null: it has not, or nothing of the kind is known of its
 * framework. A rank of JAX then waits for all others, which wait for it in a collective.
 */
export function errorAtItsEnd(operator: OperatorName, stderr: string): string | null {
  if (operator !== 'jax') return null;
  const said = stderr.replace(COLOURS, '').trimEnd();
  const error = lastError(said);
  if (error === null || !said.includes('Traceback (most recent call last):')) return null;
  const last = said.slice(said.lastIndexOf('\n') + 1);
  return shorten(last) === error ? error : null;
}

function shorten(line: string): string {
  return line.length <= LONGEST_ERROR ? line : `${line.slice(0, LONGEST_ERROR - 1)}…`;
}
