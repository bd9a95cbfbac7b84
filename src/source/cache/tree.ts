import { createHash } from 'node:crypto';
import type { Readable, Writable } from 'node:stream';
import { createListingCheck } from '../../snapshot/listing/check.ts';
import { FRAME_HEADER, writeFrameHeader } from '../../snapshot/listing/frame.ts';
import { sortedListing, type Listing, type ListingEntry } from '../../snapshot/listing/listing.ts';
import { isAichorError } from '../../errors.ts';
import { startGit, type Env } from '../run-git.ts';
import { readBlobs } from './blobs.ts';
import { readKnown, writeKnown, type KnownContent } from './known-contents.ts';

/** The files of a commit, straight from Git's objects: what a checkout of it would lay out. */
export interface CommitTree {
  listing: Listing;
  /** Contents of the listing as `snapshot/listing/frame.ts` says. Throws `Damaged`. */
  contents(sha256s: readonly string[]): AsyncIterable<Buffer>;
}

interface Reading {
  directory: string;
  env?: Env | undefined;
  signal?: AbortSignal | undefined;
}

interface Entry {
  mode: string;
  oid: string;
  path: string;
}

/** Attributes by which a checkout writes something else than the object holds, or may. */
const CHANGES_CONTENT = /filter|ident|eol|crlf|encoding|\[attr\]/;
/** As long as a path may be in a snapshot; targets of links too. */
const LONGEST = 4095;
/** Of attributes and targets of links. */
const LONGEST_TEXT = 1 << 20;
const CHUNK = 1 << 20;

/**
 * Reads a commit out of a repository without laying it out: what was read of a content before is not read again. Null: only a
 * checkout can tell what comes of it (filters, odd names, links that lead out). Throws `Damaged`.
 *
 * @param directory a bare repository that has the commit, whose files nobody but us can change
 */
export async function readTree(sha: string, reading: Reading): Promise<CommitTree | null> {
  const entries = await entriesOf(sha, reading);
  if (entries === null) return null;
  const texts = await textsOf(
    entries.filter(({ mode, path }) => mode === '120000' || /(?:^|\/)\.gitattributes$/.test(path)),
    reading,
  );
  if (texts === null) return null;
  const isFile = ({ mode }: Entry) => mode.startsWith('100');
  const files = entries.filter(isFile);
  if (
    files.some(
      ({ path, oid }) => path.endsWith('.gitattributes') && CHANGES_CONTENT.test(texts.get(oid) ?? ''),
    )
  )
    return null;
  const known = await knownOf(files, reading);
  const listing = sortedListing(entries.map((entry) => listed(entry, { known, texts })));
  if (!isSound(listing)) return null;
  const oids = new Map(files.map(({ oid }) => [known.get(oid)?.sha256 ?? '', oid]));
  return {
    listing,
    contents: (sha256s) =>
      framed(
        sha256s.map((sha256) => ({ sha256, oid: oids.get(sha256) ?? '' })),
        reading,
      ),
  };
}

/** Null for what no snapshot holds under the same name. The list of a large commit is longer than any text should be: it is read as it comes. */
async function entriesOf(sha: string, reading: Reading): Promise<Entry[] | null> {
  const git = await startGit(['ls-tree', '-r', '-z', '--full-tree', '--end-of-options', sha], reading);
  const ended = new Promise<number | null>((resolve) => git.once('close', resolve));
  (git.stdin as Writable).end();
  try {
    const entries: Entry[] = [];
    let rest = '';
    for await (const text of (git.stdout as Readable).setEncoding('utf8') as AsyncIterable<string>) {
      const lines = (rest + text).split('\0');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const entry = entryIn(line);
        if (entry === null) return null;
        entries.push(entry);
      }
    }
    return (await ended) === 0 && rest === '' ? entries : null;
  } finally {
    reading.signal?.throwIfAborted();
    git.kill();
  }
}

function entryIn(line: string): Entry | null {
  const [, mode, oid, path] = /^(\d{6}) (?:blob|commit) ([0-9a-f]{40,64})\t(.+)$/s.exec(line) ?? [];
  if (mode === undefined || oid === undefined || path === undefined || !isPlain(path)) return null;
  return { mode, oid, path };
}

/** Neither of Git's own, nor with bytes that are no text, nor one that some system takes for another. */
function isPlain(path: string): boolean {
  return (
    path.length <= LONGEST && !/[\\\uFFFD]|(?:^|\/)(?:\.?git(?:~\d)?)[. ]*(?:\/|$)|\u200c|\u200d/i.test(path)
  );
}

/** Contents as text, by their names; null when one is none. */
async function textsOf(entries: readonly Entry[], reading: Reading): Promise<Map<string, string> | null> {
  const texts = new Map<string, string>();
  let parts: Buffer[] = [];
  const oids = [...new Set(entries.map(({ oid }) => oid))];
  for await (const { oid, bytes, data, isLast } of readBlobs(oids, reading)) {
    if (bytes > LONGEST_TEXT) return null;
    parts.push(Buffer.from(data));
    if (!isLast) continue;
    const whole = Buffer.concat(parts);
    parts = [];
    const text = whole.toString();
    if (text.includes('\0') || !Buffer.from(text).equals(whole)) return null;
    texts.set(oid, text);
  }
  return texts;
}

/** What listings say of each file's content; what is not known is read, and known from then on. */
async function knownOf(files: readonly Entry[], reading: Reading): Promise<Map<string, KnownContent>> {
  const known = await readKnown(reading.directory);
  const unknown = [...new Set(files.map(({ oid }) => oid))].filter((oid) => !known.has(oid));
  if (unknown.length === 0) return known;
  let content = createHash('sha256');
  for await (const { oid, bytes, data, isLast } of readBlobs(unknown, reading)) {
    content.update(data);
    if (!isLast) continue;
    known.set(oid, { sha256: content.digest('hex'), bytes });
    content = createHash('sha256');
  }
  await writeKnown(reading.directory, known);
  return known;
}

function listed(
  { mode, oid, path }: Entry,
  { known, texts }: { known: ReadonlyMap<string, KnownContent>; texts: ReadonlyMap<string, string> },
): ListingEntry {
  // A submodule that is not fetched is an empty folder.
  if (mode === '160000') return { path, kind: 'folder' };
  if (mode === '120000') return { path, kind: 'link', target: texts.get(oid) ?? '' };
  const content = known.get(oid);
  if (content === undefined) throw new Error(`nothing is known of ${oid}`);
  return { path, kind: 'file', executable: (Number.parseInt(mode, 8) & 0o100) !== 0, ...content };
}

function isSound({ entries }: Listing): boolean {
  const check = createListingCheck();
  try {
    for (const entry of entries) {
      if (entry.kind === 'link' && entry.target.length > LONGEST) return false;
      check.add(entry);
    }
    check.end();
    return true;
  } catch (error) {
    if (isAichorError(error)) return false;
    throw error;
  }
}

async function* framed(
  wanted: readonly { sha256: string; oid: string }[],
  reading: Reading,
): AsyncGenerator<Buffer> {
  let page = Buffer.allocUnsafe(CHUNK);
  let used = 0;
  let at = 0;
  for await (const { bytes, data, isFirst } of readBlobs(
    wanted.map(({ oid }) => oid),
    reading,
  )) {
    if (isFirst) {
      if (used + FRAME_HEADER > CHUNK) {
        yield page.subarray(0, used);
        [page, used] = [Buffer.allocUnsafe(CHUNK), 0];
      }
      writeFrameHeader(page, used, wanted[at++]?.sha256 ?? '', bytes);
      used += FRAME_HEADER;
    }
    for (let done = 0; done < data.length;) {
      if (used === CHUNK) {
        yield page;
        [page, used] = [Buffer.allocUnsafe(CHUNK), 0];
      }
      const count = data.copy(page, used, done);
      used += count;
      done += count;
    }
  }
  if (used > 0) yield page.subarray(0, used);
}
