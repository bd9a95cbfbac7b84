import { createHash } from 'node:crypto';
import { closeSync, openSync, writeFileSync, type Stats } from 'node:fs';
import { readIfThere } from '../../base/io/files.ts';
import { place } from '../../base/io/place.ts';
import type { ChecksumName } from '../wire/checksum.ts';

/** What S3 knows of an object and a file does not say. */
export interface Attributes {
  /** Without quotation marks. */
  etag: string;
  contentType: string | null;
  /** `x-amz-meta-*` and the like, by header. */
  headers: Record<string, string>;
  checksums: Partial<Record<ChecksumName, string>>;
  checksumType: 'FULL_OBJECT' | 'COMPOSITE';
}

/** Which file it was said of: a file that was written to since then is another. */
type Look = [size: number, mtimeMs: number, inode: number];

interface Entry {
  key: string;
  look: Look;
  said: Attributes;
}

/** So many lines that say nothing any more are left in the file at most, and as many as there are objects. */
const SLACK = 10_000;

/**
 * Remembers the attributes of objects in a file beside them, line after line. What is lost with it is only that: the
 * objects are the files.
 */
export interface AttributeFile {
  of(key: string, stat: Stats): Attributes;
  /** Remembers it, also for the next process. Throws system errors. */
  note(key: string, stat: Stats, said: Attributes): void;
  close(): void;
}

export async function openAttributes(path: string): Promise<AttributeFile> {
  const entries = new Map<string, Entry>();
  const lines = ((await readIfThere(path)) ?? '').split('\n');
  for (const line of lines) {
    const entry = readEntry(line);
    if (entry !== null) entries.set(entry.key, entry);
  }
  if (lines.length > 2 * entries.size + SLACK)
    await place(path, [...entries.values()].map((entry) => `${JSON.stringify(entry)}\n`).join(''));
  const file = openSync(path, 'a', 0o600);
  // A line that a crash cut off would take the next one with it.
  if (lines.at(-1) !== '') writeFileSync(file, '\n');
  return {
    of(key, stat) {
      const entry = entries.get(key);
      const isSame = entry !== undefined && lookOf(stat).every((value, at) => value === entry.look[at]);
      return isSame ? entry.said : derived(stat);
    },
    note(key, stat, said) {
      const entry: Entry = { key, look: lookOf(stat), said };
      entries.set(key, entry);
      writeFileSync(file, `${JSON.stringify(entry)}\n`);
    },
    close: () => closeSync(file),
  };
}

/** A line that was cut by a crash is none. */
function readEntry(line: string): Entry | null {
  if (!line.endsWith('}')) return null;
  try {
    return JSON.parse(line) as Entry;
  } catch {
    return null;
  }
}

/** Of a file that code wrote, or wrote to: an ETag that nobody takes for an MD5, and that changes with the file. */
function derived(stat: Stats): Attributes {
  const etag = createHash('md5').update(lookOf(stat).join(' ')).digest('hex');
  return { etag: `${etag}-1`, contentType: null, headers: {}, checksums: {}, checksumType: 'FULL_OBJECT' };
}

function lookOf({ size, mtimeMs, ino }: Stats): Look {
  return [size, mtimeMs, ino];
}
