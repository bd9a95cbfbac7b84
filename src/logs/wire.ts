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
const PIECE = 256 * 1024;

/** Characters that JSON escapes; texts without any (nearly all) are quoted as they are. */
const ESCAPED = /[\u0000-\u0009\u000b-\u001f"\\]/;

/**
 * The JSON lines of one record, in pieces of bounded size.
 *
 * @param content.text the record's bytes, decoded
 * @param content.skip lines at its start that are left out
 */
export function* encodeLines(
  record: IndexRecord,
  source: LogSource,
  content: { text: string; skip: number },
): Generator<string> {
  const { text, skip } = content;
  const quote = ESCAPED.test(text) ? quoteLine : quotePlain;
  const middle = jsonMiddle(record, source);
  const end = `,"partial":${record.partial}}\n`;
  let piece = '';
  let start = 0;
  for (let line = 0; line < record.lines; line++) {
    const newline = text.indexOf('\n', start);
    const stop = newline < 0 ? text.length : newline;
    if (line >= skip) {
      piece +=
        LINE_START + (record.first + line) + middle + quote(text.slice(start, stop), record.partial) + end;
      if (piece.length >= PIECE) {
        yield piece;
        piece = '';
      }
    }
    start = stop + 1;
  }
  if (piece !== '') yield piece;
}

function quotePlain(line: string): string {
  return `"${line}"`;
}

/** A `\r` before the end of a line is no part of it; one at the end of a part is. */
function quoteLine(line: string, partial: boolean): string {
  return JSON.stringify(!partial && line.endsWith('\r') ? line.slice(0, -1) : line);
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
