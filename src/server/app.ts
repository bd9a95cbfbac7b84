import { timingSafeEqual } from 'node:crypto';
import { OpenAPIHono } from '@hono/zod-openapi';
import { bodyLimit } from 'hono/body-limit';
import { AichorError } from '../errors.ts';
import type { ControlPlane } from './control-plane.ts';
import { errorResponse, isUnexpected } from './error-response.ts';
import type { Api, RequestEnv } from './routes/api.ts';
import { bulkRoutes } from './routes/bulk.ts';
import { experimentRoutes } from './routes/experiments.ts';
import { serverRoutes } from './routes/server.ts';
import { snapshotRoutes } from './routes/snapshots.ts';
import { streamRoutes } from './routes/streams.ts';

export interface AppOptions {
  /** Null: whoever can connect may do everything (the unix socket, 0600). */
  apiKey: string | null;
}

/** Largest JSON that is read: a listing of some hundred thousand files. */
const JSON_LIMIT = 128 * 1024 * 1024;

/** The control plane's HTTP contract as a value: it does not listen. */
export function createApp(plane: ControlPlane, { apiKey }: AppOptions): Api {
  const app: Api = new OpenAPIHono<RequestEnv>({ defaultHook: refuseUnfit }).basePath('/v1');
  identifyRequests(app, plane);
  if (apiKey !== null) demandKey(app, apiKey);
  limitBodies(app);
  serverRoutes(app, plane);
  snapshotRoutes(app, plane);
  bulkRoutes(app, plane);
  streamRoutes(app, plane);
  experimentRoutes(app, plane);
  app.doc31('/openapi.json', {
    openapi: '3.1.0',
    info: { title: 'aichor control plane', version: plane.version },
  });
  return app;
}
