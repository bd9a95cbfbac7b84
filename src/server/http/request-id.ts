import { randomUUID } from 'node:crypto';

/** Header of every answer; the same id stands in error documents and in the server's log. */
export const REQUEST_ID = 'x-request-id';

/** What a proxy in front may have given the request already. */
const FORM = /^[\w.-]{8,100}$/;

/** The id of a request: the one that it came with, where that is fit for a log, else a new one. */
export function requestIdOf(given: string | string[] | undefined): string {
  return typeof given === 'string' && FORM.test(given) ? given : randomUUID();
}
