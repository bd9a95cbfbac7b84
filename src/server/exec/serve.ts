import { basename } from 'node:path';
import type { WebSocket } from 'ws';
import {
  EXEC_CHANNELS,
  EXEC_WINDOW,
  execSize,
  execStart,
  type ExecEnd,
  type ExecStart,
} from '../../api/exec-contract.ts';
import { onAbort } from '../../base/async/abort.ts';
import { frameOf, sendFrame } from '../../base/http/frames.ts';
import type { ExecSession } from '../../engines/engine.ts';
import { AichorError } from '../../errors.ts';
import { errorResponse, isUnexpected } from '../http/error-response.ts';
import { unfit } from '../http/unfit.ts';
import { createStay, type IsStillIn } from '../people/stay.ts';
import type { Log } from '../ports.ts';
import type { OpenPod } from './open.ts';

export interface ServingExec {
  pod: OpenPod;
  requestId: string;
  /** Name of the key of whoever asks; null: the server's own user. */
  caller: string | null;
  log: Log;
  /** Aborted when the server goes. */
  closing: AbortSignal;
  /** Looked at while it runs: a command ends with the key or the session of whoever runs it. */
  isStillIn: IsStillIn;
}

/** How long a client may take to say what is to be run. */
const START_MS = 10_000;
/** So often something passes: proxies cut what is silent. A client that does not answer until the next time is gone. */
const BEAT_MS = 15_000;
const [DONE, GOING] = [1000, 1001];

/**
 * `socket` is paused, so that nothing of it is missed. Runs the command that a client asks for in its first message, and passes on what goes in and comes out, until the
 * command has ended, or the client is gone or no longer let in, which ends it. Of the command only the program's name is logged: the rest may be secret.
 */
export async function serveExec(socket: WebSocket, by: ServingExec): Promise<void> {
  const gone = goneSignal(socket);
  const beat = startBeat(socket);
  const stay = createStay(by.isStillIn);
  stay.begin();
  const leave = { closing: by.closing, over: stay.over };
  const facts = { request_id: by.requestId, experiment_id: by.pod.experimentId, pod: by.pod.pod };
  let end: ExecEnd;
  try {
    const messages = createMessages(socket);
    const start = await startIn(messages, { gone, ...leave });
    const { terminal, command, stdin } = start;
    const program = basename(command[0] ?? '').slice(0, 100);
    const told = { ...facts, caller: by.caller, program, words: command.length, terminal: terminal !== null };
    by.log.info(told, 'a command in a pod was started');
    const session = await by.pod.run({ command, stdin: stdin || terminal !== null, terminal });
    messages.each(receiver(socket, session));
    const code = await pass(socket, session, { gone, ...leave });
    by.log.info({ ...facts, exit_code: code, gone: gone.aborted }, 'a command in a pod has ended');
    end = { exit_code: code };
  } catch (error) {
    if (isUnexpected(error)) by.log.error({ err: error, ...facts }, 'a command in a pod broke');
    end = errorResponse(error, by.requestId).body;
  } finally {
    clearInterval(beat);
    stay.end();
    socket.resume();
  }
  if (gone.aborted) return;
  await sendFrame(socket, EXEC_CHANNELS.end, Buffer.from(JSON.stringify(end))).catch(() => undefined);
  socket.close(by.closing.aborted ? GOING : DONE);
}

/** Aborted when nobody is at the other end any more. */
function goneSignal(socket: WebSocket): AbortSignal {
  const gone = new AbortController();
  socket.once('close', () => gone.abort());
  // Stays: an error without a listener would end the process, and `close` follows each.
  socket.on('error', () => undefined);
  return gone.signal;
}

function startBeat(socket: WebSocket): NodeJS.Timeout {
  let isThere = true;
  socket.on('pong', () => (isThere = true));
  return setInterval(() => {
    if (!isThere) return socket.terminate();
    isThere = false;
    socket.ping();
  }, BEAT_MS);
}

/** Messages in their order, none of which is lost because nobody listens yet. */
interface Messages {
  first(taken: (data: unknown) => void): void;
  /** Of those after the first, and whatever comes. */
  each(taken: (data: unknown) => void): void;
}

/** Until somebody wants what follows the first message, the connection is paused: what has been read of it by then is kept. */
function createMessages(socket: WebSocket): Messages {
  let take: ((data: unknown) => void) | null = null;
  let kept: unknown[] = [];
  socket.on('message', (data) => {
    if (take !== null) return take(data);
    socket.pause();
    kept.push(data);
  });
  return {
    first(taken) {
      take = (data) => {
        take = null;
        socket.pause();
        taken(data);
      };
      socket.resume();
    },
    each(taken) {
      take = taken;
      for (const data of kept) taken(data);
      kept = [];
      socket.resume();
    },
  };
}

/** What ends a command before its end: the client is gone, the server goes, who runs it is no longer let in. */
interface Ends {
  gone: AbortSignal;
  closing: AbortSignal;
  over: AbortSignal;
}

async function startIn(messages: Messages, { gone, closing, over }: Ends): Promise<ExecStart> {
  let late: NodeJS.Timeout | undefined;
  let forget: () => void = () => undefined;
  const text = await new Promise<string>((resolve, reject) => {
    late = setTimeout(() => reject(silent()), START_MS);
    forget = onAbort([gone, closing, over], () => reject(over.aborted ? over.reason : leaving()));
    messages.first((data) => resolve(String(data)));
  }).finally(() => {
    clearTimeout(late);
    forget();
  });
  const read = execStart.safeParse(parsed(text));
  if (read.success) return read.data;
  throw unfit(read.error.issues);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new AichorError('usage', 'the first message is no JSON', {
      hint: 'it says what to run; its form stands in src/api/exec-contract.ts',
    });
  }
}

function silent(): AichorError {
  return new AichorError('timeout', 'the client did not say what to run', { hint: null });
}

function leaving(): AichorError {
  return new AichorError('server_unreachable', 'the control plane leaves, and the command ends with it', {
    hint: 'the experiment goes on; run the command again when the control plane is back',
  });
}

/** Resolves with the exit code when all that was printed has been sent. Throws AichorError. */
async function pass(socket: WebSocket, session: ExecSession, { gone, closing, over }: Ends): Promise<number> {
  const forget: (() => void)[] = [];
  const left = new Promise<never>((_, reject) => {
    forget.push(onAbort([closing, over], () => reject(over.aborted ? over.reason : leaving())));
  });
  left.catch(() => undefined);
  forget.push(onAbort(gone, () => session.end()));
  session.ended.catch(() => undefined);
  const { stdout, stderr } = EXEC_CHANNELS;
  const sent = Promise.all([
    forward(session.stdout, socket, { channel: stdout, gone }),
    session.stderr && forward(session.stderr, socket, { channel: stderr, gone }),
  ]);
  try {
    const [code] = await Promise.race([left, Promise.all([session.ended, sent])]);
    return code;
  } finally {
    for (const each of forget) each();
    session.end();
  }
}

/** A client that reads slowly slows the command down; one that is gone does not hold it up. */
async function forward(
  stream: NodeJS.ReadableStream,
  socket: WebSocket,
  { channel, gone }: { channel: number; gone: AbortSignal },
): Promise<void> {
  try {
    for await (const chunk of stream)
      if (!gone.aborted) await sendFrame(socket, channel, Buffer.from(chunk)).catch(() => undefined);
  } catch {
    // Broken off by its end, or by ours: how it ended is told elsewhere.
  }
}

/** Takes what comes from the client. More than the window is not kept for it: who sends more does not keep to the contract. */
function receiver(socket: WebSocket, session: ExecSession): (data: unknown) => void {
  const { stdin } = session;
  let waiting = 0;
  let isClosed = false;
  const feed = (bytes: Buffer) => {
    if (stdin === null || isClosed || bytes.length === 0) return;
    waiting += bytes.length;
    if (waiting > EXEC_WINDOW) return socket.terminate();
    stdin.write(bytes, (error) => {
      waiting -= bytes.length;
      if (!error && socket.readyState === socket.OPEN)
        void sendFrame(socket, EXEC_CHANNELS.taken, Buffer.from(String(bytes.length))).catch(() => undefined);
    });
  };
  return (data) => {
    const frame = frameOf(data);
    if (frame?.channel === EXEC_CHANNELS.stdin) feed(frame.bytes);
    else if (frame?.channel === EXEC_CHANNELS.close) {
      isClosed = true;
      stdin?.end();
    } else if (frame?.channel === EXEC_CHANNELS.size) {
      const size = execSize.safeParse(sizeIn(frame.bytes));
      if (size.success) session.resize(size.data);
    }
  };
}

function sizeIn(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return null;
  }
}
