import type { Readable } from 'node:stream';
import type { WebSocket } from 'ws';
import { ClusterError } from '../cluster-error.ts';
import { noAnswer, type StatusObject } from '../cluster-failure.ts';
import type { ExecOptions } from '../cluster.ts';
import type { Connection } from '../access/connection.ts';
import { searchOf } from '../../../../base/http/query.ts';
import { frameOf, sendFrame } from '../../../../base/http/frames.ts';
import { openSocket } from './web-socket.ts';

/** Only this one can tell a program that its standard input has ended (Kubernetes 1.30 and later). */
export const EXEC_PROTOCOL = 'v5.channel.k8s.io';
/** What each of its messages begins with. */
export const CHANNELS = { stdin: 0, stdout: 1, stderr: 2, status: 3, size: 4, close: 255 } as const;
const OUTPUT_KEPT = 64 * 1024;
const PATIENCE_MS = 60_000;

/** `Cluster.exec`; `path` is that of the pod's `exec`. */
export async function runProgram(
  connection: Connection,
  path: string,
  { container, command, stdin, signal, patienceMs = PATIENCE_MS }: ExecOptions,
): Promise<{ code: number; output: string }> {
  signal.throwIfAborted();
  const asked = searchOf({ container, command, stdin: stdin !== null, stdout: true, stderr: true });
  const socket = await openSocket(connection, path + asked, [EXEC_PROTOCOL]);
  const output = createTail(OUTPUT_KEPT);
  try {
    const ended = endOf(socket, connection.server, output);
    const aborted = abortOf(signal);
    const feeding = stdin === null ? undefined : fed({ socket, stdin, output, patienceMs });
    socket.resume();
    const status = await Promise.race([ended, aborted.reason, ...(feeding ? [feeding] : [])]).finally(
      aborted.forget,
    );
    return { code: codeIn(status), output: output.text() };
  } finally {
    stdin?.destroy();
    socket.terminate();
  }
}

/** What the API server says last: how the program ended. */
function endOf(socket: WebSocket, server: string, output: Tail): Promise<StatusObject> {
  return new Promise((resolve, reject) => {
    socket.on('message', (data) => {
      const frame = frameOf(data);
      if (frame?.channel === CHANNELS.stdout || frame?.channel === CHANNELS.stderr) output.add(frame.bytes);
      if (frame?.channel !== CHANNELS.status) return;
      resolve(asStatus(frame.bytes.toString()));
    });
    socket.once('close', (code) =>
      reject(noAnswer(server, new Error(`the connection to the program broke (${code})`))),
    );
  });
}

/** Nodes send it without its kind. */
function asStatus(text: string): StatusObject {
  try {
    const value: StatusObject = JSON.parse(text);
    return value;
  } catch {
    return { status: 'Failure', reason: 'InternalError', message: text.slice(0, 300) };
  }
}

interface Feeding {
  socket: WebSocket;
  stdin: Readable;
  output: Tail;
  patienceMs: number;
}

/** Never resolves: when all is sent, the program's end is still to come. Throws when it reads nothing any more. */
async function fed({ socket, stdin, output, patienceMs }: Feeding): Promise<never> {
  const never = new Promise<never>(() => undefined);
  for await (const chunk of stdin) {
    const sent = await inTime(sendFrame(socket, CHANNELS.stdin, Buffer.from(chunk)), patienceMs, output);
    // The program ended, or the connection broke: either is told elsewhere.
    if (!sent) return never;
  }
  await inTime(sendFrame(socket, CHANNELS.close, Buffer.of(CHANNELS.stdin)), patienceMs, output);
  return never;
}

/** False: it failed. Nodes do not tell of a program that ended while it was still being fed. */
async function inTime(sending: Promise<void>, ms: number, output: Tail): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const stalled = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(unread(ms, output.text().trim().slice(-300))), ms);
  });
  const sent = sending.then(
    () => true,
    () => false,
  );
  return Promise.race([sent, stalled]).finally(() => clearTimeout(timer));
}

function unread(ms: number, printed: string): ClusterError {
  const said = printed === '' ? '' : `; it printed: ${printed}`;
  return new ClusterError(0, 'Timeout', `the program has read nothing for ${ms / 1000} s${said}`);
}

function abortOf(signal: AbortSignal): { reason: Promise<never>; forget(): void } {
  let forget = () => {};
  const reason = new Promise<never>((_, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    forget = () => signal.removeEventListener('abort', abort);
  });
  return { reason, forget };
}

/** The exit code that a last message tells. Throws ClusterError: the program could not be run. */
export function exitCodeOf(text: string): number {
  return codeIn(asStatus(text));
}

function codeIn(status: StatusObject): number {
  if (status.status === 'Success') return 0;
  const cause = status.details?.causes?.find(({ reason }) => reason === 'ExitCode');
  const code = Number(cause?.message);
  if (status.reason === 'NonZeroExitCode' && Number.isInteger(code)) return code;
  throw new ClusterError(
    status.code ?? 500,
    status.reason ?? 'InternalError',
    status.message ?? 'the program could not be run',
  );
}

interface Tail {
  add(bytes: Buffer): void;
  text(): string;
}

/** The last bytes of a stream. */
function createTail(limit: number): Tail {
  let kept = Buffer.alloc(0);
  return {
    add(bytes) {
      kept = Buffer.concat([kept, bytes]);
      if (kept.length > limit) kept = Buffer.from(kept.subarray(kept.length - limit));
    },
    text: () => kept.toString(),
  };
}
