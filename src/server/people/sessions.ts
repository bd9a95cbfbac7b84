import { createHash, randomBytes } from 'node:crypto';
import { createTurn } from '../../base/async/turn.ts';
import { readIfThere } from '../../base/io/files.ts';
import { place } from '../../base/io/place.ts';
import type { Log } from '../ports.ts';

/** Sessions of browsers, in a file of the data folder (0600), as hashes; codes that begin one only in memory. */
export interface Sessions {
  /** Good once, and for a minute. @param holder whose session it begins (`http/admission.ts`) */
  issueCode(holder: string): string;
  /** Whose code it was; from then on nobody's. Null: nobody's. */
  takeCode(code: string): string | null;
  /** The token of a new session: it is told this once. */
  open(holder: string): Promise<{ token: string; seconds: number }>;
  /** Whose session this is; null: nobody's, or it has ended. */
  find(token: string): string | null;
  end(token: string): Promise<void>;
  /** Whether a browser may still come with one. */
  areThere(): boolean;
  /** Returns when what changed last is written down. */
  close(): Promise<void>;
}

interface StoredSession {
  sha256: string;
  holder: string;
  expires_at: number;
}

interface SessionsOptions {
  file: string;
  now(): Date;
  log: Log;
}

const CODE_MS = 60_000;
/** A working day: whoever comes on the next one signs in again. */
const SESSION_SECONDS = 12 * 3600;
/** More were made by a program; the oldest go. */
const MOST_SESSIONS = 1000;
const MOST_CODES = 100;

/** Never fails because of what is in the file: then everybody signs in again. */
export async function openSessions({ file, now, log }: SessionsOptions): Promise<Sessions> {
  let sessions = await readSessions(file, log);
  const codes = new Map<string, { holder: string; until: number }>();
  const exclusively = createTurn();
  const isLive = ({ expires_at }: StoredSession) => expires_at > now().getTime();
  const change = (make: (before: StoredSession[]) => StoredSession[]) =>
    exclusively(async () => {
      const next = make(sessions).filter(isLive).slice(-MOST_SESSIONS);
      await place(file, `${JSON.stringify(next)}\n`);
      sessions = next;
    });
  return {
    issueCode(holder) {
      const code = random();
      codes.set(digest(code), { holder, until: now().getTime() + CODE_MS });
      const [oldest] = codes.keys();
      if (codes.size > MOST_CODES && oldest !== undefined) codes.delete(oldest);
      return code;
    },
    takeCode(code) {
      const sum = digest(code);
      const found = codes.get(sum);
      codes.delete(sum);
      return found === undefined || found.until < now().getTime() ? null : found.holder;
    },
    async open(holder) {
      const token = random();
      const expires_at = now().getTime() + SESSION_SECONDS * 1000;
      await change((before) => [...before, { sha256: digest(token), holder, expires_at }]);
      return { token, seconds: SESSION_SECONDS };
    },
    find(token) {
      // By its hash: how long the search takes tells nothing of the token.
      const sum = digest(token);
      const found = sessions.find(({ sha256 }) => sha256 === sum);
      return found !== undefined && isLive(found) ? found.holder : null;
    },
    async end(token) {
      const sum = digest(token);
      await change((before) => before.filter(({ sha256 }) => sha256 !== sum));
    },
    areThere: () => sessions.some(isLive),
    close: () => exclusively(async () => undefined),
  };
}

async function readSessions(file: string, log: Log): Promise<StoredSession[]> {
  try {
    const read: unknown = JSON.parse((await readIfThere(file)) ?? '[]');
    return Array.isArray(read) ? read.filter(isStored) : [];
  } catch (error) {
    log.warn({ err: error }, 'the sessions of browsers cannot be read: everybody signs in again');
    return [];
  }
}

function isStored(value: unknown): value is StoredSession {
  if (typeof value !== 'object' || value === null) return false;
  const { sha256, holder, expires_at }: Partial<StoredSession> = value;
  return typeof sha256 === 'string' && typeof holder === 'string' && typeof expires_at === 'number';
}

/** 256 bits: nobody finds it by trying, so a slow hash would protect nothing. */
function random(): string {
  return randomBytes(32).toString('base64url');
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
