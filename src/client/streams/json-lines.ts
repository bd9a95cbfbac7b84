import { jsonLines as linesOf } from '../../base/io/lines.ts';
import { AichorError } from '../../errors.ts';

/**
 * The values of a stream of JSON lines, each when its newline has come; an unfinished last line is left out. Throws
 * AichorError `server_error` for a line that is not JSON. `<T>` is what the contract promises.
 */
export async function* jsonLines<T>(stream: AsyncIterable<Uint8Array>): AsyncGenerator<T> {
  try {
    for await (const value of linesOf(stream, { torn: 'drop' })) yield value as T;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new AichorError('server_error', 'the control plane sent a line that is not JSON', {
      hint: 'check that the address is that of an aichor server (`aichor context show`)',
      cause,
    });
  }
}
