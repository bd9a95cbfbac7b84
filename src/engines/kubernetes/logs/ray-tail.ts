/**
 * Ray's client prints the last lines of a driver that failed once more, after a line that says so. From that line on what comes
 * is held back: at the end of the log it is known whether it is that repetition, or something that was printed by chance after
 * such a line.
 */
export interface RayTail {
  /** Bytes as they follow in the log, from the beginning of a line on. `pass`: what is to be kept now; `isWhole`: nothing is held back. */
  take(bytes: Buffer): { pass: Buffer; isWhole: boolean };
  /** The log is read again, from the end of a line before anything that is held back. */
  reset(): void;
  /**
   * The log was read to its end. What is held back and no repetition; empty: nothing.
   *
   * @param before the end of what is kept, `WINDOW` bytes at least
   */
  end(before: Buffer): Buffer;
}

/** As Ray's job supervisor words it. */
const SAYS_SO =
  /^Status message: Job entrypoint command failed with exit code -?\d+, last available logs \(truncated to [\d,]+ chars\):\r?$/;
/** What Ray's client begins its lines with, where it prints to no terminal; and colours, which it prints all the same. */
const SAID_BY = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}\t[A-Z]+ [\w.]+:\d+ -- /gm;
// oxlint-disable-next-line no-control-regex
const COLOUR = /\u001B\[\d*m/g;
/** What stands between the log and that line: who failed, in a box. */
const BOX = /(?:^|\n)(-+)\nJob '[^\n]*' failed\n\1\n+$/;

/** Longer than that line. */
const LONGEST_LINE = 512;
/** Ray repeats 20,000 characters at most, of up to four bytes each. */
const MOST = 20_000 * 4 + LONGEST_LINE;
/** Bytes that are enough to find a repetition in. */
export const WINDOW = MOST + 4 * LONGEST_LINE;
const NEWLINE = 0x0a;
const NOTHING = Buffer.alloc(0);

export function createRayTail(): RayTail {
  /** The beginning of the line that has begun. */
  let line = '';
  let held: Buffer | null = null;
  /** More came than Ray would repeat. */
  let isOff = false;

  function hold(bytes: Buffer): { pass: Buffer; isWhole: boolean } {
    held = Buffer.concat([held ?? NOTHING, bytes]);
    if (held.length <= MOST) return { pass: NOTHING, isWhole: false };
    const pass = held;
    isOff = true;
    held = null;
    return { pass, isWhole: true };
  }

  return {
    take(bytes) {
      if (isOff) return { pass: bytes, isWhole: true };
      if (held !== null) return hold(bytes);
      for (let start = 0; start < bytes.length;) {
        const newline = bytes.indexOf(NEWLINE, start);
        const end = newline < 0 ? bytes.length : newline;
        line += bytes.toString('latin1', start, Math.min(end, start + LONGEST_LINE - line.length));
        if (newline < 0) break;
        const saysSo = SAYS_SO.test(plain(line));
        line = '';
        start = newline + 1;
        if (!saysSo) continue;
        const { pass, isWhole } = hold(bytes.subarray(start));
        return { pass: Buffer.concat([bytes.subarray(0, start), pass]), isWhole };
      }
      return { pass: bytes, isWhole: true };
    },
    reset() {
      line = '';
      held = null;
    },
    end(before) {
      const rest = held ?? NOTHING;
      return rest.length === 0 || isRepetition(before, rest) ? NOTHING : rest;
    },
  };
}

/** Whether all of `rest` are the last lines before the box. */
function isRepetition(before: Buffer, rest: Buffer): boolean {
  const line = before.lastIndexOf(NEWLINE, before.length - 2) + 1;
  const log = plain(before.toString('latin1', 0, line));
  const [printed = '', ...box] = log.split(BOX);
  return box.length > 0 && withoutEnd(printed).endsWith(withoutEnd(plain(rest.toString('latin1'))));
}

function plain(text: string): string {
  return text.replace(SAID_BY, '').replace(COLOUR, '');
}

/** Without the newlines at its end. */
function withoutEnd(text: string): string {
  let length = text.length;
  while (text[length - 1] === '\n') length--;
  return text.slice(0, length);
}
