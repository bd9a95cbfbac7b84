import type { LogLine } from './line.ts';

/**
 * Logs travel as one JSON object a line, which begins with its sequence. Two more lines may stand in a stream,
 * neither of which does:
 *
 * - `{"tail_at":N}` first, when a tail was asked for: it was counted back from line N. Who resumes asks with
 *   `tail_at=N` again, and so gets the same tail.
 * - `{"end":N}` last: the log is complete (followed) or was read to the end (not followed). A stream that
 *   stops without it was cut. With `"damage"`: in words, what is missing in the log for good.
 */
export const LINE_START = '{"sequence":';

export function tailLine(sequence: number): string {
  return `{"tail_at":${sequence}}\n`;
}

export function endLine(sequence: number, damage: readonly string[] = []): string {
  const more = damage.length === 0 ? '' : `,"damage":${JSON.stringify(damage.join('; '))}`;
  return `{"end":${sequence}${more}}\n`;
}

/** Parses a line that this program wrote. */
export function parseLogLine(line: string): LogLine {
  return JSON.parse(line) as LogLine;
}
