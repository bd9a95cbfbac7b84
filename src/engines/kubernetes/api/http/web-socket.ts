import type { IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';
import { refused } from './ask.ts';
import { isClusterError } from '../cluster-error.ts';
import { noAnswer } from '../cluster-failure.ts';
import type { Connection, Credentials } from '../access/connection.ts';
import { credentials } from './send.ts';

/** The API server answers once it has reached the node. */
const HANDSHAKE_MS = 30_000;
/** So often something passes, that nobody in between takes the connection for forgotten. */
const PING_MS = 30_000;

/**
 * Opens a WebSocket below the API server; it is paused, so that nothing is missed before somebody listens.
 *
 * @throws ClusterError
 */
export async function openSocket(
  connection: Connection,
  path: string,
  protocols: string[],
): Promise<WebSocket> {
  const given = await credentials(connection.credentials());
  try {
    return await open(connection, { path, protocols, given });
  } catch (error) {
    if (!isClusterError(error, 401)) throw error;
    return open(connection, { path, protocols, given: await credentials(connection.renewed(given)) });
  }
}

interface Opening {
  path: string;
  protocols: string[];
  given: Credentials;
}

async function open({ server }: Connection, { path, protocols, given }: Opening): Promise<WebSocket> {
  const { WebSocket } = await import('ws');
  const { headers, agent } = given;
  const socket = new WebSocket(server.replace(/^http/, 'ws') + path, protocols, {
    agent,
    headers,
    perMessageDeflate: false,
    handshakeTimeout: HANDSHAKE_MS,
  });
  return new Promise((resolve, reject) => {
    socket.once('unexpected-response', (_, answer: IncomingMessage) => {
      refused(answer, server)
        .then(reject, reject)
        .finally(() => socket.terminate());
    });
    socket.once('open', () => {
      socket.pause();
      const ping = setInterval(() => socket.ping(), PING_MS).unref();
      socket.once('close', () => clearInterval(ping));
      resolve(socket);
    });
    // Stays: an error without a listener would end the process, and `close` follows each.
    socket.on('error', (error) => reject(noAnswer(server, error)));
  });
}
