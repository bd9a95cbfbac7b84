import type { Context } from 'hono';
import { AichorError } from '../../errors.ts';
import type { RequestEnv } from './routes/api.ts';

/**
 * The cookie of a browser's session. Behind https its name begins with `__Host-`, which browsers take from nobody but
 * this very host; whether that is so is told by a setting, not by a header that anybody may send.
 */
export interface SessionCookie {
  read(c: Context<RequestEnv>): string | null;
  set(c: Context<RequestEnv>, token: string, seconds: number): void;
  clear(c: Context<RequestEnv>): void;
}

/** What is stripped of requests before they are handed on to what runs in an experiment. */
export const OWN_COOKIES = /^(?:__Host-)?aichor-/;

const NAME = 'aichor-session';

/** Whether a `Cookie` header has one, good or not. */
export function carriesSession(header: string | undefined): boolean {
  return header?.includes(`${NAME}=`) === true;
}

export function sessionCookie({ isSecure }: { isSecure: boolean }): SessionCookie {
  const name = isSecure ? `__Host-${NAME}` : NAME;
  const line = (value: string, seconds: number) =>
    `${name}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`;
  return {
    read(c) {
      const all = (c.req.header('cookie') ?? '').split(/;\s*/);
      const found = all.find((each) => each.startsWith(`${name}=`));
      return found === undefined ? null : found.slice(name.length + 1);
    },
    set: (c, token, seconds) => c.header('set-cookie', line(token, seconds)),
    clear: (c) => c.header('set-cookie', line('', 0)),
  };
}

/**
 * A browser sends the cookie whoever made the page that asks. Only the console's own pages may, and what changes something comes
 * as JSON, which no form can send. Throws AichorError `forbidden`.
 */
export function refuseOtherSites(c: Context<RequestEnv>): void {
  const site = c.req.header('sec-fetch-site');
  const isReading = c.req.method === 'GET' || c.req.method === 'HEAD';
  if (c.env.upgrade !== undefined) throw foreign('a session opens no WebSocket');
  if (isReading) {
    if (site === undefined || site === 'same-origin' || site === 'none') return;
    throw foreign('another site asks for it');
  }
  if (!(site === undefined ? isOwnOrigin(c) : site === 'same-origin'))
    throw foreign('another site asks for it');
  const media = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (media !== 'application/json') throw foreign('what a page sends is application/json');
}

/** Ports are part of it: pages of experiments are served on others. */
function isOwnOrigin(c: Context<RequestEnv>): boolean {
  const origin = c.req.header('origin');
  const host = c.req.header('host');
  return origin !== undefined && host !== undefined && URL.canParse(origin) && new URL(origin).host === host;
}

function foreign(why: string): AichorError {
  return new AichorError('forbidden', `a browser's session was refused: ${why}`, {
    hint: 'open the console itself: aichor console',
  });
}
