import { Parser, type ReadEntry } from 'tar';
import { AichorError } from '../../../errors.ts';
import type { BlobBatch, BlobWriter } from '../contents/blobs.ts';

/** Kinds of entries that are plain files in some dialect of tar. */
const FILE_TYPES: ReadonlySet<string> = new Set(['File', 'OldFile', 'ContiguousFile']);

/** Longest extended header (a path of 4096 characters and little else). */
const LONGEST_META = 1 << 16;

/** First byte of what the parser would take for gzip, and unpack. */
const GZIP_START = 0x1f;

/** A content that an entry may bring. */
export interface ExpectedEntry {
  sha256: string;
  bytes: number;
}

/** A tar archive that is taken apart as its bytes come. Throws AichorError `usage` at the first thing wrong. */
export interface Archive {
  write(chunk: Buffer): void;
  /** The archive is complete. */
  end(): void;
}

/**
 * Puts the entries' contents into a batch of blobs. `expected` finds a file by what an entry is called. All of
 * it happens within `write` and `end`: the parser hands out bytes as it meets them.
 */
export function openArchive(expected: ReadonlyMap<string, ExpectedEntry>, batch: BlobBatch): Archive {
  const parser = new Parser({ strict: true, maxMetaEntrySize: LONGEST_META, brotli: false, zstd: false });
  const seen = new Set<string>();
  let failure: unknown = null;
  // Nothing but zeros, or nothing at all, is the archive of no files; the parser does not take it for one.
  let opening: number | undefined;
  const fail = (error: unknown) => {
    failure ??= error;
  };
  parser.on('error', (error: Error) => fail(refusedArchive(error.message)));
  parser.on('ignoredEntry', () => fail(refusedArchive('it has an extended header of unreasonable length')));
  parser.on('entry', (entry: ReadEntry) => {
    const file = expected.get(entry.path);
    const wrong = failure === null ? objection(entry, file, seen) : 'comes after an error';
    if (!file || wrong !== null) {
      fail(refusedArchive(`its entry ${JSON.stringify(entry.path)} ${wrong}`));
      entry.resume();
      return;
    }
    seen.add(entry.path);
    keepContent(entry, file, { writer: batch.write(file.bytes), fail });
  });
  const checked = (step: () => void) => {
    step();
    if (failure !== null) throw failure;
  };
  return {
    write(chunk) {
      opening ??= chunk[0];
      if (opening === GZIP_START) throw refusedArchive('it is compressed without saying so');
      checked(() => parser.write(chunk));
    },
    end: () => checked(() => opening && parser.end()),
  };
}

function objection(
  entry: ReadEntry,
  file: ExpectedEntry | undefined,
  seen: ReadonlySet<string>,
): string | null {
  if (!file) return 'is not in the listing';
  if (!FILE_TYPES.has(entry.type)) return `is no file but of type ${entry.type}`;
  if (entry.size !== file.bytes) return `has ${entry.size} bytes, the listing says ${file.bytes}`;
  return seen.has(entry.path) ? 'is there twice' : null;
}

interface Keeping {
  writer: BlobWriter;
  fail(error: unknown): void;
}

function keepContent(entry: ReadEntry, file: ExpectedEntry, { writer, fail }: Keeping): void {
  entry.on('data', (chunk: Buffer) => {
    try {
      writer.append(chunk);
    } catch (error) {
      fail(error);
    }
  });
  entry.on('end', () => {
    if (!writer.keepIf(file.sha256))
      fail(refusedArchive(`the content of ${JSON.stringify(entry.path)} is not the one announced`));
  });
}

export function refusedArchive(why: string): AichorError {
  return new AichorError('usage', `the upload was refused: ${why}`, {
    hint: 'run the command again; nothing in the directory may change while it is sent',
  });
}
