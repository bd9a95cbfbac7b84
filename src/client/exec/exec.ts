import { connect as connectSocket } from 'node:net';
import type { IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';
import {
  EXEC_CHANNELS,
  EXEC_PROTOCOL,
  EXEC_WINDOW,
  type ExecEnd,
  type ExecSize,
  type ExecStartInput,
} from '../../api/exec-contract.ts';
import { frameOf, sendFrame } from '../../base/http/frames.ts';
import { proxyFor } from '../../base/http/proxy.ts';
import { searchOf } from '../../base/http/query.ts';
import { readText } from '../../base/http/send.ts';
import { AichorError } from '../../errors.ts';
import { errorOfBody } from '../error-of-body.ts';
import { unreachable, type Target } from '../http.ts';

export interface ExecCall {
  experimentId: string;
  pod: string;
  start: ExecStartInput;
  /** Takes what the command prints, in order; no more comes until it has. */
  onOutput(stream: 'stdout' | 'stderr', bytes: Buffer): Promise<void>;
  signal: AbortSignal;
}

/** A command that runs in a pod. */
export interface ExecConnection {
  /**
   * Its exit code, when all that it printed was taken. Throws AichorError: what the server says, `server_unreachable` when the
   * connection breaks; the signal's reason; what `onOutput` throws.
   */
  readonly ended: Promise<number>;
  /** Feeds it; resolves when there is room for more, or when it has ended. */
  write(bytes: Uint8Array): Promise<void>;
  /** Nothing more will be fed. */
  close(): void;
  resize(size: ExecSize): void;
}

const HANDSHAKE_MS = 30_000;
/** A server passes something every 15 seconds. */
const SILENT_MS = 60_000;

/** Throws AichorError: what the server says (`conflict`: the pod does not run), `server_unreachable`. */
export async function openExec(target: Target, call: ExecCall): Promise<ExecConnection> {
  call.signal.throwIfAborted();
  const socket = await openSocket(target, call);
  socket.send(JSON.stringify(call.start));
  const window = createWindow();
  const ended = endOf(socket, { ...call, target, window }).finally(window.open);
  const send = (channel: number, bytes: Uint8Array) =>
    // A connection that broke is told by `ended`.
    sendFrame(socket, channel, Buffer.from(bytes)).catch(() => undefined);
  return {
    ended,
    async write(bytes) {
      for (let from = 0; from < bytes.length; from += PIECE) {
        const piece = bytes.subarray(from, from + PIECE);
        await window.take(piece.length);
        await send(EXEC_CHANNELS.stdin, piece);
      }
    },
    close: () => void send(EXEC_CHANNELS.close, Buffer.of(EXEC_CHANNELS.stdin)),
    resize: (size) => void send(EXEC_CHANNELS.size, Buffer.from(JSON.stringify(size))),
  };
}

const PIECE = 64 * 1024;

async function openSocket({ address, apiKey }: Target, call: ExecCall): Promise<WebSocket> {
  const { WebSocket } = await import('ws');
  const path = `/v1/experiments/${encodeURIComponent(call.experimentId)}/exec${searchOf({ pod: call.pod })}`;
  const base = 'url' in address ? address.url.replace(/^http/, 'ws').replace(/\/$/, '') : 'ws://aichor';
  const connection = await connectionTo(address);
  const socket = new WebSocket(base + path, [EXEC_PROTOCOL], {
    headers: apiKey === null ? {} : { authorization: `Bearer ${apiKey}` },
    perMessageDeflate: false,
    handshakeTimeout: HANDSHAKE_MS,
    ...(connection !== null && { createConnection: () => connection }),
  });
  const stop = () => socket.terminate();
  call.signal.addEventListener('abort', stop, { once: true });
  socket.once('close', () => call.signal.removeEventListener('abort', stop));
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => reject(call.signal.aborted ? call.signal.reason : error);
    socket.once('unexpected-response', (_, answer: IncomingMessage) => {
      const { statusCode = 0 } = answer;
      readText(answer)
        .then((text) => fail(errorOfBody(statusCode, text)), fail)
        .finally(stop);
    });
    // Stays: an error without a listener would end the process, and `close` follows each.
    socket.on('error', (error) => fail(unreachable(address, error)));
    socket.once('open', () => {
      socket.pause();
      resolve(socket);
    });
  });
}

/** Null: WebSockets make their own. */
async function connectionTo(address: Target['address']) {
  if ('socketPath' in address) return connectSocket(address.socketPath);
  const proxy = proxyFor(address.url, process.env);
  if (proxy === null) return null;
  const { openTunnel } = await import('../../base/http/tunnel.ts');
  return openTunnel(address.url, proxy).catch((error: unknown) => {
    throw unreachable(address, error);
  });
}

interface Receiving extends ExecCall {
  target: Target;
  window: Window;
}

function endOf(socket: WebSocket, by: Receiving): Promise<number> {
  const { stdout, stderr, end, taken } = EXEC_CHANNELS;
  let queue: Promise<void> = Promise.resolve();
  let waiting = 0;
  return new Promise<number>((resolve, reject) => {
    const print = (stream: 'stdout' | 'stderr', bytes: Buffer) => {
      waiting++;
      socket.pause();
      queue = queue.then(async () => {
        await by.onOutput(stream, bytes);
        if (--waiting === 0) socket.resume();
      });
      queue.catch((error: unknown) => {
        reject(error);
        socket.terminate();
      });
    };
    socket.on('message', (data) => {
      const frame = frameOf(data);
      if (frame?.channel === stdout) print('stdout', frame.bytes);
      else if (frame?.channel === stderr) print('stderr', frame.bytes);
      else if (frame?.channel === taken) by.window.give(Number(frame.bytes.toString()));
      else if (frame?.channel === end) queue.then(() => resolve(codeIn(frame.bytes))).catch(reject);
    });
    const stopWatching = watchSilence(socket, () => waiting > 0);
    socket.once('close', () => {
      stopWatching();
      queue.then(() => reject(by.signal.aborted ? by.signal.reason : lost(by))).catch(reject);
    });
    socket.resume();
  });
}

/** Throws AichorError: what the server says instead of a code. */
function codeIn(bytes: Buffer): number {
  const text = bytes.toString();
  const said: ExecEnd = JSON.parse(text);
  if ('exit_code' in said) return said.exit_code;
  throw errorOfBody(500, text);
}

function lost({ pod, experimentId, target }: Receiving): AichorError {
  const who = 'url' in target.address ? ` at ${target.address.url}` : '';
  return new AichorError(
    'server_unreachable',
    `the connection to pod ${pod} was lost: the control plane${who} is gone, or the network between`,
    {
      hint: `the command in the pod is ended; the experiment goes on: aichor experiments get ${experimentId.slice(0, 8)}`,
    },
  );
}

/** Ends a connection on which nothing has passed for long, unless it is us who read nothing. Returns what ends the watching. */
function watchSilence(socket: WebSocket, isHeldUp: () => boolean): () => void {
  let heard = performance.now();
  const hear = () => (heard = performance.now());
  for (const event of ['ping', 'message'] as const) socket.on(event, hear);
  const timer = setInterval(() => {
    if (isHeldUp()) hear();
    else if (performance.now() - heard > SILENT_MS) socket.terminate();
  }, SILENT_MS / 4);
  return () => clearInterval(timer);
}

/** How much may be on its way. */
interface Window {
  take(bytes: number): Promise<void>;
  give(bytes: number): void;
  /** From now on everything may. */
  open(): void;
}

function createWindow(): Window {
  let room = EXEC_WINDOW;
  let wake = () => {};
  return {
    async take(bytes) {
      while (room < bytes) await new Promise<void>((resolve) => (wake = resolve));
      room -= bytes;
    },
    give(bytes) {
      room += bytes;
      wake();
    },
    open() {
      room = Infinity;
      wake();
    },
  };
}
