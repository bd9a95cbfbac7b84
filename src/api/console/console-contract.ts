import { z } from 'zod';
import { STATUSES } from '../../experiment/status.ts';
import { listQuery } from '../contract.ts';
import { identity } from '../key-contract.ts';

/** What only the console asks for, and the command that opens it. */

/** `POST /v1/console`: where a browser of whoever asks finds the console, and is known. */
export const consoleOpened = z.object({
  /** Good once, and for a minute; the address without what stands behind `#` is good for ever. */
  url: z.string(),
});

/** `POST /v1/session`: with the code that stood in the address, or with a key. */
export const signIn = z.union([
  z.strictObject({ code: z.string().min(1).max(200) }),
  z.strictObject({ key: z.string().min(1).max(4096) }),
]);

/** `GET /v1/session`: who asks, and what the console is part of. */
export const consoleSession = identity.extend({
  version: z.string(),
  /** Whether the control plane is this user's own, on this machine. */
  is_embedded: z.boolean(),
});

/** `GET /v1/counts`: the conditions of a list; the page and the order make no difference. */
export const countsQuery = listQuery.omit({ status: true, sort: true, limit: true, cursor: true });

/** How many experiments there are in each status. */
export const statusCounts = z.object({
  counts: z.record(z.enum(STATUSES), z.int()),
});

export type ConsoleOpened = z.infer<typeof consoleOpened>;
export type SignIn = z.infer<typeof signIn>;
export type ConsoleSession = z.infer<typeof consoleSession>;
export type CountsQuery = z.infer<typeof countsQuery>;
export type StatusCounts = z.infer<typeof statusCounts>;
