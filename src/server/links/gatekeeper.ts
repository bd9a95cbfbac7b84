import type { IncomingMessage } from 'node:http';
import type { LinkPlace, LinkRequest } from './link-path.ts';
import type { Passes } from './pass.ts';

/** A pass stands in the first address that a browser opens; from then on it is in a cookie. */
const PARAMETER = 'pass';
const FIRST_SECONDS = 3600;
const COOKIE_SECONDS = 12 * 3600;

/** Whether somebody may come in: `enter` with this cookie, and anew without the pass in the address. */
export type Admission =
  { kind: 'in' } | { kind: 'enter'; cookie: string; path: string } | { kind: 'refused'; why: string };

export interface Gatekeeper {
  /** The path by which a browser gets in, for an hour. */
  pathFor(place: LinkPlace): string;
  admit(incoming: IncomingMessage, link: LinkRequest): Admission;
}

export interface GatekeeperOptions {
  passes: Passes;
  /** Names under which it is served; null: any. Another name was made to lead here by somebody else. */
  hosts: readonly string[] | null;
}

export function createGatekeeper({ passes, hosts }: GatekeeperOptions): Gatekeeper {
  return {
    pathFor: (place) =>
      `${place.prefix}/?${PARAMETER}=${passes.issue(`first ${place.prefix}`, FIRST_SECONDS)}`,
    admit(incoming, link) {
      const { headers } = incoming;
      if (hosts !== null && !hosts.includes(hostName(headers.host ?? '')))
        return { kind: 'refused', why: 'it is not served under this name' };
      if (headers.upgrade !== undefined && !isOwnOrigin(incoming))
        return { kind: 'refused', why: 'another site asks for it' };
      const held = cookieOf(headers.cookie ?? '', cookieName(link));
      if (held !== null && passes.isGood(`cookie ${link.prefix}`, held)) return { kind: 'in' };
      const { pass, path } = takePass(link);
      if (pass === null || !passes.isGood(`first ${link.prefix}`, pass))
        return { kind: 'refused', why: 'it is for who has opened it' };
      return { kind: 'enter', cookie: cookieFor(incoming, link, passes), path };
    },
  };
}

/** Less our own cookies: what runs in an experiment has no use for them. Undefined: nothing is left. */
export function foreignCookies(cookie: string | undefined): string | undefined {
  const kept = (cookie ?? '').split(/;\s*/).filter((each) => each !== '' && !each.startsWith(COOKIE));
  return kept.length === 0 ? undefined : kept.join('; ');
}

const COOKIE = 'aichor-link-';

function cookieName({ experimentId, name }: LinkPlace): string {
  return `${COOKIE}${experimentId.slice(0, 13)}-${name}`;
}

function cookieFor({ headers }: IncomingMessage, place: LinkPlace, passes: Passes): string {
  const pass = passes.issue(`cookie ${place.prefix}`, COOKIE_SECONDS);
  const secure = headers['x-forwarded-proto'] === 'https' ? '; Secure' : '';
  return `${cookieName(place)}=${pass}; Path=${place.prefix}/; Max-Age=${COOKIE_SECONDS}; HttpOnly; SameSite=Strict${secure}`;
}

function cookieOf(header: string, name: string): string | null {
  const found = header.split(/;\s*/).find((each) => each.startsWith(`${name}=`));
  return found === undefined ? null : found.slice(name.length + 1);
}

/** The pass in an address, and the address without it. */
function takePass({ prefix, rest }: LinkRequest): { pass: string | null; path: string } {
  const url = new URL(`${prefix}${rest === '' ? '/' : rest}`, 'http://link');
  const pass = url.searchParams.get(PARAMETER);
  url.searchParams.delete(PARAMETER);
  return { pass, path: url.pathname + url.search };
}

function hostName(host: string): string {
  return host.replace(/:\d+$/, '').toLowerCase();
}

/** Browsers tell who asks for a WebSocket; programs need not. */
function isOwnOrigin({ headers: { origin, host } }: IncomingMessage): boolean {
  return origin === undefined || origin.replace(/^https?:\/\//, '') === host;
}
