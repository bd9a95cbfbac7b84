import { OpenAPIHono } from '@hono/zod-openapi';
import type { Context, MiddlewareHandler } from 'hono';
import { sleepUnless } from '../../base/async/abort.ts';
import type { Meter } from '../monitor/meter.ts';
import { PROBES, routeFor } from '../people/rights.ts';
import type { Log } from '../ports.ts';
import type { KeyStore } from '../people/keys.ts';
import type { Sessions } from '../people/sessions.ts';
import type { AuditTable } from '../store/tables/audit.ts';
import type { UseCases } from '../use-cases.ts';
import { createDoorkeeper, demandRight, nothingAt, type Admitting } from './admission.ts';
import { errorResponse, isUnexpected } from './error-response.ts';
import { readJsonBody } from './json-body.ts';
import { packAnswers } from './pack-answers.ts';
import { REQUEST_ID, requestIdOf } from './request-id.ts';
import { refuseQuery, refuseUnfit } from './unfit.ts';
import type { Api, RequestEnv, Serving } from './routes/api.ts';
import { execRoutes } from './routes/exec.ts';
import { auditRoutes } from './routes/people/audit.ts';
import { bulkRoutes } from './routes/bulk.ts';
import { consoleRoutes } from './routes/people/console.ts';
import { engineRoutes } from './routes/engines.ts';
import { keyRoutes } from './routes/people/keys.ts';
import { experimentRoutes } from './routes/experiments.ts';
import { hookRoutes } from './routes/people/hooks.ts';
import { projectRoutes } from './routes/people/projects.ts';
import { probeRoutes } from '../monitor/probes.ts';
import { serverRoutes } from './routes/server.ts';
import { snapshotRoutes } from './routes/snapshots.ts';
import { storageRoutes } from './routes/storage.ts';
import { streamRoutes } from './routes/streams.ts';
import { sweepRoutes } from './routes/sweeps.ts';

export interface AppOptions {
  uses: UseCases;
  serving: Serving;
  /** Who is let in by what. */
  door: Admitting['door'];
  /** The key of a team's server; null: the embedded one has none. */
  apiKey: string | null;
  /** Keys of people. */
  keys: KeyStore;
  /** Of browsers. */
  sessions: Sessions;
  /** Whether they come by https. */
  isSecure?: boolean;
  /** Where the console is, for a host that has none (`console/team.ts`). */
  consoleElsewhere?: (host: string) => string | null;
  audit: AuditTable;
  /** What is counted, and whether that is told without a key. */
  monitor: { meter: Meter | null; isOpen: boolean };
  /** Waits before a wrong key is answered; only tests bring their own. */
  holdBack?: (ms: number) => Promise<unknown>;
}

/** The control plane's HTTP contract as a value: it does not listen. */
export function createApp({ uses, serving, apiKey, keys, audit, monitor, holdBack, ...at }: AppOptions): Api {
  const { log, closing } = serving;
  const doorkeeper = createDoorkeeper({
    key: apiKey,
    keys,
    door: at.door,
    sessions: at.sessions,
    isSecure: at.isSecure ?? false,
    consoleElsewhere: at.consoleElsewhere ?? (() => null),
    openMetrics: monitor.isOpen,
    log,
    holdBack: holdBack ?? ((ms: number) => sleepUnless(closing, ms)),
  });
  const root: Api = new OpenAPIHono<RequestEnv>({ defaultHook: refuseUnfit });
  root.use(noted(log, monitor.meter));
  root.use(harmlessAnswers());
  for (const path of ['/v1/*', ...PROBES.map((route) => route.slice('GET '.length))])
    root.use(path, doorkeeper.admit, demandRight());
  probeRoutes(root, { uses, serving, ...monitor });
  const app: Api = root.basePath('/v1');
  app.use(async (c, next) => {
    const caller = c.get('caller');
    c.set('uses', caller.projects === null ? uses : uses.seenBy(caller));
    await next();
  });
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
  consoleRoutes(app, doorkeeper, { serving, isEmbedded: apiKey === null });
  keyRoutes(app, keys, log);
  auditRoutes(app, audit);
  projectRoutes(app);
  hookRoutes(app);
  engineRoutes(app);
  snapshotRoutes(app);
  bulkRoutes(app);
  streamRoutes(app, serving);
  execRoutes(app, serving);
  experimentRoutes(app);
  sweepRoutes(app);
  storageRoutes(app, serving);
  app.doc31('/openapi.json', {
    openapi: '3.1.0',
    info: { title: 'aichor control plane', version: serving.version },
  });
  // Answered, not thrown: where no other route is asked, an error would pass by what gives answers their id.
  root.notFound((c) => answerError(log, nothingAt(c), c));
  root.onError((error, c) => answerError(log, error, c));
  return root;
}

/** Gives the request its id, counts it, and leaves a line in the log for those that change something. */
function noted(log: Log, meter: Meter | null): MiddlewareHandler<RequestEnv> {
  return async (c, next) => {
    // The listener has given it one; a test that calls the app has none.
    const given = c.env.outgoing?.getHeader(REQUEST_ID)?.toString() ?? c.req.header(REQUEST_ID);
    const requestId = requestIdOf(given);
    c.set('requestId', requestId);
    const began = performance.now();
    await next();
    // Set where the answer keeps its headers: the framework's `header()` makes the whole answer anew, and reads its body for it.
    c.res.headers.set(REQUEST_ID, requestId);
    const { method, path } = c.req;
    const [{ status }, ms] = [c.res, performance.now() - began];
    const route = routeFor(method, path.replace(/^\/v1(?=\/)/, '')) ?? 'other';
    meter?.answered({ route, status, seconds: ms / 1000 });
    if (method === 'GET' || method === 'HEAD') return;
    const by = c.get('caller')?.name ?? null;
    log.info({ request_id: requestId, method, path, status, by, ms: Math.round(ms) }, 'request');
  };
}

/** What experiments wrote: whoever opens it in a browser saves it. */
const SAVED: ReadonlySet<string> = new Set(['application/octet-stream', 'application/x-tar']);

/**
 * What a browser must not make of an answer: a page, a script, part of another site's. Whatever stands in files and logs comes from
 * experiments.
 */
function harmlessAnswers(): MiddlewareHandler<RequestEnv> {
  return async (c, next) => {
    await next();
    const { headers } = c.res;
    headers.set('x-content-type-options', 'nosniff');
    headers.set('content-security-policy', "default-src 'none'; frame-ancestors 'none'; sandbox");
    headers.set('cross-origin-resource-policy', 'same-origin');
    headers.set('referrer-policy', 'no-referrer');
    if (SAVED.has(headers.get('content-type') ?? '')) headers.set('content-disposition', 'attachment');
    if (!headers.has('cache-control')) headers.set('cache-control', 'no-store');
  };
}

function answerError(log: Log, error: unknown, c: Context<RequestEnv>) {
  const requestId = c.get('requestId');
  if (isUnexpected(error))
    log.error({ err: error, request_id: requestId, path: c.req.path }, 'request failed');
  const { body, status } = errorResponse(error, requestId);
  return c.json(body, status);
}
