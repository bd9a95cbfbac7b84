import { join } from 'node:path';
import { isFolderSync, readIfThereSync } from '../base/io/files-sync.ts';
import type { StateFolder } from '../machine/state-folder.ts';
import type { Address, SocketAddress } from './address.ts';

/** What a running server says of itself in `server.json`. It may be stale: the server may have been killed. */
export interface ServerFile {
  pid: number;
  version: string;
  address: string;
}

/** Null when there is none, or when it is not whole. */
export function serverFileIn(dataFolder: string): ServerFile | null {
  const path = join(dataFolder, 'server.json');
  // The server, when it starts, says what is in the file's place.
  const text = isFolderSync(path) ? null : readIfThereSync(path);
  if (text === null) return null;
  try {
    const value: unknown = JSON.parse(text);
    return isServerFile(value) ? value : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function isServerFile(value: unknown): value is ServerFile {
  if (typeof value !== 'object' || value === null) return false;
  return (
    'pid' in value &&
    typeof value.pid === 'number' &&
    'version' in value &&
    typeof value.version === 'string' &&
    'address' in value &&
    typeof value.address === 'string'
  );
}

/**
 * The server that its file on disk says runs, when it is of this program's version: found without asking it.
 * It may have died since; the first request will tell.
 */
export function assumeEmbedded({
  folder,
  version,
}: {
  folder: StateFolder;
  version: string;
}): Address | null {
  const file = serverFileIn(folder.data);
  return file?.version === version ? addressOf(folder) : null;
}

/** Where the embedded server of a state folder listens. */
export function addressOf(folder: StateFolder): SocketAddress {
  return { socketPath: folder.socket, dataFolder: folder.data };
}
