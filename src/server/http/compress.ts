import { promisify } from 'node:util';
import * as zlib from 'node:zlib';

/** How an answer can be packed, by its name in `Accept-Encoding`. */
export interface Encoding {
  name: 'zstd' | 'br' | 'gzip';
  whole(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>>;
  stream(): zlib.Gzip | zlib.BrotliCompress;
  /** What makes a stream give out all that it has been given. */
  flush: number;
}

const { constants } = zlib;
/** Answers are packed while somebody waits for them: quickly, and well enough for text that repeats itself. */
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } };
const GZIP = { level: 4 };

/** `ZSTD_e_flush` of the format's own library. */
const ZSTD_FLUSH = 1;

/** The best first. Node has zstd from 22.15 on; earlier ones do not name it. */
const ENCODINGS: readonly Encoding[] = [
  ...zstd(),
  {
    name: 'br',
    whole: (bytes) =>
      promisify<Uint8Array, zlib.BrotliOptions, Buffer<ArrayBuffer>>(zlib.brotliCompress)(bytes, BROTLI),
    stream: () => zlib.createBrotliCompress(BROTLI),
    flush: constants.BROTLI_OPERATION_FLUSH,
  },
  {
    name: 'gzip',
    whole: (bytes) => promisify<Uint8Array, zlib.ZlibOptions, Buffer<ArrayBuffer>>(zlib.gzip)(bytes, GZIP),
    stream: () => zlib.createGzip(GZIP),
    flush: constants.Z_SYNC_FLUSH,
  },
];

/** What the types of the oldest Node do not have. */
interface ZlibOfNode {
  gzip: unknown;
  zstdCompress?: (
    bytes: Uint8Array,
    done: (error: Error | null, packed: Buffer<ArrayBuffer>) => void,
  ) => void;
  createZstdCompress?: () => zlib.Gzip;
}

function zstd(): Encoding[] {
  const { zstdCompress, createZstdCompress }: ZlibOfNode = zlib;
  if (zstdCompress === undefined || createZstdCompress === undefined) return [];
  return [
    {
      name: 'zstd',
      whole: promisify(zstdCompress),
      stream: createZstdCompress,
      flush: ZSTD_FLUSH,
    },
  ];
}

/** The best encoding that `Accept-Encoding` asks for by its name; null: the answer goes as it is. */
export function encodingFor(accepted: string | undefined): Encoding | null {
  if (!accepted) return null;
  const asked = new Map(
    accepted.split(',').map((item) => {
      const [name = '', ...parameters] = item.split(';').map((part) => part.trim().toLowerCase());
      const weight = parameters.find((parameter) => parameter.startsWith('q='));
      return [name, weight === undefined ? 1 : Number(weight.slice(2))] as const;
    }),
  );
  return ENCODINGS.find(({ name }) => (asked.get(name) ?? 0) > 0) ?? null;
}

/** A stream, packed. What was given in is out again before the next chunk is asked for: followers wait for nothing. */
export async function* packed(
  chunks: AsyncIterable<Uint8Array>,
  { stream, flush }: Encoding,
): AsyncGenerator<Uint8Array> {
  const packer = stream();
  let ready: Uint8Array[] = [];
  let failure: unknown = null;
  packer.on('data', (chunk: Uint8Array) => ready.push(chunk)).on('error', (error) => (failure ??= error));
  const taken = function* (): Generator<Uint8Array> {
    if (failure !== null) throw failure;
    const now = ready;
    ready = [];
    yield* now;
  };
  try {
    for await (const chunk of chunks) {
      packer.write(chunk);
      await new Promise<void>((resolve) => packer.flush(flush, () => resolve()));
      yield* taken();
    }
    const ended = new Promise((resolve) => packer.once('end', resolve).once('error', resolve));
    packer.end();
    await ended;
    yield* taken();
  } finally {
    packer.destroy();
  }
}
