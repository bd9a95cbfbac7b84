import type { MiddlewareHandler } from 'hono';
import { encodingFor } from './compress.ts';
import type { RequestEnv } from './routes/api.ts';

/** Below that, packing costs more than it saves. */
const WORTH_BYTES = 1024;

/** Packs JSON for whoever asks for it (`Accept-Encoding`). Streams pack themselves: they know when to flush. */
export function packAnswers(): MiddlewareHandler<RequestEnv> {
  return async (c, next) => {
    await next();
    const encoding = encodingFor(c.req.header('accept-encoding'));
    const { res } = c;
    if (encoding === null || !res.headers.get('content-type')?.startsWith('application/json')) return;
    const body = new Uint8Array(await res.arrayBuffer());
    const headers = new Headers(res.headers);
    headers.append('vary', 'accept-encoding');
    headers.delete('content-length');
    const isWorth = body.byteLength >= WORTH_BYTES;
    if (isWorth) headers.set('content-encoding', encoding.name);
    // The framework would merge the headers of the answer that is replaced into the new one.
    c.res = undefined;
    c.res = new Response(isWorth ? await encoding.whole(body) : body, { status: res.status, headers });
  };
}
