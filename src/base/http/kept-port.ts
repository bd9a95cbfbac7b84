import type { Server } from 'node:http';
import { systemErrorCode } from '../../errors.ts';
import { readIfThere } from '../io/files.ts';
import { place } from '../io/place.ts';

/** Only this machine reaches it. */
export const LOOPBACK_HOST = '127.0.0.1';

/**
 * Listens on a port of this machine only: that of the time before where it is free, so that addresses stay good from one start to the
 * next, else on any. @param portFile where it is kept
 */
export async function listenOnKeptPort(server: Server, portFile: string): Promise<number> {
  const port = (await listen(server, await keptPort(portFile))) ?? (await listen(server, 0));
  if (port === null) throw new Error('the system gives no port');
  await place(portFile, String(port));
  return port;
}

/** Null: it is taken. */
async function listen(server: Server, port: number): Promise<number | null> {
  try {
    await new Promise<void>((resolve, reject) => {
      server
        .once('error', reject)
        .listen(port, LOOPBACK_HOST, () => resolve(void server.off('error', reject)));
    });
  } catch (error) {
    if (port !== 0 && ['EADDRINUSE', 'EACCES'].includes(systemErrorCode(error) ?? '')) return null;
    throw error;
  }
  const bound = server.address();
  return typeof bound === 'object' && bound !== null ? bound.port : null;
}

async function keptPort(path: string): Promise<number> {
  return Number.parseInt((await readIfThere(path)) ?? '', 10) || 0;
}
