import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { cluster } from './found.ts';

/** A way to the API server that a test can close, and on which kinds can be hidden. No credentials are needed on it. */
export interface Way {
  server: string;
  /** From now on nothing is answered; what is open stands still. */
  freeze(): void;
  /** What was not answered breaks, and all is as before. */
  thaw(): void;
  close(): void;
}

/** @param hidden API group that is not served on it */
export async function openWay({ hidden }: { hidden?: string } = {}): Promise<Way> {
  let isFrozen = false;
  const proxy = createServer((asked, answer) => {
    if (isFrozen) return;
    if (hidden !== undefined && asked.url?.startsWith(`/apis/${hidden}`)) return void answer.writeHead(404, { 'content-type': 'text/plain' }).end('404 page not found\n'); // prettier-ignore
    const { method, headers, url: path } = asked;
    const onward = request({ socketPath: cluster.socket, method, path, headers: { ...headers, host: 'localhost' } }); // prettier-ignore
    onward.on('response', (response) => {
      answer.writeHead(response.statusCode ?? 500, response.headers).flushHeaders();
      response.on('data', (piece: Buffer) => isFrozen || answer.write(piece));
      response.on('end', () => isFrozen || answer.end());
      response.on('error', () => answer.destroy());
    });
    onward.on('error', () => answer.destroy());
    answer.on('close', () => onward.destroy());
    asked.pipe(onward);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const { port } = proxy.address() as AddressInfo;
  return {
    server: `http://127.0.0.1:${port}`,
    freeze() {
      isFrozen = true;
    },
    thaw() {
      isFrozen = false;
      proxy.closeAllConnections();
    },
    close: () => void (proxy.close(), proxy.closeAllConnections()),
  };
}
