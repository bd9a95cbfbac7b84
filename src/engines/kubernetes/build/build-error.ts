/** The end of BuildKit's output that says most, on one line; null: nothing of it looks like an error. */
export function buildError(output: string): string | null {
  const lines = output.split(/\r?\n/).map((line) => line.trimEnd());
  const failed = lines.findLast((line) => FAILED.test(line))?.replace(FAILED, '');
  if (failed === undefined) return null;
  const said = lastOfStep(lines);
  const place = lines.findLast((line) => PLACE.test(line));
  const details = [said === null ? null : `it said "${said}"`, place === undefined ? null : `at ${place}`];
  return [cut(failed), ...details.filter((detail) => detail !== null)].join('; ');
}

const FAILED = /^(?:error|ERROR): (?:failed to (?:solve|build): )?/;
/** Of the instruction, on a line of its own. */
const PLACE = /^\S+:\d+$/;
/** Each line of an instruction's output begins with the seconds since its start. */
const TIMED = /^\d+\.\d+ (.*\S.*)$/;
const RULE = /^-{6,}$/;
const LONGEST = 300;

/** The last line of what the failed instruction printed, which BuildKit repeats between two rules. */
function lastOfStep(lines: readonly string[]): string | null {
  const heading = lines.findLastIndex((line) => line.startsWith(' > ['));
  if (heading < 0) return null;
  const end = lines.findIndex((line, index) => index > heading && RULE.test(line));
  const output = lines.slice(heading + 1, end < 0 ? undefined : end);
  const last = output.flatMap((line) => TIMED.exec(line)?.[1] ?? []).at(-1);
  return last === undefined ? null : cut(last.trim());
}

function cut(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}
