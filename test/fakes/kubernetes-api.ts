/**
 * An API server of Kubernetes over real HTTP, with nothing behind it: it keeps objects and their versions, lists them
 * in pages, streams changes, and misbehaves when it is told to. What happens to pods, the test writes into its store.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { perform, type Refused } from './kubernetes-answers.ts';
import { askedOf, type Asked } from './kubernetes-request.ts';
import { createFakeStore, type FakeStore } from './kubernetes-store.ts';
import { answerWatch, type Watches } from './kubernetes-watch.ts';

export type Misbehaviour =
  /** Answers with this instead of doing it. */
  | {
      kind: 'status';
      status: number;
      reason?: string;
      retryAfterS?: number;
      causes?: string[];
      message?: string;
      plain?: string;
    }
  /** Takes the request and never answers. */
  | { kind: 'stall' }
  /** Cuts the connection, before or after doing it. */
  | { kind: 'cut'; after: boolean }
  /** A list as of so many changes ago. */
  | { kind: 'stale'; by: number }
  /** A watch that is cut after so many events, in the middle of the next line. */
  | { kind: 'half'; events: number }
  /** A watch that gives so many events and then stays silent, with the connection open. */
  | { kind: 'silent'; events: number }
  /** A watch whose version is too old. */
  | { kind: 'gone' };

export interface FakeApi {
  readonly url: string;
  readonly store: FakeStore;
  /** A kubeconfig of the server, with the context `fake` and the token `secret-token`. */
  readonly kubeconfig: string;
  /** Every request so far. */
  readonly requests: readonly Asked[];
  /** What becomes of each request; null: what should. Replaces what was told before. */
  misbehave(rule: (asked: Asked) => Misbehaviour | null): void;
  /** Tokens that are taken; any, until it is said. */
  tokens: ReadonlySet<string> | null;
  /** Groups that are not installed. */
  missing: Set<string>;
  /** What stands at other paths: API groups, versions, schemas. */
  documents: Map<string, object>;
  /** `<verb> <plural>` that are not allowed. */
  forbidden: Set<string>;
  /** Sends a bookmark to each watch. */
  bookmark(): void;
  /** Cuts every connection. */
  disconnect(): void;
  /** Watches that are open. */
  watches(): number;
  /** Takes WebSockets; who wants them brings their own. */
  onUpgrade: ((request: IncomingMessage, socket: Duplex, head: Buffer) => void) | null;
  /** The log of a container; null: there is none. */
  logOf: (pod: string, query: URLSearchParams) => string | null;
  /** Answers what is asked of logs itself, as long as it likes; null: with `logOf`. */
  onLog: ((asked: Asked, response: ServerResponse) => void) | null;
  close(): Promise<void>;
}

const NAMESPACE = 'lab';

export async function startFakeApi(): Promise<FakeApi> {
  const store = createFakeStore();
  const requests: Asked[] = [];
  const watches: Watches = new Set();
  const sockets = new Set<Socket>();
  const folder = await mkdtemp(join(tmpdir(), 'aichor-fake-api-'));
  let rule: (asked: Asked) => Misbehaviour | null = () => null;

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = await askedOf(request);
    requests.push(asked);
    const bad = rule(asked);
    if (bad?.kind === 'stall') return;
    if (bad?.kind === 'cut' && !bad.after) return void request.socket.destroy();
    if (bad?.kind === 'status') return refuse(response, bad);
    const token = request.headers.authorization?.replace('Bearer ', '') ?? '';
    if (api.tokens !== null && !api.tokens.has(token))
      return refuse(response, { status: 401, reason: 'Unauthorized' });
    if (asked.verb === 'log' && api.onLog !== null) return api.onLog(asked, response);
    if (asked.verb === 'watch') return answerWatch({ store, watches, asked, response, bad });
    const result = await perform(api, asked, bad);
    if (bad?.kind === 'cut') return void request.socket.destroy();
    if (typeof result === 'string') response.end(result);
    else if ('status' in result && typeof result.status === 'number') refuse(response, result as Refused);
    else send(response, 200, result);
  }
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('upgrade', (request, socket, head) => {
    if (api.onUpgrade === null) socket.end('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n');
    else api.onUpgrade(request, socket, head);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const kubeconfig = join(folder, 'config');
  await writeFile(kubeconfig, kubeconfigText(url, 'secret-token'));
  const api: FakeApi = {
    ...{
      url,
      store,
      kubeconfig,
      requests,
      tokens: null,
      missing: new Set(),
      forbidden: new Set(),
      documents: new Map(),
      onUpgrade: null,
    },
    logOf: () => null,
    onLog: null,
    misbehave(told) {
      rule = told;
    },
    bookmark() {
      for (const watch of watches) watch.bookmark();
    },
    watches: () => watches.size,
    disconnect() {
      for (const socket of sockets) socket.destroy();
    },
    async close() {
      for (const watch of watches) watch.end();
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
  return api;
}

/** A cluster with JobSet, and a namespace. */
export function serveJobSets(api: FakeApi, namespace: string): void {
  api.documents.set('/version', { gitVersion: 'v1.36.4' });
  api.documents.set('/apis/jobset.x-k8s.io', { versions: [{ version: 'v1alpha2' }] });
  api.documents.set('/apis/jobset.x-k8s.io/v1alpha2', { resources: [{ name: 'jobsets' }] });
  api.store.put('namespaces', { metadata: { name: namespace } });
}

export function kubeconfigText(server: string, token: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'fake',
    clusters: [{ name: 'one', cluster: { server } }],
    users: [{ name: 'me', user: { token } }],
    contexts: [{ name: 'fake', context: { cluster: 'one', user: 'me', namespace: NAMESPACE } }],
  });
}

function refuse(
  response: ServerResponse,
  { status, reason = '', message = `refused: ${reason}`, retryAfterS, causes = [], plain }: Refused,
): void {
  if (retryAfterS !== undefined) response.setHeader('retry-after', String(retryAfterS));
  if (plain !== undefined) {
    response.writeHead(status, { 'content-type': 'text/plain' }).end(plain);
    return;
  }
  const details = { causes: causes.map((cause) => ({ reason: cause })) };
  send(response, status, {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    message,
    reason,
    details,
    code: status,
  });
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
