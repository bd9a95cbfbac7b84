import { maxHeaderSize, STATUS_CODES, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { AichorError } from '../../../errors.ts';
import { errorResponse } from '../error-response.ts';
import { REQUEST_ID, requestIdOf } from '../request-id.ts';

/** How long who was refused may take to close the connection. */
const LEAVE_MS = 5000;

/** What a socket is answered that is no HTTP exchange (any more): the last that is written there. */
export function endSocket(
  socket: Duplex,
  {
    status,
    headers = [],
    body = '',
  }: { status: number; headers?: readonly string[]; body?: Buffer | string },
): void {
  if (!socket.writable) return void socket.destroy();
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    ...headers,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), Buffer.from(body)]));
  // What still comes is not read as another request; a socket that is destroyed before that takes the answer with it.
  socket.resume();
  const cut = setTimeout(() => socket.destroy(), LEAVE_MS).unref();
  socket.once('close', () => clearTimeout(cut));
}

/** The error object that every other mistake gets, to who asked by a socket. @param status where it is not the error's own */
export function refuseSocket(
  socket: Duplex,
  thrown: unknown,
  { id = requestIdOf(undefined), status }: { id?: string; status?: number } = {},
): void {
  const { body, status: own } = errorResponse(thrown, id);
  const headers = ['content-type: application/json', `${REQUEST_ID}: ${id}`];
  endSocket(socket, { status: status ?? own, headers, body: JSON.stringify(body) });
}

/** What never became a request: nobody but us can answer it. */
export function refuseUnreadable(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET') return void socket.destroy();
  if (error.code !== 'HPE_HEADER_OVERFLOW')
    return refuseSocket(
      socket,
      new AichorError('usage', 'the request is not HTTP that can be understood', { hint: null }),
    );
  const long = new AichorError(
    'too_large',
    `the headers of the request are longer than ${maxHeaderSize} bytes`,
    {
      hint: 'ask for less at once: fewer labels, statuses or ids',
    },
  );
  refuseSocket(socket, long, { status: 431 });
}

/** Answers what broke before it was answered; an answer that has begun is cut off. */
export function refuseBroken(outgoing: ServerResponse, thrown: unknown, id: string): void {
  if (outgoing.headersSent) return void outgoing.destroy();
  const { body, status } = errorResponse(thrown, id);
  const text = JSON.stringify(body);
  outgoing.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    connection: 'close',
  });
  outgoing.end(text);
}
