import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import type { Provider } from '../../src/api/team/hook-contract.ts';

const SHA = '[0-9a-f]{40}';
const url = z.url({ protocol: /^https?$/ });

interface Schema {
  path: RegExp;
  /** What a request has to show beside its token. */
  headers: z.ZodType;
  body: z.ZodType;
  status: number;
}

/**
 * What each provider takes, by its reference: GitHub's OpenAPI (`repos/create-commit-status`), GitLab's "Set commit pipeline
 * status", Bitbucket Cloud's `commitstatus`, Data Center's `RestBuildStatusSetRequest`, Azure's `GitStatus`, Gitea's `CreateStatusOption`.
 */
export const SCHEMAS: Readonly<Record<Provider, Schema>> = {
  github: {
    path: new RegExp(`^/api/v3/repos/[^/]+/[^/]+/statuses/${SHA}$`),
    headers: z.object({ authorization: z.string().regex(/^Bearer \S+$/), 'user-agent': z.string().min(1) }),
    body: z.strictObject({
      state: z.enum(['error', 'failure', 'pending', 'success']),
      target_url: url.nullable().optional(),
      description: z.string().max(140).nullable().optional(),
      context: z.string().max(255).optional(),
    }),
    status: 201,
  },
  gitlab: {
    path: new RegExp(`^/api/v4/projects/[^/]+(?:%2F[^/]+)+/statuses/${SHA}$`),
    headers: z.object({ 'private-token': z.string().min(1) }),
    body: z.strictObject({
      state: z.enum(['pending', 'running', 'success', 'failed', 'canceled', 'skipped']),
      name: z.string().max(255).optional(),
      target_url: url.max(255).optional(),
      description: z.string().max(255).optional(),
    }),
    status: 201,
  },
  bitbucket: {
    path: new RegExp(`^/2\\.0/repositories/[^/]+/[^/]+/commit/${SHA}/statuses/build$`),
    headers: z.object({ authorization: z.string().regex(/^(?:Bearer|Basic) \S+$/) }),
    body: z.strictObject({
      key: z.string().max(40),
      state: z.enum(['INPROGRESS', 'SUCCESSFUL', 'FAILED', 'STOPPED']),
      name: z.string().optional(),
      url,
      description: z.string().max(255).optional(),
    }),
    status: 201,
  },
  'bitbucket-dc': {
    path: new RegExp(`^/rest/api/latest/projects/[^/]+/repos/[^/]+/commits/${SHA}/builds$`),
    headers: z.object({ authorization: z.string().regex(/^Bearer \S+$/) }),
    body: z.strictObject({
      key: z.string().max(255),
      state: z.enum(['CANCELLED', 'FAILED', 'INPROGRESS', 'SUCCESSFUL', 'UNKNOWN']),
      name: z.string().max(255).optional(),
      url: url.max(450),
      description: z.string().max(255).optional(),
    }),
    status: 204,
  },
  azure: {
    path: new RegExp(
      `^/[^_][^/]*/[^/]+/_apis/git/repositories/[^/]+/commits/${SHA}/statuses\\?api-version=7\\.1$`,
    ),
    headers: z.object({ authorization: z.string().regex(/^Basic \S+$/) }),
    body: z.strictObject({
      state: z.enum(['notSet', 'pending', 'succeeded', 'failed', 'error', 'notApplicable']),
      targetUrl: url.optional(),
      description: z.string().optional(),
      context: z.strictObject({ name: z.string().min(1), genre: z.string().optional() }),
    }),
    status: 201,
  },
  gitea: {
    path: new RegExp(`^/api/v1/repos/[^/]+/[^/]+/statuses/${SHA}$`),
    headers: z.object({ authorization: z.string().regex(/^token \S+$/) }),
    body: z.strictObject({
      state: z.enum(['pending', 'success', 'error', 'failure', 'warning', 'skipped']),
      target_url: z.string().optional(),
      description: z.string().optional(),
      context: z.string().optional(),
    }),
    status: 201,
  },
};

export interface Written {
  path: string;
  headers: IncomingMessage['headers'];
  body: Record<string, unknown>;
}

/** A host that takes statuses as a provider does: what is not in its schema is answered 422. */
export interface StatusHost {
  origin: string;
  /** Every request. */
  seen: Written[];
  /** What it is to answer instead, from now on. */
  answer: { status: number; location?: string } | null;
  /** Resolves once there are so many. */
  until(count: number): Promise<void>;
  close(): void;
}

export async function startStatusHost(provider: Provider): Promise<StatusHost> {
  const { path, headers, body, status } = SCHEMAS[provider];
  const waiting = new Set<() => void>();
  const server = createServer(async (incoming, outgoing) => {
    // Git asks it for branches, too.
    if (incoming.method !== 'POST') return void outgoing.writeHead(404).end();
    const written = {
      path: incoming.url ?? '',
      headers: incoming.headers,
      body: JSON.parse(await text(incoming)),
    };
    const isRight =
      path.test(written.path) &&
      headers.safeParse(incoming.headers).success &&
      body.safeParse(written.body).success;
    const { answer } = host;
    const location = answer?.location;
    outgoing
      .writeHead(answer?.status ?? (isRight ? status : 422), location === undefined ? {} : { location })
      .end();
    host.seen.push(written);
    for (const look of waiting) look();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const host: StatusHost = {
    origin: `http://127.0.0.1:${port}`,
    seen: [],
    answer: null,
    until: (count) =>
      new Promise((resolve) => {
        const look = () => {
          if (host.seen.length < count) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
  return host;
}
