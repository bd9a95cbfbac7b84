import { isLoopbackHost } from '../../base/http/outer-address.ts';
import { AichorError } from '../../errors.ts';
import type { Served } from './pages.ts';

/** Where browsers find what a team's server serves. Two hosts: what an experiment serves must never stand beside the console. */
export interface TeamPlaces {
  /** Null: it has none (`AICHOR_CONSOLE=off`). */
  console: string | null;
  /** Links to what runs in experiments. Null: nowhere. */
  links: string | null;
}

type Env = Record<string, string | undefined>;

/**
 * Browsers give a page everything of its host, whatever its port or path: the session of the console too. So links have a host of their
 * own, `AICHOR_LINKS_URL`, or there are none. On loopback two names lead here anyhow. Throws AichorError `usage` for one host for both.
 *
 * @param address of the server, as browsers reach it
 */
export function teamPlaces(env: Env, address: string): TeamPlaces {
  const told = linksUrl(env);
  if (env['AICHOR_CONSOLE'] === 'off') return { console: null, links: told ?? address };
  const { hostname, port } = new URL(address);
  if (told === null && /^127\./.test(hostname) && isLoopbackHost(hostname))
    return { console: `http://aichor.localhost${port === '' ? '' : `:${port}`}`, links: address };
  if (told !== null && new URL(told).hostname === hostname)
    throw new AichorError('usage', `AICHOR_LINKS_URL names ${hostname}, where the console is`, {
      hint: 'give it a host name of its own that leads to this server too; or switch the console off with AICHOR_CONSOLE=off',
    });
  return { console: address, links: told };
}

const NOWHERE: TeamPlaces = { console: null, links: null };

/** The same, once the address is known; empty: the server does not get that far. Need not be waited for by all who ask for it. */
export function placesOf(env: Env, reached: Promise<string>): Promise<TeamPlaces> {
  const places = reached.then((address) => (address === '' ? NOWHERE : teamPlaces(env, address)));
  // Said by whoever waits for it.
  places.catch(() => undefined);
  return places;
}

/** Where browsers reach a team's server, as it is told (behind a proxy); null: where it listens. Throws AichorError `usage`. */
export function publicUrl(env: Env): string | null {
  const told = (env['AICHOR_PUBLIC_URL'] || '').replace(/\/+$/, '');
  if (told === '') return null;
  if (/^https?:\/\/[^/?#]/i.test(told) && URL.canParse(told)) return told;
  throw new AichorError('usage', `AICHOR_PUBLIC_URL is ${JSON.stringify(told)}, which is no address`, {
    hint: 'give scheme and host, as in https://aichor.example.com',
  });
}

/** Refuses, before anything listens, what cannot be. Throws AichorError `usage`. */
export function assertAddresses(env: Env): void {
  const told = publicUrl(env);
  if (told === null) linksUrl(env);
  else teamPlaces(env, told);
}

/** Throws AichorError `usage` for what is no address. */
function linksUrl(env: Env): string | null {
  const told = (env['AICHOR_LINKS_URL'] || '').replace(/\/+$/, '');
  if (told === '') return null;
  if (/^https?:\/\/[^/?#]+$/.test(told) && URL.canParse(told)) return told;
  throw new AichorError('usage', `AICHOR_LINKS_URL is ${JSON.stringify(told)}, which is no address`, {
    hint: 'give scheme and host, as in https://links.example.com',
  });
}

/** How links come to be served. */
export const LINKS_HINT =
  'set AICHOR_LINKS_URL of the server to a second host name that leads to it, and restart it: pages of experiments must not share a host with the console';

/** What a team's server serves under the name that a request came by. @param places null: it does not know its address yet */
export function servedOfTeam(places: TeamPlaces | null, host: string, path: string): Served {
  if (places === null || places.console === null) return { what: 'others' };
  const linksHost = places.links === null ? null : new URL(places.links).host;
  if (path.startsWith('/links/')) {
    if (host === linksHost) return { what: 'others' };
    const why =
      places.links === null
        ? `links are not served here: ${LINKS_HINT}`
        : `links are served at ${places.links}`;
    return { what: 'nothing', why };
  }
  if (host !== linksHost) return { what: 'console' };
  return { what: 'elsewhere', address: places.console };
}

/**
 * Nobody signs in beside the pages of experiments, and no session is known there: browsers give cookies to a host, whatever the port.
 *
 * @param host as the request names it, with its port
 * @returns where the console is instead; null: sessions are good here
 */
export function consoleElsewhere(places: TeamPlaces | null, host: string): string | null {
  if (places === null || places.links === null || !URL.canParse(`http://${host}`)) return null;
  const isLinks = new URL(`http://${host}`).hostname === new URL(places.links).hostname;
  return isLinks ? places.console : null;
}

/** How browsers come to a team's server, as its doorkeeper is told. @param places those that are known by then */
export function browsersOf(env: Env, places: () => TeamPlaces | null) {
  return {
    isSecure: publicUrl(env)?.startsWith('https:') === true,
    consoleElsewhere: (host: string) => consoleElsewhere(places(), host),
  };
}
