/**
 * An iterable of bytes as the body of a response, pulled as the reader reads. `gone` is aborted when the reader has
 * gone away; the iterable ends then. One that fails breaks the connection, so that it never looks like an end.
 */
export function streamed(
  make: (gone: AbortSignal) => AsyncIterable<Uint8Array>,
  { type, closing }: { type: string; closing: AbortSignal },
): Response {
  const reader = new AbortController();
  const gone = AbortSignal.any([reader.signal, closing]);
  const iterator = make(gone)[Symbol.asyncIterator]();
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const next = await iterator.next();
        if (next.done) controller.close();
        else controller.enqueue(next.value);
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
