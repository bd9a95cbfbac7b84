import { createHash, timingSafeEqual } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';
import type { SignIn } from '../../api/console/console-contract.ts';
import type { KeyDocument } from '../../api/key-contract.ts';
import { NOTHING_AT } from '../../api/nothing-at.ts';
import { AichorError } from '../../errors.ts';
import { OWNER, SERVER_KEY, STRANGER, type Caller } from '../people/caller.ts';
import type { KeyStore } from '../people/keys.ts';
import { mayAct, roleFor, routeFor } from '../people/rights.ts';
import type { IsStillIn } from '../people/stay.ts';
import type { Sessions } from '../people/sessions.ts';
import type { Log } from '../ports.ts';
import { createRefusals } from './refusals.ts';
import type { RequestEnv } from './routes/api.ts';
import { refuseOtherSites, sessionCookie } from './session-cookie.ts';

/** Who is let in by what. */
export interface Admitting {
  /** `socket`: whoever can connect is the server's own user (0600). `key`: who brings one. `console`: only browsers, by their session. */
  door: 'socket' | 'key' | 'console';
  /** The key that a team's server was started with: an admin's. Null: the embedded server. */
  key: string | null;
  keys: Pick<KeyStore, 'find' | 'holder' | 'idOf'>;
  sessions: Sessions;
  /** Whether browsers come by https. */
  isSecure: boolean;
  /** Where the console is, for a host beside which no session is good; null: one is. */
  consoleElsewhere(host: string): string | null;
  /** Whether `/metrics` is told without a key, too. */
  openMetrics: boolean;
  log: Log;
  /** Waits before a wrong key is answered, or until the server goes. */
  holdBack(ms: number): Promise<unknown>;
}

/** How requests are let in, and how browsers get a session. */
export interface Doorkeeper {
  admit: MiddlewareHandler<RequestEnv>;
  /** Begins a session; throws `unauthenticated` for a code or a key that is none. */
  signIn(c: Context<RequestEnv>, given: SignIn): Promise<Caller>;
  signOut(c: Context<RequestEnv>): Promise<void>;
  /** A code by which a browser of whoever asks here begins a session. */
  codeFor(c: Context<RequestEnv>): string;
}

/** Answered to everybody: who asks learns that a control plane is here, its version, whether it is well; or wants to be let in. */
const OPEN = ['GET /v1/health', 'GET /healthz', 'GET /readyz', 'POST /v1/session'];

/** Whose a session is, beside those of keys: `owner` is the user of an embedded server. */
const OWNERS = 'owner';
const OF_KEY = 'key:';
const OF_SERVER = 'server:';

/**
 * Lets through what carries `Authorization: Bearer <key>`, or the cookie of a session. What does not leaves a line in the log, without
 * what it carried; an address that tries many is answered later and later. Without any key nobody guesses: that is answered at once.
 */
export function createDoorkeeper(by: Admitting): Doorkeeper {
  const refusals = createRefusals(() => performance.now());
  const cookie = sessionCookie(by);
  const people = peopleOf(by);
  const open = new Set([...OPEN, ...(by.openMetrics ? ['GET /metrics'] : [])]);

  const delayOf = (c: Context<RequestEnv>, isGuess: boolean): number =>
    isGuess ? refusals.add(addressOf(c)) : 0;
  async function refuse(c: Context<RequestEnv>, isGuess: boolean): Promise<never> {
    const facts = { request_id: c.get('requestId'), address: addressOf(c), path: c.req.path };
    by.log.warn(facts, isGuess ? 'a key was refused' : 'a request without a key was refused');
    const delayMs = delayOf(c, isGuess);
    if (delayMs > 0) await by.holdBack(delayMs);
    throw by.door === 'console' ? noSession() : noKey(isGuess);
  }
  const elsewhere = (c: Context<RequestEnv>) => by.consoleElsewhere(c.req.header('host') ?? '');
  function found(c: Context<RequestEnv>): Found | null {
    if (by.door === 'socket') return { holder: people.ownHolder, caller: OWNER, isStillIn: () => true };
    const header = c.req.header('authorization');
    if (header !== undefined) {
      const who = by.door === 'console' ? null : people.byHeader(header);
      return who && { ...who, isStillIn: () => people.byHolder(who.holder) !== null };
    }
    const token = elsewhere(c) === null ? cookie.read(c) : null;
    if (token === null) return null;
    const ofSession = () => people.byHolder(by.sessions.find(token));
    const who = ofSession();
    if (who === null) return null;
    refuseOtherSites(c);
    return { ...who, isStillIn: () => ofSession() !== null };
  }

  return {
    async admit(c, next) {
      const isOpen = open.has(`${c.req.method === 'HEAD' ? 'GET' : c.req.method} ${c.req.path}`);
      // Who signs in may still have an old session: that makes no difference.
      const who = isOpen && c.req.header('authorization') === undefined ? openTo(by) : found(c);
      c.set('caller', who?.caller ?? STRANGER);
      c.set('holder', who?.holder ?? null);
      c.set('isStillIn', who?.isStillIn ?? (() => false));
      if (isOpen || who !== null) return next();
      await refuse(c, c.req.header('authorization') !== undefined);
    },
    async signIn(c, given) {
      const address = elsewhere(c);
      if (address !== null)
        throw new AichorError('forbidden', 'nobody signs in where pages of experiments are served', {
          hint: `the console is at ${address}`,
        });
      if (c.req.header('authorization') === undefined) refuseOtherSites(c);
      const who =
        'code' in given
          ? people.byHolder(by.sessions.takeCode(given.code))
          : people.byHeader(`Bearer ${given.key}`);
      if (who === null) return refuse(c, true);
      const { token, seconds } = await by.sessions.open(who.holder);
      by.log.info({ request_id: c.get('requestId'), by: who.caller.name }, 'a session began');
      cookie.set(c, token, seconds);
      return who.caller;
    },
    async signOut(c) {
      const token = cookie.read(c);
      if (token !== null) await by.sessions.end(token);
      cookie.clear(c);
    },
    codeFor(c) {
      const holder = c.get('holder');
      if (holder !== null) return by.sessions.issueCode(holder);
      throw noKey(false);
    },
  };
}

/** Who is let in. */
interface Found {
  holder: string;
  caller: Caller;
  isStillIn: IsStillIn;
}

function openTo({ door }: Admitting): Found | null {
  return door === 'socket' ? { holder: OWNERS, caller: OWNER, isStillIn: () => true } : null;
}

/** Who people are, by what they bring. Takes the same time whatever is wrong with a key. */
function peopleOf({ door, key, keys }: Admitting) {
  const own = key === null ? null : digest(key);
  const serverHolder = own === null ? null : `${OF_SERVER}${own.toString('hex').slice(0, 16)}`;
  const asServer: Caller = { isOwner: false, name: SERVER_KEY, role: 'admin', projects: null };
  return {
    /** Of who comes by the unix socket: on a team's server a browser is an admin, not the user of that machine. */
    ownHolder: serverHolder ?? OWNERS,
    byHeader(header: string): { holder: string; caller: Caller } | null {
      const [scheme = '', given = ''] = header.split(' ', 2);
      const isServers = own !== null && timingSafeEqual(digest(given), own);
      if (own === null || scheme.toLowerCase() !== 'bearer') return null;
      if (isServers && serverHolder !== null) return { holder: serverHolder, caller: asServer };
      const found = keys.find(given);
      return found && { holder: `${OF_KEY}${keys.idOf(given) ?? ''}`, caller: callerOf(found) };
    },
    /** Null also when the key that the session began with is no longer there. */
    byHolder(holder: string | null): { holder: string; caller: Caller } | null {
      if (holder === null) return null;
      if (holder === OWNERS) return key === null && door === 'console' ? { holder, caller: OWNER } : null;
      if (holder === serverHolder) return { holder, caller: asServer };
      const found = holder.startsWith(OF_KEY) ? keys.holder(holder.slice(OF_KEY.length)) : null;
      return found && { holder, caller: callerOf(found) };
    },
  };
}

function callerOf({ name, role, projects }: KeyDocument): Caller {
  return { isOwner: false, name, role, projects };
}

/**
 * Lets through what the caller's role may do (`people/rights.ts`). Throws AichorError `forbidden`; `not_found` where there is no such
 * route: a newer program asks whether there is, and goes another way.
 */
export function demandRight(): MiddlewareHandler<RequestEnv> {
  return async (c, next) => {
    const { role, name } = c.get('caller');
    const path = c.req.path.replace(/^\/v1/, '');
    const needed = roleFor(c.req.method, path);
    if (mayAct(role, needed)) return next();
    if (routeFor(c.req.method, path) === null) throw nothingAt(c);
    throw new AichorError(
      'forbidden',
      `the key ${name ?? ''} is one of a ${role}, and this takes one of ${needed === 'admin' ? 'an admin' : `a ${needed}`}`,
      {
        hint: 'ask an admin of the server: aichor keys create makes keys',
      },
    );
  };
}

/** There is no such route. */
export function nothingAt({ req }: Context<RequestEnv>): AichorError {
  return new AichorError('not_found', `${NOTHING_AT} ${req.method} ${req.path}`, {
    hint: 'see /v1/openapi.json',
  });
}

function addressOf(c: Context<RequestEnv>): string {
  return c.env.incoming?.socket?.remoteAddress ?? 'unknown';
}

function noKey(isGiven: boolean): AichorError {
  const what = isGiven
    ? 'the control plane does not know this API key'
    : 'the control plane asks for an API key, and none was given';
  return new AichorError('unauthenticated', what, {
    hint: 'set AICHOR_API_KEY, or store the key with aichor auth key --apikey -',
  });
}

function noSession(): AichorError {
  return new AichorError('unauthenticated', 'this browser has no session, or it has ended', {
    hint: 'open the console anew: aichor console',
  });
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
