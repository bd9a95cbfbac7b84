import type { LogFilter, LogSource } from '../../line.ts';
import type { LogFolder } from '../log-folder.ts';
import { createSelection, readRecords } from './reader.ts';

/** A whole line that holds what was looked for. */
export interface FoundLine {
  source: LogSource;
  /** When it was read: milliseconds since 1970. */
  time: number;
  text: string;
}

const NEWLINE = 0x0a;

/**
 * Tells the whole lines that hold some bytes, of what is on disk now from a record of the index on: bytes are searched, and only the
 * lines that are found become texts.
 *
 * @param position of a record in the index: 0, or what an earlier call returned
 * @returns where to go on
 */
export async function findLines(
  log: LogFolder,
  { filter, position, bytes }: { filter: LogFilter; position: number; bytes: Uint8Array },
  take: (line: FoundLine) => void,
): Promise<number> {
  const end = log.index.count;
  if (position >= end) return end;
  const selection = createSelection(log, filter, { position, from: new Map() });
  for (let batch = await selection.next(end); batch !== null; batch = await selection.next(end)) {
    for (const { record, bytes: content, isSound } of await readRecords(log, batch)) {
      const source = log.sources.list[record.source];
      if (source === undefined || record.partial || !isSound) continue;
      for (const text of linesWith(content, bytes)) take({ source, time: record.time, text });
    }
  }
  return end;
}

function* linesWith(content: Buffer, bytes: Uint8Array): Generator<string> {
  for (let at = content.indexOf(bytes); at !== -1;) {
    const start = content.lastIndexOf(NEWLINE, at) + 1;
    const newline = content.indexOf(NEWLINE, at);
    const end = newline === -1 ? content.length : newline;
    yield content.toString('utf8', start, end);
    at = content.indexOf(bytes, end);
  }
}
