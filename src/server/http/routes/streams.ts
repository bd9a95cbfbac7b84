import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { experimentRef, logQuery, watchQuery } from '../../../api/contract.ts';
import { logMatches, logOutline, matchesQuery, outlineQuery } from '../../../api/console/log-contract.ts';
import { eventsQuery } from '../../../api/told/event-contract.ts';
import {
  answers,
  describeRoute,
  failure,
  goneSignal,
  type Api,
  type RequestEnv,
  type Serving,
} from './api.ts';
import { EMPTY_LINE, streamed } from './stream.ts';
import type { Watched } from '../../experiments/watch.ts';
import { usesOf } from './uses.ts';

const BYTES = 'application/octet-stream';
/** Typed as any text: the framework's types take it for JSON, which several lines of it are not. */
const NDJSON: string = 'application/x-ndjson';

/** What a browser's `EventSource` asks for. */
const EVENTS: string = 'text/event-stream';

const watchRoute = describeRoute({
  method: 'get',
  path: '/watch',
  summary: 'The present state of experiments, then each change, one JSON object a line, or an event',
  request: { query: watchQuery },
  responses: {
    200: {
      description: 'Summaries of experiments',
      content: { [NDJSON]: { schema: z.string() }, [EVENTS]: { schema: z.string() } },
    },
    default: failure,
  },
});

const eventsRoute = describeRoute({
  method: 'get',
  path: '/events',
  summary: 'Every change of every experiment, one JSON object a line, behind a sequence',
  request: { query: eventsQuery },
  responses: {
    200: {
      description: 'Changes; {"at":N} and {"end":N} between them are of the stream itself',
      content: { [NDJSON]: { schema: z.string() } },
    },
    default: failure,
  },
});

const logsRoute = describeRoute({
  method: 'get',
  path: '/experiments/{ref}/logs',
  summary: 'Log lines, one JSON object a line, or the exact bytes of a pod',
  request: { params: z.object({ ref: experimentRef }), query: logQuery },
  responses: {
    200: {
      description: 'Lines, or bytes',
      content: { [NDJSON]: { schema: z.string() }, [BYTES]: { schema: z.string() } },
    },
    default: failure,
  },
});

const outlineRoute = describeRoute({
  method: 'get',
  path: '/experiments/{ref}/logs/outline',
  summary: 'How many lines a log has now, and from what',
  request: { params: z.object({ ref: experimentRef }), query: outlineQuery },
  responses: { 200: answers(logOutline, 'Numbers of lines'), default: failure },
});

const matchesRoute = describeRoute({
  method: 'get',
  path: '/experiments/{ref}/logs/matches',
  summary: 'Which lines of a log hold a text',
  request: { params: z.object({ ref: experimentRef }), query: matchesQuery },
  responses: { 200: answers(logMatches, 'Their numbers, from the first on'), default: failure },
});

export function streamRoutes(api: Api, serving: Serving): void {
  const surroundings = (c: Context<RequestEnv>) => ({
    closing: serving.closing,
    isStillIn: c.get('isStillIn'),
    connection: c.env.outgoing,
    accepted: c.req.header('accept-encoding'),
    onError: (error: unknown) =>
      serving.log.error({ err: error, request_id: c.get('requestId'), path: c.req.path }, 'a stream broke'),
  });
  api.openapi(watchRoute, (c) => {
    const query = c.req.valid('query');
    const isEvents = c.req.header('accept')?.includes(EVENTS) === true;
    const { type, beat, encode } = isEvents
      ? { type: EVENTS, beat: COMMENT, encode: eventStream }
      : { type: NDJSON, beat: EMPTY_LINE, encode: ndjson };
    const from = isEvents ? sequenceIn(c.req.header('last-event-id')) : undefined;
    return streamed((gone) => encode(usesOf(c).watch({ ...query, from }, gone)), {
      type,
      beat,
      lasts: true,
      ...surroundings(c),
    });
  });
  api.openapi(eventsRoute, (c) => {
    const query = c.req.valid('query');
    return streamed((gone) => usesOf(c).events(query, gone), {
      type: NDJSON,
      beat: EMPTY_LINE,
      lasts: query.follow,
      ...surroundings(c),
    });
  });
  api.openapi(outlineRoute, async (c) =>
    c.json(await usesOf(c).logOutline(c.req.valid('param').ref, c.req.valid('query')), 200),
  );
  api.openapi(matchesRoute, async (c) => {
    const { ref } = c.req.valid('param');
    return c.json(await usesOf(c).logMatches({ ref, signal: goneSignal(c) }, c.req.valid('query')), 200);
  });
  api.openapi(logsRoute, async (c) => {
    const query = c.req.valid('query');
    const logs = await usesOf(c).experimentLogs(c.req.valid('param').ref, query);
    return streamed(logs, {
      type: query.raw || query.text ? BYTES : NDJSON,
      beat: query.raw || query.text ? null : EMPTY_LINE,
      lasts: query.follow,
      ...surroundings(c),
    });
  });
}

async function* ndjson(changes: AsyncIterable<Watched>): AsyncGenerator<Uint8Array> {
  for await (const { summary } of changes) yield Buffer.from(`${JSON.stringify(summary)}\n`);
}

const COMMENT: Uint8Array = Buffer.from(': still here\n\n');

/** As HTML's server-sent events. The first line goes out at once: who reads knows then that it is connected. */
async function* eventStream(changes: AsyncIterable<Watched>): AsyncGenerator<Uint8Array> {
  yield Buffer.from('retry: 2000\n\n');
  for await (const { summary, seen } of changes) {
    const id = seen === null ? '' : `id: ${seen}\n`;
    yield Buffer.from(`${id}data: ${JSON.stringify(summary)}\n\n`);
  }
}

/** The id of the last event that a browser has had; undefined: none, or none of ours. */
function sequenceIn(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,15}$/.test(header) ? Number(header) : undefined;
}
