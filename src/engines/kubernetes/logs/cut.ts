import { readStamp, STAMP_BYTES, type Stamp } from './stamp.ts';

/** What is asked about the lines of a stream, in their order. */
export interface LineVisitor {
  /** A line begins: whether its bytes are wanted. */
  begin(stamp: Stamp): boolean;
  /** It ended with a newline; `kept`: how many wanted bytes there were up to here. */
  end(stamp: Stamp, kept: number): void;
}

/**
 * Cuts the stamps out of a container's log, as a kubelet sends it with `timestamps=true`. Measured (1.36, containerd):
 * - Each line has the stamp of its first fragment (the runtime writes fragments of 16 KiB), then its bytes as they
 *   are: NUL and invalid UTF-8 too. A `\r` before `\n` is lost: the runtime drops it.
 * - What a program printed after its last newline comes without one. What the other stream printed next stands
 *   behind it in the same line, and so it does behind a fragment.
 * - A stream with `sinceTime` can begin in the middle of a long line, without a stamp; and what went wrong in the
 *   kubelet after the answer had begun stands in it as text without a stamp. Neither is part of the log that is
 *   still to come: both are left out.
 * - Nodes begin a new file when one has 10 MiB (looked at every 10 s). A stream that is open goes on in the new file,
 *   mostly without a loss: nothing was lost at 1.4 and at 2 MB a second; at 2.3 MB one fragment was, which the
 *   runtime wrote while the kubelet was changing over; at 5 MB, on a busy machine, parts of files were, because
 *   several were begun before one was read. Nothing in the stream tells.
 */
export interface LineCutter {
  /** The wanted bytes of what came next, cut anywhere. */
  cut(chunk: Buffer): Buffer;
  /** The start of what had no stamp after the last line that had one; empty: nothing. */
  foreign(): string;
}

const FOREIGN_BYTES = 500;
const NEWLINE = 0x0a;
const SPACE = 0x20;
const NOTHING = Buffer.alloc(0);

export function createLineCutter(visitor: LineVisitor): LineCutter {
  /** `foreign`: in a line without a stamp; null: where a line begins. */
  let line: { stamp: Stamp; wanted: boolean } | 'foreign' | null = null;
  /** The beginning of a stamp. */
  let held = NOTHING;
  let kept = 0;
  let foreign = NOTHING;

  /** Where the line's bytes begin; null: its stamp has not come whole. */
  function beginLine(bytes: Buffer, at: number): number | null {
    const front = bytes.subarray(at, at + STAMP_BYTES + 1);
    const space = front.indexOf(SPACE);
    if (space < 0 && front.length <= STAMP_BYTES && !front.includes(NEWLINE)) return null;
    const stamp = space < 0 ? null : readStamp(front, 0, space);
    if (stamp !== null) foreign = NOTHING;
    line = stamp === null ? 'foreign' : { stamp, wanted: visitor.begin(stamp) };
    return stamp === null ? at : at + space + 1;
  }

  function keepForeign(bytes: Buffer): void {
    if (foreign.length < FOREIGN_BYTES)
      foreign = Buffer.concat([foreign, bytes.subarray(0, FOREIGN_BYTES - foreign.length)]);
  }

  return {
    cut(chunk) {
      const bytes = held.length > 0 ? Buffer.concat([held, chunk]) : chunk;
      held = NOTHING;
      const wanted = Buffer.allocUnsafe(bytes.length);
      let size = 0;
      for (let at = 0; at < bytes.length;) {
        if (line === null) {
          const start = beginLine(bytes, at);
          if (start === null) held = Buffer.from(bytes.subarray(at));
          at = start ?? bytes.length;
          continue;
        }
        const newline = bytes.indexOf(NEWLINE, at);
        const end = newline < 0 ? bytes.length : newline + 1;
        if (line === 'foreign') keepForeign(bytes.subarray(at, end));
        else if (line.wanted) size += bytes.copy(wanted, size, at, end);
        if (newline >= 0 && line !== 'foreign') visitor.end(line.stamp, kept + size);
        if (newline >= 0) line = null;
        at = end;
      }
      kept += size;
      return wanted.subarray(0, size);
    },
    foreign: () => foreign.toString().trim(),
  };
}
