import { LINE_START } from '../logs/wire.ts';

/** What a chunk of a log stream brought. */
export interface WholeLines {
  /** Whole JSON lines, the stream's own two lines taken out. */
  lines: Uint8Array;
  /** Sequence of the last of them. */
  last: number | null;
  /** The stream said where its tail is counted from. */
  tailAt: number | null;
  /** The stream said that it has come to its end. */
  complete: boolean;
}

const NEWLINE = 0x0a;
const NOTHING: WholeLines = { lines: Buffer.alloc(0), last: null, tailAt: null, complete: false };

/**
 * Cuts a log stream's bytes at line ends, and looks at nothing but its first and last lines: only there does the
 * stream speak of itself (`logs/wire.ts`).
 */
export function createLineBuffer(): { push(chunk: Uint8Array): WholeLines } {
  let pending: Uint8Array[] = [];
  return {
    push(chunk) {
      const end = chunk.lastIndexOf(NEWLINE) + 1;
      if (end === 0) {
        pending.push(chunk);
        return NOTHING;
      }
      const whole = Buffer.concat([...pending, chunk.subarray(0, end)]);
      pending = end < chunk.length ? [chunk.subarray(end)] : [];
      return withoutControlLines(whole);
    },
  };
}

function withoutControlLines(whole: Buffer): WholeLines {
  const tailAt = numberAfter('{"tail_at":', whole, 0);
  const start = tailAt === null ? 0 : whole.indexOf(NEWLINE) + 1;
  const lastStart = startOfLastLine(whole);
  const complete = numberAfter('{"end":', whole, lastStart) !== null;
  const lines = whole.subarray(start, complete ? lastStart : whole.length);
  const last = lines.length === 0 ? null : numberAfter(LINE_START, lines, startOfLastLine(lines));
  return { lines, last, tailAt, complete };
}

/** Of bytes that end with a newline. */
function startOfLastLine(bytes: Buffer): number {
  return bytes.length < 2 ? 0 : bytes.lastIndexOf(NEWLINE, bytes.length - 2) + 1;
}

/** The whole number that stands behind a text at this place, or null when the text does not stand there. */
function numberAfter(text: string, bytes: Buffer, at: number): number | null {
  const head = bytes.toString('latin1', at, at + text.length + 16);
  return head.startsWith(text) ? Number.parseInt(head.slice(text.length), 10) : null;
}
