import { join } from 'node:path';
import { createClient, type Client } from '../../client/client.ts';
import { mayBeOfVersions, namingVersions } from '../../client/other-version.ts';
import { assumeEmbedded } from '../../client/server-file.ts';
import type { AichorError } from '../../errors.ts';
import type { Target } from '../../client/http.ts';
import type { Settings } from '../settings/settings.ts';
import type { Talk } from './talk.ts';

interface Connection {
  settings: Settings;
  env: Record<string, string | undefined>;
  /** This program's version: the embedded server's should be the same. */
  version: string;
  /** The package's folder, where `bin/` is. */
  root: string;
  signal: AbortSignal;
  talk: Talk;
}

/** Where the control plane is and how to be let in; the embedded one is started when it does not run. */
export async function connect(connection: Connection): Promise<Target> {
  const { settings, talk, signal } = connection;
  if (settings.server.value !== null) return remote(settings, settings.server.value);
  const options = embeddedOptions(connection);
  // Loaded only where a server may have to be started: most commands find one.
  const { startEmbedded } = await import('../../client/embedded.ts');
  const address = await startEmbedded({ ...options, notice: (message) => talk.notice(message), signal });
  return { address, apiKey: null };
}

/**
 * A client of the configured control plane. An embedded one that its file says runs is believed in without
 * asking; should that be wrong, the first request finds out and starts one.
 */
export async function connectedClient(connection: Connection): Promise<Client> {
  const { settings, signal } = connection;
  if (settings.server.value !== null)
    return createClient({ ...remote(settings, settings.server.value), signal });
  const reconnect = async () => (await connect(connection)).address;
  const address = assumeEmbedded(embeddedOptions(connection)) ?? (await reconnect());
  return createClient({ address, apiKey: null, signal, reconnect });
}

/** A client of a control plane that runs; null when it is the embedded one and does not. Never starts anything. */
export async function runningClient(connection: Connection): Promise<Client | null> {
  const { settings, signal } = connection;
  if (settings.server.value !== null)
    return createClient({ ...remote(settings, settings.server.value), signal });
  const { findEmbedded } = await import('../../client/embedded.ts');
  const address = await findEmbedded(embeddedOptions(connection), signal);
  return address && createClient({ address, apiKey: null, signal });
}

/** How long a server is asked for its version when a command has failed already. */
const VERSION_LIMIT_MS = 3000;

/**
 * A failure of a command that spoke to a control plane. Where a team's server is of another version and that may be the
 * reason, both versions are named.
 */
export async function explainedByVersions(connection: Connection, error: AichorError): Promise<AichorError> {
  const { server } = connection.settings;
  if (server.value === null || !mayBeOfVersions(error)) return error;
  const signal = AbortSignal.timeout(VERSION_LIMIT_MS);
  const asked = createClient({ ...remote(connection.settings, server.value), signal }).health();
  const theirs = await asked.then(
    ({ version }) => (typeof version === 'string' ? version : null),
    // The failure is told without it.
    () => null,
  );
  return namingVersions(error, connection.version, theirs);
}

function remote(settings: Settings, url: string): Target {
  return { address: { url }, apiKey: settings.api_key.value };
}

function embeddedOptions({ settings, env, version, root }: Connection) {
  return { folder: settings.folder, env, version, entry: join(root, 'bin', 'aichor.js') };
}
