import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { canonicalLine } from '../../listing/lines.ts';
import type { ListingEntry } from '../../listing/listing.ts';
import type { ListingSummary, StoredListing } from './stored-listing.ts';

/** Writes a listing in the form of `StoredListing`. Whoever begins one ends it with `finish` or `discard`. */
export interface ListingWriter {
  path: string;
  /** The next entry. */
  add(entry: ListingEntry): void;
  /** Takes over part of another listing as it is, whole lines; `sum` then tells what of it is in the summary. */
  copy(from: StoredListing, start: number, end: number): void;
  /** Adds to the summary what was not added entry by entry. */
  sum(part: { entries: number; bytes: number; links: number; folders: number }): void;
  /** Safe on disk from then on. */
  finish(): { digest: string; summary: ListingSummary };
  discard(): void;
}

const PIECE = 1 << 16;

/** Makes the file, 0600. */
export function beginListing(path: string): ListingWriter {
  const file = openSync(path, 'wx', 0o600);
  const content = createHash('sha256');
  const summary: ListingSummary = { version: 2, text: 0, entries: 0, bytes: 0, links: 0, folders: 0 };
  let waiting = '';
  let isOpen = true;
  const write = (bytes: Buffer) => {
    for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done);
  };
  const writeText = (bytes: Buffer) => {
    content.update(bytes);
    summary.text += bytes.length;
    write(bytes);
  };
  const writeWaiting = () => {
    if (waiting !== '') writeText(Buffer.from(waiting));
    waiting = '';
  };
  const close = () => {
    if (isOpen) closeSync(file);
    isOpen = false;
  };
  return {
    path,
    add(entry) {
      waiting += canonicalLine(entry);
      summary.entries++;
      if (entry.kind === 'file') summary.bytes += entry.bytes;
      else summary[entry.kind === 'link' ? 'links' : 'folders']++;
      if (waiting.length > PIECE) writeWaiting();
    },
    copy(from, start, end) {
      writeWaiting();
      const source = openSync(from.path, 'r');
      try {
        const piece = Buffer.allocUnsafe(Math.min(PIECE * 16, end - start));
        for (let at = start; at < end;) {
          const count = readSync(source, piece, 0, Math.min(piece.length, end - at), at);
          if (count === 0) throw new Error(`${from.path} ends early`);
          writeText(piece.subarray(0, count));
          at += count;
        }
      } finally {
        closeSync(source);
      }
    },
    sum({ entries, bytes, links, folders }) {
      summary.entries += entries;
      summary.bytes += bytes;
      summary.links += links;
      summary.folders += folders;
    },
    finish() {
      try {
        writeWaiting();
        write(Buffer.from(`${JSON.stringify(summary)}\n`));
        fsyncSync(file);
      } finally {
        close();
      }
      return { digest: `sha256:${content.digest('hex')}`, summary };
    },
    discard() {
      close();
      rmSync(path, { force: true });
    },
  };
}
