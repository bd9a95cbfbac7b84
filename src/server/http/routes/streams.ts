import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { experimentRef, logQuery, watchQuery } from '../../../api/contract.ts';
import type { UseCases } from '../../use-cases.ts';
import { describeRoute, failure, type Api, type RequestEnv, type Serving } from './api.ts';
import { EMPTY_LINE, streamed } from './stream.ts';

const BYTES = 'application/octet-stream';
/** Typed as any text: the framework's types take it for JSON, which several lines of it are not. */
const NDJSON: string = 'application/x-ndjson';

const watchRoute = describeRoute({
  method: 'get',
  path: '/watch',
  summary: 'The present state of experiments, then each change, one JSON object a line',
  request: { query: watchQuery },
  responses: {
    200: { description: 'Summaries of experiments', content: { [NDJSON]: { schema: z.string() } } },
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

export function streamRoutes(api: Api, uses: UseCases, serving: Serving): void {
  const surroundings = (c: Context<RequestEnv>) => ({
    closing: serving.closing,
    connection: c.env.outgoing,
    accepted: c.req.header('accept-encoding'),
    onError: (error: unknown) =>
      serving.log.error({ err: error, request_id: c.get('requestId'), path: c.req.path }, 'a stream broke'),
  });
  api.openapi(watchRoute, (c) => {
    const query = c.req.valid('query');
    return streamed((gone) => ndjson(uses.watch(query, gone)), {
      type: NDJSON,
      beat: EMPTY_LINE,
      ...surroundings(c),
    });
  });
  api.openapi(logsRoute, async (c) => {
    const query = c.req.valid('query');
    const logs = await uses.experimentLogs(c.req.valid('param').ref, query);
    return streamed(logs, {
      type: query.raw ? BYTES : NDJSON,
      beat: query.raw ? null : EMPTY_LINE,
      ...surroundings(c),
    });
  });
}

async function* ndjson(documents: AsyncIterable<object>): AsyncGenerator<Uint8Array> {
  for await (const document of documents) yield Buffer.from(`${JSON.stringify(document)}\n`);
}
