import { isUtf8 } from 'node:buffer';
import type { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { Context, MiddlewareHandler } from 'hono';
import { AichorError } from '../../errors.ts';
import type { RequestEnv } from './routes/api.ts';

/** From here on a body is worth a turn of the event loop. */
const LARGE = 1024 * 1024;
/** Largest JSON that is read: a larger document keeps everybody waiting while it is. */
const JSON_LIMIT = 8 * 1024 * 1024;

/**
 * Reads what a POST request brings, which is JSON in UTF-8 or nothing. It is taken from the socket itself: the
 * framework's own way, a web stream, costs as much as the rest of a small request.
 */
export function readJsonBody(): MiddlewareHandler<RequestEnv> {
  return async (c, next) => {
    // Listings as lines are read one after another, by who takes them.
    if (c.req.method === 'POST' && mediaOf(c) !== LINES) await keepBody(c);
    await next();
  };
}

/** A listing as lines of JSON. */
export const LINES = 'application/x-ndjson';

/** What a request says that it brings, without parameters. */
export function mediaOf(c: Context<RequestEnv>): string | undefined {
  return c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase();
}

async function keepBody(c: Context<RequestEnv>): Promise<void> {
  if (Number(c.req.header('content-length') ?? 0) > JSON_LIMIT) throw tooLarge();
  const { incoming } = c.env;
  const bytes = incoming === undefined ? Buffer.from(await c.req.arrayBuffer()) : await readAll(incoming);
  if (bytes.byteLength === 0) {
    // Routes that need no body are asked without one; the others say that it is missing.
    return keepText(c, '');
  }
  refuseOtherMedia(c.req.header('content-type'), c.req.header('content-encoding'));
  keepText(c, decodeUtf8(bytes));
  // Large ones take a while to be put together, and again to be parsed: others run in between.
  if (bytes.byteLength > LARGE) await setImmediate();
}

/** Where the framework's `c.req.json()` looks first: it keeps promises there, whatever its types say. */
function keepText(c: Context<RequestEnv>, text: string): void {
  Object.assign(c.req.bodyCache, { text: Promise.resolve(text) });
}

async function readAll(incoming: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    // What is refused is answered before the client has sent everything: the connection must stay.
    for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
      size += chunk.length;
      if (size > JSON_LIMIT) throw tooLarge();
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof AichorError) throw error;
    throw new AichorError('usage', 'the request ended before its body was complete', {
      hint: 'send it again',
      cause: error,
    });
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}

function decodeUtf8(bytes: Buffer): string {
  if (!isUtf8(bytes))
    throw new AichorError('usage', 'the body of the request is not text in UTF-8', {
      hint: 'send JSON in UTF-8',
    });
  // Some begin a text with the mark of its encoding, which is no part of JSON.
  return bytes.toString('utf8').replace(/^\uFEFF/, '');
}

/** What a request brings, or how it is packed, is nothing that is understood here: 415. */
export class UnknownMedia extends AichorError {
  constructor(message: string, hint: string) {
    super('usage', message, { hint });
  }
}

function refuseOtherMedia(type: string | undefined, encoding: string | undefined): void {
  const [media = '', ...parameters] = (type ?? '').split(';').map((part) => part.trim().toLowerCase());
  const charset = parameters.find((parameter) => parameter.startsWith('charset='));
  const isUtf8 = charset === undefined || /^charset="?utf-?8"?$/.test(charset);
  if (!/^application\/(?:[\w.+-]+\+)?json$/.test(media) || !isUtf8) {
    const what =
      type === undefined ? 'a body without a content type' : `the content type ${JSON.stringify(type)}`;
    throw new UnknownMedia(`${what} is not understood here`, 'send application/json, in UTF-8');
  }
  if (encoding !== undefined && encoding !== 'identity')
    throw new UnknownMedia(
      `the content encoding ${JSON.stringify(encoding)} is not understood here`,
      'send JSON without an encoding',
    );
}

function tooLarge(): AichorError {
  return new AichorError('too_large', `the request is larger than ${JSON_LIMIT / 1024 / 1024} MB`, {
    hint: `a listing may come as lines of JSON of any length (${LINES}; see /v1/openapi.json)`,
  });
}
