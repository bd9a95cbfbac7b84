import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';

/** How a program behaves that somebody runs in a container. */
export interface FakeProgram {
  command: string[];
  container: string | null;
  /** A terminal was asked for. */
  tty: boolean;
  /** Sizes that the terminal was given. */
  sizes: object[];
  /** Resolves when the client has closed the connection. */
  closed: Promise<void>;
  /** Resolves with all of the input, when its end was told. */
  stdin: Promise<Buffer>;
  print(stream: 'stdout' | 'stderr', text: string): void;
  /** Tells how it ended, and keeps the connection. */
  tell(status: object): void;
  /** Takes nothing in any more. */
  stopReading(): void;
  /** Cuts the connection. */
  cut(): void;
}

/** Status of its end; undefined: it does not end. */
export type FakeRun = (program: FakeProgram) => Promise<object | undefined>;

/** What happens at a port: bytes that came, an answer. Throws what nobody listens with. */
export type FakePort = (bytes: Buffer) => Buffer;

/** Takes the WebSockets of `exec` (v5 only) and `portforward`. */
export function takeSockets({ run, port }: { run?: FakeRun; port?: FakePort }) {
  const server = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  return (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const url = new URL(request.url ?? '/', 'http://fake');
    server.handleUpgrade(request, socket, head, (opened) => {
      if (url.pathname.endsWith('/exec') && run) void exec(opened, url.searchParams, run);
      else if (port) forward(opened, Number(url.searchParams.get('ports')), port);
    });
  };
}

async function exec(socket: WebSocket, query: URLSearchParams, run: FakeRun): Promise<void> {
  const parts: Buffer[] = [];
  const sizes: object[] = [];
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const stdin = new Promise<Buffer>((resolve) => {
    socket.on('message', (data: Buffer) => {
      if (data[0] === 4) sizes.push(JSON.parse(data.subarray(1).toString()));
      if (data[0] === 0) parts.push(data.subarray(1));
      if (data[0] === 255 && data[1] === 0) resolve(Buffer.concat(parts));
    });
  });
  const tell = (status: object) =>
    socket.send(Buffer.concat([Buffer.of(3), Buffer.from(JSON.stringify(status))]));
  const status = await run({
    command: query.getAll('command'),
    container: query.get('container'),
    ...{ tty: query.get('tty') === 'true', sizes, closed },
    stdin,
    print: (stream, text) =>
      socket.send(Buffer.concat([Buffer.of(stream === 'stdout' ? 1 : 2), Buffer.from(text)])),
    tell,
    stopReading: () => socket.pause(),
    cut: () => socket.terminate(),
  });
  if (status === undefined) return;
  tell(status);
  socket.close();
}

function forward(socket: WebSocket, number: number, port: FakePort): void {
  const named = Buffer.alloc(2);
  named.writeUInt16LE(number);
  socket.send(Buffer.concat([Buffer.of(0), named]));
  socket.send(Buffer.concat([Buffer.of(1), named]));
  socket.on('message', (data: Buffer) => {
    try {
      socket.send(Buffer.concat([Buffer.of(0), port(data.subarray(1))]));
    } catch (error) {
      socket.send(Buffer.concat([Buffer.of(1), Buffer.from(String(error))]));
    }
  });
}
