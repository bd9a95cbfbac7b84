import type { IncomingMessage } from 'node:http';
import { OWN_COOKIES } from '../http/session-cookie.ts';
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
  /**
   * The path by which a browser gets in, for an hour.
   *
   * @param isStillIn whether who has opened the link may still use this server: what was let in goes when that ends
   */
  pathFor(place: LinkPlace, isStillIn: () => boolean): string;
  admit(incoming: IncomingMessage, link: LinkRequest): Admission;
}

export interface GatekeeperOptions {
  passes: Passes;
  /** Names under which it is served; null: any. Another name was made to lead here by somebody else. */
  hosts: readonly string[] | null;
}

/** Of so many who have opened something it is known whether they are still in; who opened before that opens it again. */
const MOST_OPENERS = 10_000;

export function createGatekeeper({ passes, hosts }: GatekeeperOptions): Gatekeeper {
  // Only in memory: passes are good as long as this server runs.
  const openers = new Map<string, () => boolean>();
  let opened = 0;
  const remember = (isStillIn: () => boolean): string => {
    const opener = String(++opened);
    openers.set(opener, isStillIn);
    for (const old of openers.keys()) {
      if (openers.size <= MOST_OPENERS) break;
      openers.delete(old);
    }
    return opener;
  };
  /** Who has opened the link; null: the pass is not good, or its opener has gone. */
  const openerOf = (scope: string, held: string): string | null => {
    const [opener = '', pass = ''] = held.split(/\.(.*)/s, 2);
    return passes.isGood(`${scope} ${opener}`, pass) && openers.get(opener)?.() === true ? opener : null;
  };
  return {
    pathFor(place, isStillIn) {
      const opener = remember(isStillIn);
      const pass = passes.issue(`first ${place.prefix} ${opener}`, FIRST_SECONDS);
      return `${place.prefix}/?${PARAMETER}=${opener}.${pass}`;
    },
    admit(incoming, link) {
      const { headers } = incoming;
      if (hosts !== null && !hosts.includes(hostName(headers.host ?? '')))
        return { kind: 'refused', why: 'it is not served under this name' };
      if (headers.upgrade !== undefined && !isOwnOrigin(incoming))
        return { kind: 'refused', why: 'another site asks for it' };
      const held = cookieOf(headers.cookie ?? '', cookieName(link));
      if (held !== null && openerOf(`cookie ${link.prefix}`, held) !== null) return { kind: 'in' };
      const { pass, path } = takePass(link);
      const opener = pass === null ? null : openerOf(`first ${link.prefix}`, pass);
      if (opener === null) return { kind: 'refused', why: 'it is for who has opened it' };
      const value = `${opener}.${passes.issue(`cookie ${link.prefix} ${opener}`, COOKIE_SECONDS)}`;
      return { kind: 'enter', cookie: cookieFor(incoming, link, value), path };
    },
  };
}

/** Less our own cookies: what runs in an experiment has no use for them. Undefined: nothing is left. */
export function foreignCookies(cookie: string | undefined): string | undefined {
  const kept = (cookie ?? '').split(/;\s*/).filter((each) => each !== '' && !OWN_COOKIES.test(each));
  return kept.length === 0 ? undefined : kept.join('; ');
}

const COOKIE = 'aichor-link-';

function cookieName({ experimentId, name }: LinkPlace): string {
  return `${COOKIE}${experimentId.slice(0, 13)}-${name}`;
}

function cookieFor({ headers }: IncomingMessage, place: LinkPlace, value: string): string {
  const secure = headers['x-forwarded-proto'] === 'https' ? '; Secure' : '';
  return `${cookieName(place)}=${value}; Path=${place.prefix}/; Max-Age=${COOKIE_SECONDS}; HttpOnly; SameSite=Strict${secure}`;
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
export function isOwnOrigin({ headers: { origin, host } }: Pick<IncomingMessage, 'headers'>): boolean {
  return origin === undefined || origin.replace(/^https?:\/\//, '') === host;
}
