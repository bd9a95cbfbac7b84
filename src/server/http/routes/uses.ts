import type { Context } from 'hono';
import type { UseCases } from '../../use-cases.ts';
import type { RequestEnv } from './api.ts';

/** What whoever sent this request can ask for: nothing of projects that their key is not for. */
export function usesOf(c: Context<RequestEnv>): UseCases {
  // Typed here, because use cases know of what listens, and that of routes.
  return c.get('uses') as UseCases;
}
