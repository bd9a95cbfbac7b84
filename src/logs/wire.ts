import type { IndexRecord } from './index-record.ts';
import type { LogLine, LogSource } from './line.ts';

/**
 * Logs travel as one JSON object a line, which begins with its sequence. Two more lines may stand in a stream,
 * neither of which does:
 *
 * - `{"tail_at":N}` first, when a tail was asked for: it was counted back from line N. Who resumes asks with
 *   `tail_at=N` again, and so gets the same tail.
 * - `{"end":N}` last: the log is complete (followed) or was read to the end (not followed). A stream that
 *   stops without it was cut.
 */
export const LINE_START = '{"sequence":';

export function tailLine(sequence: number): string {
  return `{"tail_at":${sequence}}\n`;
}

export function endLine(sequence: number): string {
  return `{"end":${sequence}}\n`;
}

/** Characters after which a piece of text is given out: bounds memory whatever the lines are. */
const PIECE = 128 * 1024;

/**
 * The JSON lines of one record, in pieces of bounded size.
 *
 * @param text the record's bytes, decoded
 * @param skip lines at its start that are left out
 */
export function* jsonLines(record: IndexRecord, source: LogSource, content: { text: string; skip: number }): Generator<string> {
  const { text, skip } = content;
  const middle = jsonMiddle(record, source);
  const end = `,"partial":${record.partial}}\n`;
  let piece = '';
  let start = 0;
  for (let line = 0; line < record.lines; line++) {
    const newline = text.indexOf('\n', start);
    const stop = newline < 0 ? text.length : newline;
    if (line >= skip) {
      piece += LINE_START + (record.first + line) + middle + JSON.stringify(text.slice(start, contentEnd(text, { start, stop, record }))) + end;
      if (piece.length >= PIECE) {
        yield piece;
        piece = '';
      }
    }
    start = stop + 1;
  }
  if (piece !== '') yield piece;
}

/** A `\r` before the end of a line is no part of it; one at the end of a part is. */
function contentEnd(text: string, { start, stop, record }: { start: number; stop: number; record: IndexRecord }): number {
  return stop > start && !record.partial && text.charCodeAt(stop - 1) === 13 ? stop - 1 : stop;
}

function jsonMiddle(record: IndexRecord, source: LogSource): string {
  const time = new Date(record.time).toISOString();
  return (
    `,"time":"${time}","step":${JSON.stringify(source.step)},"pod":${JSON.stringify(source.pod)},` +
    `"attempt":${source.attempt},"stream":${JSON.stringify(source.stream)},"text":`
  );
}

/** Parses a line that this program wrote. */
export function parseLogLine(line: string): LogLine {
  return JSON.parse(line) as LogLine;
}
