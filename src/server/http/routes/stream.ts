import { onAbort } from '../../../base/async/abort.ts';
import { createStay, type IsStillIn } from '../../people/stay.ts';
import { encodingFor, packed } from '../compress.ts';

/** The connection of a response, where there is one: breaking it is the only way to end a body that is not whole. */
interface Connection {
  destroy(): unknown;
  socket: { end(): unknown; once(event: 'close', listener: () => void): unknown } | null;
}

interface StreamOptions {
  type: string;
  /** What the stream says when it has nothing to say: proxies cut what is silent for a minute. Null: nothing (bytes). */
  beat: Uint8Array | null;
  /** `Accept-Encoding` of the request; undefined also where the content is as good as packed. */
  accepted: string | undefined;
  /** Whether it goes on for as long as somebody reads. Then it ends when the server goes; what has an end of its own gets there. */
  lasts: boolean;
  /** Aborted when the server goes. */
  closing: AbortSignal;
  /** Looked at while it lasts: a stream ends with the key or the session of its reader. */
  isStillIn: IsStillIn;
  connection: Connection | undefined;
  onError(error: unknown): void;
}

/**
 * An iterable of bytes as the body of a response, pulled as the reader reads. `gone` is aborted when the reader has
 * gone away; the iterable ends then. When it fails, or its reader is no longer let in, the connection is broken, and when the server
 * goes, it is once all that was read is out: a body that is not whole must never look like one.
 */
export function streamed(
  make: (gone: AbortSignal) => AsyncIterable<Uint8Array>,
  { type, beat, accepted, lasts, closing, isStillIn, connection, onError }: StreamOptions,
): Response {
  const reader = new AbortController();
  const stay = createStay(isStillIn);
  onAbort(stay.over, () => connection?.destroy());
  const gone = lasts ? AbortSignal.any([reader.signal, closing, stay.over]) : reader.signal;
  const encoding = encodingFor(accepted);
  const said = beat === null ? make(gone) : withBeats(make(gone), { beat, afterMs: SILENCE_MS });
  const iterator = (encoding === null ? said : packed(said, encoding))[Symbol.asyncIterator]();
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        // Not before somebody reads: who asks for the head alone never does.
        if (lasts) stay.begin();
        try {
          const next = await iterator.next();
          if (!next.done) return controller.enqueue(next.value);
          if (lasts) closing.throwIfAborted();
          stay.over.throwIfAborted();
          stay.end();
          controller.close();
        } catch (error) {
          stay.end();
          if (!gone.aborted) onError(error);
          if (lasts && closing.aborted) await leave(connection);
          else connection?.destroy();
          controller.error(error);
        }
      },
      async cancel() {
        reader.abort();
        stay.end();
        await iterator.return?.();
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(body, {
    headers: {
      'content-type': type,
      'cache-control': 'no-store',
      ...(encoding !== null && { 'content-encoding': encoding.name, vary: 'accept-encoding' }),
    },
  });
}

/** Ends the connection behind what was written to it; returns when it is closed, by the reader or by the listener's patience. */
async function leave(connection: Connection | undefined): Promise<void> {
  const socket = connection?.socket ?? null;
  if (socket === null) return void connection?.destroy();
  await new Promise<void>((resolve) => {
    socket.once('close', resolve);
    socket.end();
  });
}

/** How long a stream may be silent. */
const SILENCE_MS = 15_000;
/** Between lines of JSON; whoever reads them passes over it. */
export const EMPTY_LINE: Uint8Array = Buffer.from('\n');

/** The chunks, and `beat` whenever none has come for so long. */
export async function* withBeats(
  chunks: AsyncIterable<Uint8Array>,
  { beat, afterMs }: { beat: Uint8Array; afterMs: number },
): AsyncGenerator<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  let next = iterator.next();
  try {
    for (;;) {
      const result = await inTime(next, afterMs);
      if (result === null) yield beat;
      else if (result.done) return;
      else {
        yield result.value;
        next = iterator.next();
      }
    }
  } finally {
    // Nobody waits for it any more.
    next.catch(() => undefined);
    await iterator.return?.();
  }
}

/** What the promise gives; null when it takes longer. */
async function inTime<T>(promise: Promise<T>, ms: number): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => (timer = setTimeout(resolve, ms, null)));
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
