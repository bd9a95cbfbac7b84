import { request } from 'node:http';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/**
 * A connection to a server through a proxy, by CONNECT; encrypted to the server when its address is an https one.
 *
 * @throws the system's error, or that the proxy refuses
 */
export async function openTunnel(server: string, proxy: string): Promise<Socket> {
  const { hostname, port, protocol } = new URL(server);
  const host = hostname.replace(/^\[|\]$/g, '');
  const isSecure = protocol === 'https:';
  const through = await connectThrough(`${hostname}:${port || (isSecure ? '443' : '80')}`, new URL(proxy));
  if (!isSecure) return through;
  const secure = connectTls({ socket: through, host, servername: host });
  await new Promise<void>((resolve, reject) => {
    secure.once('secureConnect', resolve).once('error', reject);
  });
  return secure;
}

/** How long a proxy may take to connect. */
const CONNECT_MS = 10_000;

function connectThrough(place: string, proxy: URL): Promise<Socket> {
  const { username, password, hostname, port } = proxy;
  const who = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const known = { 'proxy-authorization': `Basic ${Buffer.from(who).toString('base64')}` };
  const asked = request({
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port || 80,
    method: 'CONNECT',
    path: place,
    headers: { host: place, ...(username !== '' && known) },
    timeout: CONNECT_MS,
    agent: false,
  });
  return new Promise((resolve, reject) => {
    asked.once('connect', ({ statusCode }, socket) => {
      if (statusCode === 200) return resolve(socket.setTimeout(0));
      socket.destroy();
      reject(new Error(`the proxy ${hostname} answers ${statusCode}`));
    });
    asked.once('timeout', () => asked.destroy(new Error(`the proxy ${hostname} does not answer`)));
    asked.once('error', reject);
    asked.end();
  });
}
