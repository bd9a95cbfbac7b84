import type { LogFilter } from '../../line.ts';
import type { RecordBytes } from '../encode.ts';
import type { LogFolder } from '../log-folder.ts';
import { createSelection, readRecords } from './reader.ts';

/** A line that holds what was looked for. */
export interface LogMatch {
  sequence: number;
  /** How many of the filter's lines come before it. */
  position: number;
}

interface Wanted {
  filter: LogFilter;
  /** In small letters only: case makes no difference. */
  text: string;
  limit: number;
  signal: AbortSignal;
}

/** Lines that hold a text, from the first on; `is_whole`: there are no more. */
export async function matchesIn(
  log: LogFolder,
  { filter, text, limit, signal }: Wanted,
): Promise<{ matches: LogMatch[]; is_whole: boolean }> {
  const matches: LogMatch[] = [];
  const search = createTextSearch(text);
  const end = log.index.count;
  const selection = createSelection(log, filter, { position: 0, from: new Map() });
  let position = 0;
  for (let batch = await selection.next(end); batch !== null; batch = await selection.next(end)) {
    signal.throwIfAborted();
    for (const { record, skip, bytes, isSound } of await readRecords(log, batch)) {
      for (const { line } of isSound ? search.linesOf(bytes) : []) {
        if (line < skip || line >= record.lines) continue;
        if (matches.length >= limit) return { matches, is_whole: false };
        matches.push({ sequence: record.first + line, position: position + line - skip });
      }
      position += record.lines - skip;
    }
  }
  return { matches, is_whole: true };
}

/** Of records, the lines that hold the text: neighbours stay one record. */
export function recordsWith(search: TextSearch, records: readonly RecordBytes[]): RecordBytes[] {
  return records.flatMap(({ record, source, bytes, skip }) => {
    const runs: { line: number; lines: number; start: number; end: number }[] = [];
    for (const { line, start, end } of search.linesOf(bytes)) {
      if (line < skip || line >= record.lines) continue;
      const last = runs.at(-1);
      if (last !== undefined && last.line + last.lines === line) {
        last.lines++;
        last.end = end;
      } else runs.push({ line, lines: 1, start, end });
    }
    return runs.map(({ line, lines, start, end }) => ({
      record: {
        ...record,
        first: record.first + line,
        lines,
        offset: record.offset + start,
        length: end - start,
      },
      source,
      bytes: bytes.subarray(start, end),
      skip: 0,
    }));
  });
}

/** A line within some bytes: its number from 0, and where its bytes are, the newline left out. */
interface LineWithin {
  line: number;
  start: number;
  end: number;
}

/** Small letters stand for large ones too; a text with a large one is taken as it is. */
export interface TextSearch {
  isIn(text: string): boolean;
  linesOf(bytes: Buffer): Generator<LineWithin>;
}

const NEWLINE = '\n';

export function createTextSearch(text: string): TextSearch {
  const isCaseKept = text !== text.toLowerCase();
  const seek = asBytes(Buffer.from(text), isCaseKept);
  const isIn = (whole: string) => (isCaseKept ? whole : whole.toLowerCase()).includes(text);
  return {
    isIn,
    *linesOf(bytes) {
      const content = asBytes(bytes, isCaseKept);
      let line = 0;
      let start = 0;
      for (let at = content.indexOf(seek); at !== -1;) {
        for (let next = content.indexOf(NEWLINE, start); next !== -1 && next < at;) {
          line++;
          start = next + 1;
          next = content.indexOf(NEWLINE, start);
        }
        const found = content.indexOf(NEWLINE, at);
        const end = found === -1 ? content.length : found;
        // Letters beyond ASCII are told apart here only: bytes of one may look like another's.
        if (isIn(bytes.toString('utf8', start, end))) yield { line, start, end };
        at = content.indexOf(seek, Math.max(end, at + 1));
      }
    },
  };
}

/** A byte a character: the search of strings is quick, and small letters of ASCII keep their places. */
function asBytes(bytes: Buffer, isCaseKept: boolean): string {
  const text = bytes.toString('latin1');
  return isCaseKept ? text : text.toLowerCase();
}
