import { randomUUID } from 'node:crypto';
import { OpenAPIHono } from '@hono/zod-openapi';
import type { Context, MiddlewareHandler } from 'hono';
import { sleepUnless } from '../../base/async/abort.ts';
import { AichorError } from '../../errors.ts';
import type { Log } from '../ports.ts';
import type { KeyStore } from '../people/keys.ts';
import type { UseCases } from '../use-cases.ts';
import { admitOwner, demandKey, demandRight } from './api-key.ts';
import { errorResponse, isUnexpected } from './error-response.ts';
import { readJsonBody } from './json-body.ts';
import { packAnswers } from './pack-answers.ts';
import { refuseQuery, refuseUnfit } from './unfit.ts';
import type { Api, RequestEnv, Serving } from './routes/api.ts';
import { bulkRoutes } from './routes/bulk.ts';
import { engineRoutes } from './routes/engines.ts';
import { keyRoutes } from './routes/keys.ts';
import { experimentRoutes } from './routes/experiments.ts';
import { serverRoutes } from './routes/server.ts';
import { snapshotRoutes } from './routes/snapshots.ts';
import { storageRoutes } from './routes/storage.ts';
import { streamRoutes } from './routes/streams.ts';
import { sweepRoutes } from './routes/sweeps.ts';

export interface AppOptions {
  uses: UseCases;
  serving: Serving;
  /** Null: whoever can connect may do everything (the unix socket, 0600). */
  apiKey: string | null;
  /** Keys of people. */
  keys: KeyStore;
  /** Waits before a wrong key is answered; only tests bring their own. */
  holdBack?: (ms: number) => Promise<unknown>;
}

/** The control plane's HTTP contract as a value: it does not listen. */
export function createApp({ uses, serving, apiKey, keys, holdBack }: AppOptions): Api {
  const { log, closing } = serving;
  const wait = holdBack ?? ((ms: number) => sleepUnless(closing, ms));
  const app: Api = new OpenAPIHono<RequestEnv>({ defaultHook: refuseUnfit }).basePath('/v1');
  app.use(logged(log));
  app.use(apiKey === null ? admitOwner() : demandKey({ key: apiKey, keys, log, holdBack: wait }));
  app.use(demandRight());
  // Without a schema: the document of the contract, and listings as lines.
  for (const path of ['/openapi.json', '/snapshots']) app.use(path, refuseQuery);
  app.use(packAnswers());
  app.use(readJsonBody());
  for (const deed of ['cancel', 'delete', 'prune'])
    app.post(`/experiments/${deed}`, async (_c, next) => {
      serving.makeRoom?.();
      await next();
    });
  serverRoutes(app, uses, serving);
  keyRoutes(app, keys, log);
  engineRoutes(app, uses);
  snapshotRoutes(app, uses);
  bulkRoutes(app, uses);
  streamRoutes(app, uses, serving);
  experimentRoutes(app, uses);
  sweepRoutes(app, uses);
  storageRoutes(app, uses, serving);
  app.doc31('/openapi.json', {
    openapi: '3.1.0',
    info: { title: 'aichor control plane', version: serving.version },
  });
  app.notFound((c) => {
    throw new AichorError('not_found', `there is nothing at ${c.req.method} ${c.req.path}`, {
      hint: 'see /v1/openapi.json',
    });
  });
  app.onError((error, c) => answerError(log, error, c));
  return app;
}

/** Gives the request its id, and leaves a line in the log for those that change something. */
function logged(log: Log): MiddlewareHandler<RequestEnv> {
  return async (c, next) => {
    const requestId = randomUUID();
    c.set('requestId', requestId);
    await next();
    const { method, path } = c.req;
    if (method !== 'GET') log.info({ request_id: requestId, method, path, status: c.res.status }, 'request');
  };
}

function answerError(log: Log, error: unknown, c: Context<RequestEnv>) {
  const requestId = c.get('requestId');
  if (isUnexpected(error))
    log.error({ err: error, request_id: requestId, path: c.req.path }, 'request failed');
  const { body, status } = errorResponse(error, requestId);
  return c.json(body, status);
}
