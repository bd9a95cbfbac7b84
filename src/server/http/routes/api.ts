import type { HttpBindings } from '@hono/node-server';
import { createRoute, type OpenAPIHono, type RouteConfig } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { WebSocket } from 'ws';
import { z } from 'zod';
import { errorBody } from '../../../api/error-body.ts';
import type { Caller } from '../../people/caller.ts';
import type { IsStillIn } from '../../people/stay.ts';
import type { Log } from '../../ports.ts';

/** What a route does with the WebSocket that it was asked for. */
export type TakeSocket = (socket: WebSocket) => void;

/** What routes see of a request beside its parts. */
export interface RequestEnv {
  /** Absent when a test calls the app without a socket. */
  Bindings: Partial<HttpBindings> & { upgrade?: (take: TakeSocket) => void };
  Variables: {
    requestId: string;
    caller: Caller;
    /** Whose sessions this caller's browser would have (`http/admission.ts`); null: nobody's. */
    holder: string | null;
    /** What lasts ends when this no longer holds. */
    isStillIn: IsStillIn;
    /** What this caller can ask for (`usesOf`). */
    uses: object;
  };
}

export type Api = OpenAPIHono<RequestEnv>;

const noQuery = z.strictObject({});

/**
 * A route of the contract. One that says nothing of a query takes none: a parameter that nobody reads is refused, as
 * whoever sent it believes that it does something.
 */
export function describeRoute<const R extends RouteConfig>(route: R) {
  return createRoute({ ...route, request: { query: noQuery, ...route.request } } as R);
}

/** Fields of a route's description that nearly every route has. */
export function answers<T extends z.ZodType>(schema: T, description: string) {
  return { description, content: { 'application/json': { schema } } };
}

export const failure = answers(errorBody, 'What went wrong, and what to do about it');

export function json<T extends z.ZodType>(schema: T) {
  return { required: true, content: { 'application/json': { schema } } };
}

/** Aborted when nobody waits for the answer any more. */
export function goneSignal(c: Context<RequestEnv>): AbortSignal {
  const { outgoing } = c.env;
  if (outgoing === undefined) return c.req.raw.signal;
  const gone = new AbortController();
  outgoing.once('close', () => gone.abort());
  return gone.signal;
}

/** The server around the use cases, as far as routes have to do with it. */
export interface Serving {
  version: string;
  pid: number;
  log: Log;
  /** Aborted when the server goes: streams end then. */
  closing: AbortSignal;
  /** Makes the server leave, after the present request was answered. */
  stop(): void;
  /** Called before something is done that makes room on the disk, which may be full. */
  makeRoom?(): void;
  /** Where browsers find the console, which is served from then on; null: this server has none. */
  console(): Promise<string | null>;
}
