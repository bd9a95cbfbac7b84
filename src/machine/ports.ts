import { createServer } from 'node:net';

/** Whether nobody listens on the port, neither on loopback nor on all addresses (frameworks bind either). */
export async function isPortFree(port: number): Promise<boolean> {
  return (await canListen(port, '127.0.0.1')) && (await canListen(port, '0.0.0.0'));
}

/** A port that nobody listens on now. The caller keeps track of those it has given out. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = await listenOnce(0, '0.0.0.0');
    if (port !== null && (await isPortFree(port))) return port;
  }
}

async function canListen(port: number, host: string): Promise<boolean> {
  return (await listenOnce(port, host)) !== null;
}

/** The port that was bound for a moment, or null when it could not be. */
function listenOnce(port: number, host: string): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen({ port, host, exclusive: true }, () => {
      const address = server.address();
      const bound = address !== null && typeof address === 'object' ? address.port : null;
      server.close(() => resolve(bound));
    });
  });
}
