import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { AnnouncedSnapshot, Client } from '../../client/client.ts';
import { isAichorError } from '../../errors.ts';
import type { Scan } from '../../snapshot/packaging/scan.ts';
import { bytesText } from '../print/time.ts';
import type { Talk } from '../runtime/talk.ts';

interface Upload {
  client: Client;
  root: string;
  scan: Scan;
  /** Whether it goes over a network: then it is compressed. */
  remote: boolean;
  talk: Talk;
  signal: AbortSignal;
}

/** How often a broken upload is taken up again; what arrived is not sent again. */
const TRIES = 3;
const PAUSE_MS = 500;

/**
 * Brings a scanned directory to the server: nothing when it has it, else the listing, then only the contents that
 * it lacks. Returns the bytes that were sent. Throws AichorError; what the server has got until then stays there and is not sent again.
 */
export async function uploadSnapshot(upload: Upload): Promise<number> {
  if (await upload.client.holds(upload.scan.digest)) return 0;
  let sent = 0;
  for (let attempt = 1; ; attempt++) {
    const { missing } = await upload.client.announce(upload.scan.listing);
    if (missing.length === 0) return sent;
    // Loaded only when there is something to send.
    const { packFiles } = await import('../../snapshot/packaging/sending/pack.ts');
    const total = bytesText(bytesOf(upload.scan, missing));
    const counted = counting(packFiles(upload.root, upload.scan.listing, missing, upload.signal), (bytes) => {
      sent += bytes;
      upload.talk.progress(`sending: ${bytesText(sent)} of ${total}`);
    });
    try {
      await send(upload, counted);
      return sent;
    } catch (error) {
      if (upload.signal.aborted || attempt === TRIES || !isLost(error)) throw error;
      upload.talk.notice('the upload broke; going on with what is missing');
      await delay(PAUSE_MS * attempt, undefined, { signal: upload.signal });
    }
  }
}

async function send({ client, scan, remote }: Upload, tar: Readable): Promise<AnnouncedSnapshot> {
  if (!remote) return client.uploadFiles(scan.digest, tar);
  const { constants, createBrotliCompress } = await import('node:zlib');
  const compressed = createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 1 } });
  tar.on('error', (error) => compressed.destroy(error));
  compressed.on('close', () => tar.destroy());
  return client.uploadFiles(scan.digest, tar.pipe(compressed), 'br');
}

/** Counts what flows; 'data' listeners beside a pipe see the same chunks, at the pipe's pace. */
function counting(stream: Readable, onBytes: (bytes: number) => void): Readable {
  stream.pause();
  stream.on('data', (chunk: Uint8Array) => onBytes(chunk.length));
  return stream;
}

function bytesOf({ listing }: Scan, missing: readonly string[]): number {
  const wanted = new Set(missing);
  return listing.entries.reduce(
    (sum, entry) => sum + (entry.kind === 'file' && wanted.delete(entry.sha256) ? entry.bytes : 0),
    0,
  );
}

function isLost(error: unknown): boolean {
  return isAichorError(error) && error.code === 'server_unreachable';
}
