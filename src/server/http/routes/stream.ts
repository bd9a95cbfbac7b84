/** The connection of a response, where there is one: destroying it is the only way to end a body that is not whole. */
interface Connection {
  destroy(): unknown;
}

interface StreamOptions {
  type: string;
  /** Aborted when the server goes. */
  closing: AbortSignal;
  connection: Connection | undefined;
  onError(error: unknown): void;
}

/**
 * An iterable of bytes as the body of a response, pulled as the reader reads. `gone` is aborted when the reader has
 * gone away; the iterable ends then. When it fails, or the server goes, the connection is broken: a body that is not
 * whole must never look like one.
 */
export function streamed(
  make: (gone: AbortSignal) => AsyncIterable<Uint8Array>,
  { type, closing, connection, onError }: StreamOptions,
): Response {
  const reader = new AbortController();
  const gone = AbortSignal.any([reader.signal, closing]);
  const iterator = make(gone)[Symbol.asyncIterator]();
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const next = await iterator.next();
          closing.throwIfAborted();
          if (next.done) controller.close();
          else controller.enqueue(next.value);
        } catch (error) {
          if (!gone.aborted) onError(error);
          connection?.destroy();
          controller.error(error);
        }
      },
      async cancel() {
        reader.abort();
        await iterator.return?.();
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(body, { headers: { 'content-type': type, 'cache-control': 'no-store' } });
}
