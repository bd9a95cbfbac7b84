import { createHash } from 'node:crypto';
import { Agent, type RequestOptions } from 'node:https';
import { Agent as PlainAgent } from 'node:http';
import type { ClusterAccess } from './cluster-access.ts';
import { credentialFailure } from './credential-failure.ts';
import { loadKubeConfig, type LoadedConfig } from './kube-config.ts';

/** One user of one API server: what requests need, kept fresh. */
export interface Connection {
  /** Address of the API server, without a slash at its end. */
  readonly server: string;
  readonly namespace: string;
  /** For the next request. Tokens are read again and plugins run again when theirs have expired. */
  credentials(): Promise<Credentials>;
  /** After these were refused (401): everything is read anew, once for all who ask. */
  renewed(refused: Credentials): Promise<Credentials>;
  /** Ends idle connections, others as soon as they are idle, and plugins that have not answered. */
  close(): void;
}

/** Never to be logged. */
export interface Credentials {
  headers: Record<string, string>;
  /** Holds certificates, the proxy and idle connections. */
  agent: PlainAgent;
}

/** How long what a plugin gave is used before it is asked about again: one without an expiry would run for each request. */
const PLUGIN_REST_MS = 60_000;
/** A plugin that takes longer waits for somebody at a terminal. */
const PLUGIN_LIMIT_MS = 30_000;

export interface ConnectionOptions {
  env?: Record<string, string | undefined>;
  now?: () => number;
  pluginLimitMs?: number;
}

/**
 * Opens nothing yet, but credentials are asked for once, so that what is wrong with them is told here.
 *
 * @throws AichorError `usage` (a context that is not there), `engine_unavailable` (kubeconfig, plugin, token)
 */
export async function openConnection(
  access: ClusterAccess,
  options: ConnectionOptions = {},
): Promise<Connection> {
  const { env = process.env, now = Date.now, pluginLimitMs = PLUGIN_LIMIT_MS } = options;
  let loaded = await loadKubeConfig(access, env);
  const { server, namespace } = loaded;
  const agents = createAgents();
  let last: { given: Credentials; at: number } | null = null;
  let asking: Promise<Credentials> | null = null;

  async function ask(): Promise<Credentials> {
    const from = loaded;
    const given = await credentialsOf(from, agents);
    if (from === loaded) last = { given, at: now() };
    return given;
  }
  function credentials(): Promise<Credentials> {
    if (loaded.plugin !== null && last !== null && now() - last.at < PLUGIN_REST_MS)
      return Promise.resolve(last.given);
    asking ??= ask().finally(() => (asking = null));
    return withLimit(asking, pluginLimitMs, loaded);
  }
  try {
    await credentials();
  } catch (error) {
    // There is nobody who would wait for it, or could end it later.
    loaded.programs.end();
    throw error;
  }
  async function readAnew(): Promise<Credentials> {
    loaded.programs.end();
    loaded = await loadKubeConfig(access, env);
    asking = null;
    last = null;
    return credentials();
  }
  let renewing: Promise<Credentials> | null = null;
  return {
    server,
    namespace,
    credentials,
    async renewed(refused) {
      if (last !== null && !sameCredentials(last.given, refused)) return last.given;
      renewing ??= readAnew().finally(() => (renewing = null));
      return renewing;
    },
    close() {
      agents.close();
      loaded.programs.end();
    },
  };
}

async function credentialsOf(loaded: LoadedConfig, agents: Agents): Promise<Credentials> {
  const options: RequestOptions = {};
  try {
    await loaded.config.applyToHTTPSOptions(options);
  } catch (error) {
    throw credentialFailure(error, loaded);
  }
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {})) headers[name] = String(value).trim();
  if (options.auth) headers['Authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`;
  return { headers, agent: agents.for(options, loaded.config.getCurrentCluster()?.proxyUrl) };
}

function sameCredentials(one: Credentials, other: Credentials): boolean {
  return JSON.stringify(one.headers) === JSON.stringify(other.headers) && one.agent === other.agent;
}

/** The question goes on, and whoever asks next waits for the same one. */
async function withLimit<T>(asking: Promise<T>, ms: number, loaded: LoadedConfig): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(credentialFailure('late', loaded)), ms);
  });
  try {
    return await Promise.race([asking, late]);
  } finally {
    clearTimeout(timer);
  }
}

interface Agents {
  for(options: RequestOptions, proxyUrl: string | undefined): PlainAgent;
  close(): void;
}

/** One agent as long as certificates stay the same, so that connections are used again. */
function createAgents(): Agents {
  let current: { agent: PlainAgent; print: string } | null = null;
  const retire = () => {
    if (current === null) return;
    Object.assign(current.agent, { keepAlive: false });
    for (const sockets of Object.values(current.agent.freeSockets))
      sockets?.forEach((socket) => socket.destroy());
    current = null;
  };
  return {
    for(options, proxyUrl) {
      const { ca, cert, key, rejectUnauthorized, servername } = options;
      const print = createHash('sha256');
      for (const part of [ca, cert, key, rejectUnauthorized, servername, proxyUrl])
        print.update(`${String(part)}\0`);
      const digest = print.digest('hex');
      if (current?.print === digest) return current.agent;
      retire();
      const agent = options.agent instanceof PlainAgent ? options.agent : new Agent();
      // The library makes it, with the proxy and all, but to be thrown away after one request.
      Object.assign(agent, { keepAlive: true });
      current = { agent, print: digest };
      return agent;
    },
    close: retire,
  };
}
