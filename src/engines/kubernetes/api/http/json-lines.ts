import type { Readable } from 'node:stream';

const NEWLINE = 0x0a;

/** The JSON values of a stream, one a line. Throws SyntaxError for a line that is none, or breaks off. */
export async function* jsonLines(stream: Readable): AsyncGenerator<unknown> {
  let rest: Buffer[] = [];
  for await (const chunk of stream) {
    const bytes: Buffer = chunk;
    let from = 0;
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, from)) {
      const line = Buffer.concat([...rest, bytes.subarray(from, end)]).toString();
      rest = [];
      from = end + 1;
      if (line.trim() !== '') yield JSON.parse(line);
    }
    if (from < bytes.length) rest.push(bytes.subarray(from));
  }
  if (rest.length > 0) throw new SyntaxError('the stream ends within a line');
}
