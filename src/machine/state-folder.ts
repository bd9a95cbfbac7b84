import { tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import envPaths from 'env-paths';

/** Where everything of one user's control plane lies. All folders are 0700, all files 0600. */
export interface StateFolder {
  /** Settings and credentials. */
  config: string;
  /** The control plane's records, logs, snapshots. */
  data: string;
  /** Can be deleted at any time: stat caches of packing, uv's downloads. */
  cache: string;
  /** Unix socket of the embedded control plane; short enough for every system. */
  socket: string;
}

/** Longest socket path that every system takes (macOS: 104 bytes with the final NUL). */
const SOCKET_PATH_LIMIT = 100;

/** `$AICHOR_HOME` holds everything when set; else the XDG folders (or what the system has instead). */
export function stateFolder(env: Record<string, string | undefined>): StateFolder {
  const home = env['AICHOR_HOME'];
  if (home) {
    const root = resolve(home);
    return { config: root, data: root, cache: join(root, 'cache'), socket: socketOf(root) };
  }
  const { config, data, cache } = envPaths('aichor', { suffix: '' });
  return { config, data, cache, socket: socketOf(data) };
}

/** Beside the data where the path is short enough, else in a private folder of the temporary one. */
function socketOf(data: string): string {
  const beside = join(data, 'server.sock');
  if (Buffer.byteLength(beside) <= SOCKET_PATH_LIMIT) return beside;
  // Only for long paths, and loading it takes longer than all the rest of the settings: not at the top.
  const { createHash } = process.getBuiltinModule('node:crypto');
  const name = createHash('sha256').update(data).digest('hex').slice(0, 16);
  const temporary = Buffer.byteLength(tmpdir()) <= 60 ? tmpdir() : '/tmp';
  return join(temporary, `aichor-${userInfo().uid}`, `${name}.sock`);
}
