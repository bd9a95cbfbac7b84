import { AichorError } from '../../../errors.ts';

/** So many bytes. Throws AichorError `usage` when they are fewer, or more: whoever sent them was cut off, or changed them meanwhile. */
export async function* exactly(
  content: AsyncIterable<Uint8Array>,
  bytes: number,
): AsyncGenerator<Uint8Array> {
  let came = 0;
  for await (const piece of content) {
    came += piece.length;
    if (came > bytes) break;
    yield piece;
  }
  if (came === bytes) return;
  throw new AichorError(
    'usage',
    `${came > bytes ? 'more' : 'fewer'} bytes came than the ${bytes} that were announced`,
    {
      hint: 'the file changed while it was sent, or the connection broke: repeat the command',
    },
  );
}
