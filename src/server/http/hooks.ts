import type { IncomingMessage, ServerResponse } from 'node:http';
import { finished } from 'node:stream/promises';
import { crashPoint } from '../../base/io/crash-point.ts';
import { isAichorError } from '../../errors.ts';
import type { Hooks } from '../hooks/hooks.ts';
import type { HookRequest } from '../hooks/providers.ts';
import type { Meter } from '../monitor/meter.ts';
import type { Log } from '../ports.ts';
import { cannotWriteNow } from '../store/database.ts';
import { REQUEST_ID } from './request-id.ts';

/** GitHub sends nothing that is larger. */
const LARGEST = 25 << 20;
/** So much is read of what is for no hook. */
const SHORT = 1 << 20;
/** What all deliveries that are being read may take of memory together. */
const MOST_HELD = 4 * LARGEST;
/** How long one may take to come: hosts of Git give up after ten seconds. */
const COMES_MS = 30_000;

interface Handling {
  hooks: Pick<Hooks, 'isThere' | 'take'>;
  log: Log;
  meter: Meter | null;
  /** Bounds; only tests bring their own. */
  bounds?: { held: number; comesMs: number };
}

/** What is between all that are read at once. */
interface Reading extends Handling {
  bounds: { held: number; comesMs: number };
  /** Bytes that are held now. */
  held: number;
}

/** Answers `POST /hooks/<id>`; everything else is left to others (false). */
export function createHookHandler(handling: Handling) {
  const by: Reading = { bounds: { held: MOST_HELD, comesMs: COMES_MS }, ...handling, held: 0 };
  return (incoming: IncomingMessage, outgoing: ServerResponse): boolean => {
    const hook = /^\/hooks\/([\w-]{1,100})\/?(?:\?|$)/.exec(incoming.url ?? '')?.[1];
    if (hook === undefined) return false;
    if (incoming.method !== 'POST') answer(outgoing, 405, { why: 'a hook takes POST' });
    else void take(by, { hook, incoming, outgoing });
    return true;
  };
}

async function take(
  by: Reading,
  { hook, incoming, outgoing }: { hook: string; incoming: IncomingMessage; outgoing: ServerResponse },
): Promise<void> {
  const { hooks, log, meter } = by;
  const began = performance.now();
  const request_id = outgoing.getHeader(REQUEST_ID);
  outgoing.once('finish', () =>
    meter?.answered({
      route: 'POST /hooks/{id}',
      status: outgoing.statusCode,
      seconds: (performance.now() - began) / 1000,
    }),
  );
  const late = setTimeout(
    () => refuse(outgoing, 408, 'it took too long to come; send it again'),
    by.bounds.comesMs,
  );
  const kept: Kept = { bytes: 0 };
  try {
    if (!hooks.isThere(hook)) {
      // Anybody may send: nothing of it is kept, and what is long is not read. A short one is, so that the answer is.
      if (Number(incoming.headers['content-length']) <= SHORT) await finished(incoming.resume());
      return refuse(outgoing, 404, 'there is no such hook');
    }
    const body = await readAll(by, incoming, kept);
    clearTimeout(late);
    if (outgoing.headersSent) return;
    if (body === 'too large') return answer(outgoing, 413, { why: 'it is larger than 25 MB' });
    if (body === 'too many') {
      outgoing.setHeader('retry-after', 10);
      return refuse(outgoing, 503, 'too much is being sent to hooks now; send it again');
    }
    const { status, body: said } = await hooks.take(hook, { headers: headersOf(incoming), body });
    crashPoint('delivery-written');
    const { decision, delivery_id } = said;
    answer(outgoing, status, said);
    log.info({ request_id, delivery: delivery_id, decision, status }, 'a hook was called');
  } catch (error) {
    // The client went away, or was too late.
    if (outgoing.destroyed || outgoing.headersSent) return;
    log.error({ err: error, request_id }, 'a delivery could not be taken');
    const isLater = cannotWriteNow(error) || isAichorError(error);
    answer(outgoing, isLater ? 503 : 500, { why: 'it could not be written down; send it again' });
  } finally {
    clearTimeout(late);
    by.held -= kept.bytes;
  }
}

/** What a request has of `Reading.held`. */
interface Kept {
  bytes: number;
}

async function readAll(
  by: Reading,
  incoming: IncomingMessage,
  kept: Kept,
): Promise<Buffer | 'too large' | 'too many'> {
  const parts: Buffer[] = [];
  let refused: 'too large' | 'too many' | null = null;
  for await (const part of incoming) {
    // Read to its end, so that the answer is read; but not kept.
    if (refused !== null) continue;
    if (kept.bytes + part.length > LARGEST) refused = 'too large';
    else if (by.held + part.length > by.bounds.held) refused = 'too many';
    else {
      parts.push(part);
      kept.bytes += part.length;
      by.held += part.length;
      continue;
    }
    parts.length = 0;
    by.held -= kept.bytes;
    kept.bytes = 0;
  }
  return refused ?? Buffer.concat(parts);
}

function headersOf({ headers }: IncomingMessage): HookRequest['headers'] {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  );
}

/** Without what still comes of it: the connection is closed behind the answer. */
function refuse(outgoing: ServerResponse, status: number, why: string): void {
  if (outgoing.headersSent || outgoing.destroyed) return;
  outgoing.setHeader('connection', 'close');
  answer(outgoing, status, { delivery_id: null, decision: 'unknown', why });
}

function answer(outgoing: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  outgoing.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'x-content-type-options': 'nosniff',
  });
  // Whatever happens from here on, what was sent has been taken.
  outgoing.end(text, () => crashPoint('delivery-answered'));
}
