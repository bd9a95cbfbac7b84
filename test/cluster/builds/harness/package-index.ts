import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { inPodNetwork, NODE_ADDRESS } from './registry.ts';

const PORT = 5080;
const SELF = `http://${NODE_ADDRESS}:${PORT}`;

/** Indexes of packages that builds reach, in front of those that this machine's pip and npm use: nothing else leads out of the cluster. */
export async function startPackageIndex(state: string, folder: string) {
  const upstreams = { simple: upstreamIndex(), npm: npmRegistry() };
  const socket = join(folder, 'index.sock');
  const hosts = new Map<string, string>();
  const server = createServer((request, response) => {
    answer({ request, response }, { upstreams, hosts }).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  const relay = await inPodNetwork(state, [process.execPath, join(import.meta.dirname, 'relay.js'), NODE_ADDRESS, String(PORT), socket]); // prettier-ignore
  const listens = once(createInterface({ input: relay.stdout }), 'line');
  const ended = once(relay, 'exit');
  await Promise.race([listens, ended.then(() => Promise.reject(new Error('the relay to the index of packages ended')))]);
  return {
    python: `${SELF}/simple/`,
    npm: `${SELF}/npm/`,
    async stop() {
      relay.kill();
      await ended;
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
} // prettier-ignore

/** As pip has it: of its settings, else its own. */
function upstreamIndex(): string {
  const code =
    'import pip._internal.models.index as i, pip._internal.configuration as c\n' +
    'x = c.Configuration(isolated=False); x.load()\n' +
    'v = dict(x.items()); print(v.get(":env:.index-url") or v.get("global.index-url") or i.PyPI.simple_url)';
  return execFileSync('python3', ['-c', code], { encoding: 'utf8' }).trim().replace(/\/*$/, '/');
}

function npmRegistry(): string {
  return execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' }).trim().replace(/\/*$/, '/');
}

interface Upstream {
  /** By the first part of a path. */
  upstreams: Readonly<Record<string, string>>;
  /** Hosts that its pages name, with `http:` or `https:`. */
  hosts: Map<string, string>;
}

async function answer(
  { request, response }: { request: IncomingMessage; response: ServerResponse },
  { upstreams, hosts }: Upstream,
): Promise<void> {
  const path = request.url ?? '/';
  const [, first = '', rest = ''] = /^\/([^/]+)\/(.*)$/.exec(path) ?? [];
  const [, host = ''] = /^([^/]+)\//.exec(rest) ?? [];
  const scheme = first === 'files' ? hosts.get(host) : undefined;
  const upstream = scheme === undefined ? upstreams[first] : `${scheme}//`;
  if (upstream === undefined) return void response.writeHead(404).end();
  const { accept, range } = request.headers;
  const fetched = await fetch(`${upstream}${rest}`, {
    headers: { ...(accept !== undefined && { accept }), ...(range !== undefined && { range }) },
  });
  const type = fetched.headers.get('content-type') ?? 'application/octet-stream';
  // npm asks for archives beside the pages of its registry.
  if (scheme !== undefined || !/json|html/.test(type)) return passOn(fetched, { type, response });
  const page = (await fetched.text()).replaceAll(/(https?:)\/\/([\w.-]+(?::\d+)?)\//g, (_, how: string, named: string) => {
    hosts.set(named, how);
    return `${SELF}/files/${named}/`;
  });
  response.writeHead(fetched.status, { 'content-type': type }).end(page);
} // prettier-ignore

async function passOn(
  fetched: Response,
  { type, response }: { type: string; response: ServerResponse },
): Promise<void> {
  const headers = ['content-range', 'accept-ranges', 'etag'].flatMap((name) => {
    const value = fetched.headers.get(name);
    return value === null ? [] : [[name, value] as const];
  });
  response.writeHead(fetched.status, { ...Object.fromEntries(headers), 'content-type': type });
  if (fetched.body === null) return void response.end();
  await pipeline(Readable.fromWeb(fetched.body), response);
}
