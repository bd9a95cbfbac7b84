import { createServer, type Server } from 'node:http';
import { systemErrorCode } from '../../errors.ts';
import { readIfThere } from '../../base/io/files.ts';
import { place } from '../../base/io/place.ts';
import { closeServer } from '../process/listen.ts';
import type { LinkHandler } from './handler.ts';

/** A port of this machine only, that serves links and nothing else. */
export interface LinkListener {
  address: string;
  active(): number;
  close(graceMs: number): Promise<void>;
}

interface ListenerOptions {
  handler: LinkHandler;
  /** Where the port is kept, so that addresses stay good when the server is started again. */
  portFile: string;
  onRequest(): void;
}

const HOST = '127.0.0.1';

/** On the port of the time before where that is free, else on any. */
export async function listenForLinks({
  handler,
  portFile,
  onRequest,
}: ListenerOptions): Promise<LinkListener> {
  const open = new Set<object>();
  const begin = (stream: { once(event: 'close', done: () => void): unknown }) => {
    open.add(stream);
    onRequest();
    stream.once('close', () => {
      open.delete(stream);
      onRequest();
    });
  };
  const server = createServer((incoming, outgoing) => {
    begin(outgoing);
    if (!handler.request(incoming, outgoing)) outgoing.writeHead(403).end();
  });
  server.on('upgrade', (incoming, socket, head) => {
    begin(socket);
    if (!handler.upgrade(incoming, socket, head)) socket.destroy();
  });
  const port = (await listen(server, await keptPort(portFile))) ?? (await listen(server, 0));
  if (port === null) throw new Error('the system gives no port');
  await place(portFile, String(port));
  return {
    address: `http://${HOST}:${port}`,
    active: () => open.size,
    close: (graceMs) => closeServer(server, graceMs),
  };
}

/** Null: it is taken. */
async function listen(server: Server, port: number): Promise<number | null> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(port, HOST, () => resolve(void server.off('error', reject)));
    });
  } catch (error) {
    if (port !== 0 && ['EADDRINUSE', 'EACCES'].includes(systemErrorCode(error) ?? '')) return null;
    throw error;
  }
  const bound = server.address();
  return typeof bound === 'object' && bound !== null ? bound.port : null;
}

async function keptPort(path: string): Promise<number> {
  return Number.parseInt((await readIfThere(path)) ?? '', 10) || 0;
}
