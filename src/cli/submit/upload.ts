import type { Readable } from 'node:stream';
import { again } from '../../base/async/again.ts';
import { formatBytes } from '../../base/text/bytes.ts';
import type { Client } from '../../client/client.ts';
import { isAichorError } from '../../errors.ts';
import type { FileEntry } from '../../snapshot/listing/listing.ts';
import type { Scan, WireText } from '../../snapshot/packaging/scan.ts';
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
 * Brings a scanned directory to the server: nothing when it has it, else what differs from the listing before (or the
 * whole listing), then only the contents that it lacks. Returns the bytes that were sent, listings included. Throws
 * AichorError; what the server has got until then stays there and is not sent again.
 */
export async function uploadSnapshot(upload: Upload): Promise<number> {
  const { client, scan, signal, talk } = upload;
  const known = scan.difference();
  // A difference is so small that it may as well be said at once.
  if (known === null && (await client.holds(scan.digest))) return 0;
  const sending = { ...upload, sent: 0 };
  await again(
    async (failures) => {
      const files = await announce(sending, failures === 0 ? known : null);
      if (files.length > 0) await sendFiles(sending, files);
    },
    {
      delays: (failures) => (failures < TRIES ? PAUSE_MS * failures : null),
      isTransient: isLost,
      onFailure: () => talk.notice('the upload broke; going on with what is missing'),
      signal,
    },
  );
  return sending.sent;
}

interface Sending extends Upload {
  /** Bytes so far. */
  sent: number;
}

/** Says what the snapshot is; returns the files whose contents are missing. */
async function announce(
  sending: Sending,
  difference: (WireText & { base: string }) | null,
): Promise<FileEntry[]> {
  if (difference !== null) {
    try {
      return await announceText(sending, difference, difference.base);
    } catch (error) {
      // The server does not know what it differs from (any more).
      if (!isAichorError(error) || error.code !== 'not_found') throw error;
      if (await sending.client.holds(sending.scan.digest)) return [];
    }
  }
  return announceText(sending, sending.scan.wire(), null);
}

async function announceText(
  sending: Sending,
  { lines, entry }: WireText,
  base: string | null,
): Promise<FileEntry[]> {
  const body = Buffer.from(`${JSON.stringify({ base })}\n${lines}`);
  sending.sent += body.length;
  const { missing_lines: missing } = await sending.client.announce(body);
  const files: FileEntry[] = [];
  for (const [from, to] of missing) {
    for (let line = from; line <= to; line++) {
      const file = entry(line);
      if (file?.kind === 'file') files.push(file);
    }
  }
  return files;
}

async function sendFiles(sending: Sending, files: readonly FileEntry[]): Promise<void> {
  // Loaded only when there is something to send.
  const { packContents } = await import('../../snapshot/packaging/sending/pack.ts');
  const { root, scan, talk, signal } = sending;
  const total = formatBytes(files.reduce((sum, { bytes }) => sum + bytes, 0));
  const stream = packContents({ root, files, contents: scan.contents, signal });
  const counted = counting(stream, (bytes) => {
    sending.sent += bytes;
    talk.progress(`sending: ${formatBytes(sending.sent)} of ${total}`);
  });
  await send(sending, counted);
}

async function send({ client, scan, remote }: Upload, contents: Readable): Promise<void> {
  if (!remote) return void (await client.uploadContents(scan.digest, contents));
  const { constants, createBrotliCompress } = await import('node:zlib');
  const compressed = createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 1 } });
  contents.on('error', (error) => compressed.destroy(error));
  compressed.on('close', () => contents.destroy());
  await client.uploadContents(scan.digest, contents.pipe(compressed), 'br');
}

/** Counts what flows; 'data' listeners beside a pipe see the same chunks, at the pipe's pace. */
function counting(stream: Readable, onBytes: (bytes: number) => void): Readable {
  stream.pause();
  stream.on('data', (chunk: Uint8Array) => onBytes(chunk.length));
  return stream;
}

/** The connection broke, or another server is there now, which was told nothing. */
function isLost(error: unknown): boolean {
  return isAichorError(error) && (error.code === 'server_unreachable' || error.code === 'not_found');
}
