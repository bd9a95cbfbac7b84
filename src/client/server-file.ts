import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isAbsent } from '../errors.ts';

/** What a running server says of itself in `server.json`. It may be stale: the server may have been killed. */
export interface ServerFile {
  pid: number;
  version: string;
  address: string;
}

/** Null when there is none, or when it is not whole. */
export async function serverFileIn(dataFolder: string): Promise<ServerFile | null> {
  try {
    const value: unknown = JSON.parse(await readFile(join(dataFolder, 'server.json'), 'utf8'));
    return isServerFile(value) ? value : null;
  } catch (error) {
    if (error instanceof SyntaxError || isAbsent(error)) return null;
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
