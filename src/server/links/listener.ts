import { createServer } from 'node:http';
import { listenOnKeptPort, LOOPBACK_HOST } from '../../base/http/kept-port.ts';
import { requestIdOf } from '../http/request-id.ts';
import { refuseBroken, refuseSocket } from '../http/wire/refuse.ts';
import type { Log } from '../ports.ts';
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
  log: Pick<Log, 'error'>;
  onRequest(): void;
}

/** On the port of the time before where that is free, else on any. */
export async function listenForLinks({
  handler,
  portFile,
  log,
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
  // Nothing that a page sends may end the process, whatever of ours it breaks.
  const guarded = (handle: () => void, refuse: (error: unknown, id: string) => void) => {
    try {
      handle();
    } catch (error) {
      const id = requestIdOf(undefined);
      log.error({ err: error, request_id: id }, 'a request for a link broke');
      refuse(error, id);
    }
  };
  const server = createServer((incoming, outgoing) => {
    begin(outgoing);
    guarded(
      () => void (handler.request(incoming, outgoing) || outgoing.writeHead(403).end()),
      (error, id) => refuseBroken(outgoing, error, id),
    );
  });
  server.on('upgrade', (incoming, socket, head) => {
    begin(socket);
    socket.on('error', () => socket.destroy());
    guarded(
      () => void (handler.upgrade(incoming, socket, head) || socket.destroy()),
      (error, id) => refuseSocket(socket, error, { id }),
    );
  });
  const port = await listenOnKeptPort(server, portFile);
  return {
    address: `http://${LOOPBACK_HOST}:${port}`,
    active: () => open.size,
    close: (graceMs) => closeServer(server, graceMs),
  };
}
