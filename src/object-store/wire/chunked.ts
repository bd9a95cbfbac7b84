import { createHash } from 'node:crypto';
import { S3Error } from './s3-error.ts';
import { chunkSignature, sha256, trailerSignature, type Scope } from './signature.ts';

/** Longest line between chunks: a size, a signature, a trailer. */
const LONGEST_LINE = 16 * 1024;
const LINE_END = Buffer.from('\r\n');

/** How the chunks of a body are signed; null: they are not. */
export interface ChunkSigning {
  scope: Scope;
  key: Buffer;
  /** The request's own signature, from which the first chunk's goes on. */
  seed: string;
}

interface ChunkedOptions {
  signing: ChunkSigning | null;
  /** Told once, when the body is whole. */
  onTrailers: (trailers: ReadonlyMap<string, string>) => void;
}

/**
 * What an `aws-chunked` body holds: chunks with their size in hex (and their signature), then trailers, which are headers
 * that the client knew only at the end.
 *
 * @throws S3Error `SignatureDoesNotMatch`, `IncompleteBody` when it ends before its end, `InvalidRequest`
 */
export async function* decodeChunked(
  body: AsyncIterable<Buffer>,
  { signing, onTrailers }: ChunkedOptions,
): AsyncGenerator<Buffer> {
  const reader = createReader(body);
  let before = signing?.seed ?? '';
  for (;;) {
    const [size = '', ...options] = (await reader.line()).split(';');
    if (!/^[0-9a-fA-F]{1,8}$/.test(size))
      throw new S3Error('InvalidRequest', 'the size of a chunk is no number');
    const length = parseInt(size, 16);
    const hash = signing === null ? null : createHash('sha256');
    for await (const piece of reader.take(length)) {
      hash?.update(piece);
      yield piece;
    }
    if (signing !== null && hash !== null) {
      const expected = chunkSignature({ ...signing, before }, hash.digest('hex'));
      if (optionOf(options, 'chunk-signature') !== expected) throw new S3Error('SignatureDoesNotMatch');
      before = expected;
    }
    if (length === 0) break;
    if ((await reader.line()) !== '') throw new S3Error('InvalidRequest', 'a chunk is longer than it says');
  }
  onTrailers(await readTrailers(reader, signing === null ? null : { ...signing, before }));
}

async function readTrailers(
  reader: Reader,
  signing: { scope: Scope; key: Buffer; before: string } | null,
): Promise<ReadonlyMap<string, string>> {
  const trailers = new Map<string, string>();
  let signed = '';
  for (;;) {
    const line = await reader.line({ mayEnd: true });
    if (line === '') break;
    const at = line.indexOf(':');
    if (at < 1) throw new S3Error('InvalidRequest', 'a trailer has no name');
    const name = line.slice(0, at).trim().toLowerCase();
    trailers.set(name, line.slice(at + 1).trim());
    if (name !== 'x-amz-trailer-signature') signed += `${name}:${line.slice(at + 1).trim()}\n`;
  }
  if (signing !== null && signed !== '') {
    const expected = trailerSignature(signing, sha256(signed));
    if (trailers.get('x-amz-trailer-signature') !== expected) throw new S3Error('SignatureDoesNotMatch');
  }
  return trailers;
}

function optionOf(options: readonly string[], name: string): string | undefined {
  const option = options.find((each) => each.startsWith(`${name}=`));
  return option?.slice(name.length + 1);
}

interface Reader {
  /** The next line, without its end. With `mayEnd` the end of all counts as an empty one. */
  line(options?: { mayEnd: boolean }): Promise<string>;
  take(length: number): AsyncIterable<Buffer>;
}

function createReader(body: AsyncIterable<Buffer>): Reader {
  const pieces = body[Symbol.asyncIterator]();
  let rest: Buffer = Buffer.alloc(0);

  async function more(): Promise<Buffer | null> {
    const next = await pieces.next();
    return next.done === true ? null : next.value;
  }

  return {
    async line({ mayEnd } = { mayEnd: false }) {
      for (;;) {
        const at = rest.indexOf(LINE_END);
        if (at >= 0) {
          const text = rest.toString('latin1', 0, at);
          rest = rest.subarray(at + 2);
          return text;
        }
        if (rest.length > LONGEST_LINE)
          throw new S3Error('InvalidRequest', 'a line between chunks is too long');
        const next = await more();
        if (next === null) {
          if (mayEnd && rest.length === 0) return '';
          throw new S3Error('IncompleteBody');
        }
        rest = rest.length === 0 ? next : Buffer.concat([rest, next]);
      }
    },
    async *take(length) {
      let left = length;
      while (left > 0) {
        if (rest.length === 0) {
          const next = await more();
          if (next === null) throw new S3Error('IncompleteBody');
          rest = next;
          continue;
        }
        const piece = rest.subarray(0, left);
        rest = rest.subarray(piece.length);
        left -= piece.length;
        yield piece;
      }
    },
  };
}
