import type { LogQueryInput } from '../../api/contract.ts';
import { sleep } from '../../base/async/abort.ts';
import { createLineBuffer } from '../../base/io/lines.ts';
import { AichorError } from '../../errors.ts';
import { LINE_START } from '../../logs/wire.ts';
import { isLost } from './watch.ts';

export interface LogStreamOptions {
  /** Opens the stream of an experiment's logs (`client.logs`); called again after a lost connection. */
  open(query: LogQueryInput): Promise<AsyncIterable<Uint8Array>>;
  query: LogQueryInput;
  follow: boolean;
  signal: AbortSignal;
  /** The connection was lost and is being made again. */
  onReconnect(): void;
  /** Waits before the next try; only tests bring their own. */
  pause?: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

/** How often in a row a followed stream is opened again in vain (ten minutes), and one that is only read. */
const TRIES = { followed: 120, read: 6 };
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 5_000;

/**
 * The JSON lines of an experiment's log as the server sends them: whole lines, in chunks of any size, each line
 * once. After a lost connection it goes on behind the last line that was given out. Returns when the server said
 * that the log is complete; a stream that was cut never looks like that. Throws AichorError (what the server
 * says; `server_unreachable` when it stays away), or the signal's reason.
 */
export function logLines(options: LogStreamOptions): AsyncGenerator<Uint8Array> {
  const resume: LogQueryInput = {};
  return reconnecting(options, async function* (open) {
    const buffer = createLineBuffer();
    for await (const chunk of await open({ ...asked(options), ...resume })) {
      const { lines, last, tailAt, complete, damage } = withoutControlLines(
        withoutEmptyLines(buffer.push(chunk)),
      );
      if (last !== null) resume.after = last;
      if (tailAt !== null) resume.tail_at = tailAt;
      if (lines.length > 0) yield lines;
      if (damage !== null) throw damagedLog(damage);
      if (complete) return true;
    }
    return false;
  });
}

/** The raw bytes of one attempt of a pod, each once. A whole response is the end of them. */
export function rawLog(options: LogStreamOptions): AsyncGenerator<Uint8Array> {
  let skip = 0;
  return reconnecting(options, async function* (open) {
    for await (const chunk of await open({ ...asked(options), raw: 'true', skip })) {
      skip += chunk.length;
      yield chunk;
    }
    return true;
  });
}

function asked({ query, follow }: LogStreamOptions): LogQueryInput {
  return { ...query, follow: String(follow) };
}

/** What one connection gives; true at its end: that was all. */
type Connection = (open: LogStreamOptions['open']) => AsyncGenerator<Uint8Array, boolean>;

/** Connections, until one says that that was all. If the very first cannot be made it is not tried again. */
async function* reconnecting(options: LogStreamOptions, connect: Connection): AsyncGenerator<Uint8Array> {
  const { signal, pause = sleep } = options;
  const limit = options.follow ? TRIES.followed : TRIES.read;
  let opened = false;
  let inVain = 0;
  let pauses = 0;
  const open: LogStreamOptions['open'] = async (query) => {
    const response = await options.open(query);
    opened = true;
    inVain = 0;
    return response;
  };
  for (;;) {
    try {
      if (yield* counted(connect(open), () => (pauses = 0))) return;
    } catch (error) {
      signal.throwIfAborted();
      if (!opened || !isLost(error) || ++inVain > limit) throw error;
    }
    if (!options.follow && pauses >= limit) throw brokenOff();
    if (pauses === 0) options.onReconnect();
    await pause(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** pauses++), signal);
    signal.throwIfAborted();
  }
}

/** All that is left of it has been given out. */
function damagedLog(damage: string): AichorError {
  return new AichorError('server_error', `part of this log is lost: ${damage}`, {
    hint: 'what is printed is all there is of it; aichor server doctor looks after the rest of the state folder',
  });
}

function brokenOff(): AichorError {
  return new AichorError(
    'server_unreachable',
    'the connection broke off again and again before the log was complete',
    {
      hint: 'run the command again; `aichor server logs` shows what the embedded server said',
    },
  );
}

async function* counted(
  chunks: AsyncGenerator<Uint8Array, boolean>,
  onChunk: () => void,
): AsyncGenerator<Uint8Array, boolean> {
  try {
    for (;;) {
      const next = await chunks.next();
      if (next.done) return next.value;
      onChunk();
      yield next.value;
    }
  } finally {
    await chunks.return(false);
  }
}

/** What a chunk of a log stream brought. */
export interface WholeLines {
  /** Whole JSON lines, the stream's own two lines taken out. */
  lines: Uint8Array;
  /** Sequence of the last of them. */
  last: number | null;
  /** The stream said where its tail is counted from. */
  tailAt: number | null;
  /** The stream said that it has come to its end. */
  complete: boolean;
  /** What is missing for good, which is said at the end. */
  damage: string | null;
}

const NEWLINE = 0x0a;

const EMPTY_LINE = Buffer.from([NEWLINE, NEWLINE]);

/** The server sends an empty line when it has had nothing to say for a while. */
function withoutEmptyLines(whole: Buffer): Buffer {
  if (whole[0] !== NEWLINE && !whole.includes(EMPTY_LINE)) return whole;
  return Buffer.from(
    whole
      .toString('latin1')
      .replace(/^\n+/, '')
      .replace(/\n{2,}/g, '\n'),
    'latin1',
  );
}

/** Looks at the first and the last of these whole lines: only there does the stream speak of itself (`logs/wire.ts`). */
function withoutControlLines(whole: Buffer): WholeLines {
  const tailAt = numberAfter('{"tail_at":', whole, 0);
  const start = tailAt === null ? 0 : whole.indexOf(NEWLINE) + 1;
  const lastStart = startOfLastLine(whole);
  const complete = numberAfter('{"end":', whole, lastStart) !== null;
  const lines = whole.subarray(start, complete ? lastStart : whole.length);
  const last = lines.length === 0 ? null : numberAfter(LINE_START, lines, startOfLastLine(lines));
  const damage = complete ? damageIn(whole.toString('utf8', lastStart)) : null;
  return { lines, last, tailAt, complete, damage };
}

function damageIn(end: string): string | null {
  const { damage }: { damage?: string } = JSON.parse(end);
  return damage ?? null;
}

/** Of bytes that end with a newline. */
function startOfLastLine(bytes: Buffer): number {
  return bytes.length < 2 ? 0 : bytes.lastIndexOf(NEWLINE, bytes.length - 2) + 1;
}

/** The whole number that stands behind a text at this place, or null when the text does not stand there. */
function numberAfter(text: string, bytes: Buffer, at: number): number | null {
  const head = bytes.toString('latin1', at, at + text.length + 16);
  return head.startsWith(text) ? Number.parseInt(head.slice(text.length), 10) : null;
}
