import { Readable } from 'node:stream';
import type { ReadableStream as NodeReadableStream } from 'node:stream/web';
import * as zlib from 'node:zlib';
import type { Context } from 'hono';
import { AichorError } from '../../errors.ts';
import { UnknownMedia } from './json-body.ts';
import type { RequestEnv } from './routes/api.ts';

/** The bytes of a request, as they were before they were packed. */
export function contentOf(c: Context<RequestEnv>): AsyncIterable<Buffer> {
  return decoded(bodyOf(c), c.req.header('content-encoding'));
}

/** The socket itself where there is one: its bytes need not go through a second kind of stream. */
function bodyOf(c: Context<RequestEnv>): Readable {
  const { incoming } = c.env;
  if (incoming !== undefined) return incoming;
  const { body } = c.req.raw;
  return body === null ? Readable.from([]) : Readable.fromWeb(body as NodeReadableStream);
}

/**
 * The body as it was before it was packed. What cannot be unpacked is the client's mistake: it fails as such where it
 * is read, and nowhere else, whether anybody reads it or not.
 */
function decoded(body: Readable, encoding: string | undefined): AsyncIterable<Buffer> {
  const decoder = decoderOf(encoding);
  const stream = decoder === null ? body : body.pipe(decoder);
  // Each has a listener before the first byte comes: an error that nobody listens to ends the process.
  body.on('error', (error) => decoder?.destroy(error));
  stream.on('error', () => undefined);
  return contents(stream);
}

async function* contents(stream: Readable): AsyncGenerator<Buffer> {
  try {
    // A reader that has seen enough answers before the client has sent everything: the connection must stay.
    yield* stream.iterator({ destroyOnReturn: false });
  } catch (cause) {
    throw new AichorError('usage', 'the files that were sent are not complete, or not packed as they say', {
      hint: 'send them again: repeat the command',
      cause,
    });
  }
}

function decoderOf(encoding: string | undefined): zlib.BrotliDecompress | null {
  if (encoding === undefined || encoding === 'identity') return null;
  if (encoding === 'br') return zlib.createBrotliDecompress();
  throw new UnknownMedia(
    `the content encoding ${JSON.stringify(encoding)} is not understood here`,
    'send br, or no encoding',
  );
}
