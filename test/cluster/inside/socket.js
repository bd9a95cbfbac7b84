import { rm } from 'node:fs/promises';
import { createConnection, createServer } from 'node:net';
import { join } from 'node:path';
import { API_SOCKET } from '../host/keeper.js';

/** The API server as a socket in the file system: whoever keeps the cluster reaches it from the host's network. */
export async function serveSocket({ state }) {
  const path = join(state, API_SOCKET);
  await rm(path, { force: true });
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = createConnection({ host: '10.244.0.1', port: 443, allowHalfOpen: true });
    near.on('error', () => far.destroy()).on('close', () => far.destroy());
    far.on('error', () => near.destroy()).on('close', () => near.destroy());
    near.pipe(far).pipe(near);
  });
  await new Promise((resolve) => server.listen(path, resolve));
}
