import { AichorError } from '../errors.ts';

/** The values of a stream of JSON lines, each when its newline has come; an unfinished last line is left out. */
export async function* jsonLines<T>(stream: AsyncIterable<Uint8Array>): AsyncGenerator<T> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') yield parse<T>(line);
  }
}

function parse<T>(line: string): T {
  try {
    return JSON.parse(line) as T;
  } catch (cause) {
    throw new AichorError('server_error', 'the control plane sent a line that is not JSON', {
      hint: 'check that the address is that of an aichor server (`aichor context show`)',
      cause,
    });
  }
}
