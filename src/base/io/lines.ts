const NEWLINE = 0x0a;

/** Cuts bytes that come in pieces of any size at line ends. */
export interface LineBuffer {
  /** All whole lines that there are by now, newlines included; empty when none has ended. */
  push(chunk: Uint8Array): Buffer;
  /** Bytes of the line that has no newline yet. */
  readonly pending: number;
}

const NOTHING = Buffer.alloc(0);

export function createLineBuffer(): LineBuffer {
  let kept: Uint8Array[] = [];
  let pending = 0;
  return {
    push(chunk) {
      const end = chunk.lastIndexOf(NEWLINE) + 1;
      const rest = end < chunk.length ? chunk.subarray(end) : null;
      const whole = end === 0 ? NOTHING : joined(kept, chunk.subarray(0, end));
      if (end > 0) {
        kept = [];
        pending = 0;
      }
      if (rest !== null) {
        kept.push(rest);
        pending += rest.length;
      }
      return whole;
    },
    get pending() {
      return pending;
    },
  };
}

/** One chunk is given on as it is: of most streams no byte is copied. */
function joined(kept: readonly Uint8Array[], last: Uint8Array): Buffer {
  if (kept.length > 0) return Buffer.concat([...kept, last]);
  return Buffer.from(last.buffer, last.byteOffset, last.length);
}

export interface JsonLinesOptions {
  /** What a last line without a newline is: left out (the writer died, the connection broke), or a SyntaxError. */
  torn: 'drop' | 'refuse';
}

/**
 * The JSON values of a stream, one a line, each when its newline has come; empty lines are passed over.
 *
 * @throws SyntaxError for a line that is not JSON, and for a torn one when that is refused
 */
export async function* jsonLines(
  stream: AsyncIterable<Uint8Array>,
  { torn }: JsonLinesOptions,
): AsyncGenerator<unknown> {
  const buffer = createLineBuffer();
  for await (const chunk of stream) yield* parseJsonLines(buffer.push(chunk).toString());
  if (buffer.pending > 0 && torn === 'refuse') throw new SyntaxError('the stream ends within a line');
}

/** The JSON values of whole lines. Throws SyntaxError. */
export function* parseJsonLines(text: string): Generator<unknown> {
  for (const line of text.split('\n')) if (line.trim() !== '') yield JSON.parse(line);
}

/** The whole lines of a file that is only ever appended to, without one that its writer did not end. */
export function wholeLines(text: string): string {
  return text.slice(0, text.lastIndexOf('\n') + 1);
}
