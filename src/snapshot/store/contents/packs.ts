import { hash, randomUUID } from 'node:crypto';
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  statSync,
  writeSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { place } from '../../../base/io/place.ts';
import { ifThereSync } from '../../../base/io/files-sync.ts';
import { createTurns } from '../../../base/async/turns.ts';
import { flushAll } from '../durable.ts';
import { createHashTable, HASH_BYTES, hashBytes } from './hash-table.ts';
import { decodeFirstIndex, decodeIndex, encodeIndex, type PackIndex } from './pack-index.ts';

/**
 * Small contents lie in packs: what one upload brought, one after the other in one file, and an index beside it
 * that says where each is. Twenty thousand files of their own would take many times as long to make durable.
 * A pack without index (its upload died, or the index is damaged) holds nothing.
 */
export interface Packs {
  find(sha256: string): Span | undefined;
  /** Bytes of the content whose hash begins at `at`, or -1. */
  sizeOf(hashes: Buffer, at?: number): number;
  begin(): PackWriter;
  reader(): PackReader;
  /** Every pack with what is read from it; those without index hold nothing. */
  list(): { pack: string; changedAt: number; contents: { sha256: string; span: Span }[]; bytes: number }[];
  /** The packs that something is read from. */
  names(): string[];
  remove(pack: string): Promise<void>;
  /**
   * Reads all of a pack, in turns: what is damaged in it is not there from now on. Returns the hashes of that, and how
   * many contents it had.
   */
  mend(pack: string): Promise<{ count: number; bad: string[] }>;
  /** Indexes that could not be read when the packs were opened, and are there yet. */
  damaged(): readonly string[];
  /** Removes such an index: its pack holds nothing. */
  dropIndex(name: string): Promise<void>;
}

/** Where a content is. */
export interface Span {
  pack: string;
  offset: number;
  bytes: number;
}

export interface PackWriter {
  /** Bytes written so far: where the next content begins. */
  position(): number;
  append(chunk: Buffer): void;
  /** What was appended since `offset` is the content with this hash. */
  keep(hash: Buffer, offset: number): void;
  /** Makes what was kept durable, then visible. Without anything kept, nothing stays. */
  finish(): Promise<void>;
}

/** Reads many contents with each pack opened once. */
export interface PackReader {
  /** Null when what is there is not the content with this hash. */
  read(sha256: string, span: Span): Buffer | null;
  close(): void;
}

const PACK = '.pack';
const INDEX = '.idx';
const FIRST_INDEX = '.json';
/** Contents are written in pieces of this many bytes: a system call for each small file would cost more than it. */
const PAGE = 1 << 18;

/** Columns of the table of contents: which pack it is in, where, and how long; a pack's number 0 means nowhere. */
const IN_PACK = 0;
const OFFSET = 1;
const BYTES = 2;

/** The packs of a folder; their indexes are read once, here. */
export function openPacks(folder: string): Packs {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  let table = createHashTable(3);
  const names = [''];
  let damaged: string[] = [];
  const add = (pack: string, { count, hashes, offsets, sizes }: PackIndex) => {
    const number = names.push(pack) - 1;
    for (let at = 0; at < count; at++) {
      const row = table.add(hashes, at * HASH_BYTES);
      table.set(row, IN_PACK, number);
      table.set(row, OFFSET, offsets[at] ?? 0);
      table.set(row, BYTES, sizes[at] ?? 0);
    }
  };
  for (const name of readdirSync(folder)) {
    const suffix = [INDEX, FIRST_INDEX].find((one) => name.endsWith(one));
    if (suffix === undefined) continue;
    const pack = name.slice(0, -suffix.length);
    const index = readIndex(folder, pack, suffix);
    if (index === null) damaged.push(name);
    else add(pack, index);
  }
  const rowOf = (sha256: string) => table.find(hashBytes(sha256));
  const isThere = (row: number) => row >= 0 && table.get(row, IN_PACK) > 0;
  const spanAt = (row: number): Span => ({
    pack: names[table.get(row, IN_PACK)] ?? '',
    offset: table.get(row, OFFSET),
    bytes: table.get(row, BYTES),
  });
  const contentsOf = (): Map<string, { sha256: string; span: Span }[]> => {
    const contents = new Map<string, { sha256: string; span: Span }[]>();
    for (let row = 0; row < table.size; row++) {
      if (!isThere(row)) continue;
      const span = spanAt(row);
      const list = contents.get(span.pack) ?? [];
      list.push({ sha256: table.hash(row).toString('hex'), span });
      contents.set(span.pack, list);
    }
    return contents;
  };
  const contentsIn = (number: number) => {
    const contents: { sha256: string; span: Span }[] = [];
    for (let row = 0; row < table.size; row++)
      if (table.get(row, IN_PACK) === number)
        contents.push({ sha256: table.hash(row).toString('hex'), span: spanAt(row) });
    return contents;
  };
  return {
    damaged: () => damaged,
    async dropIndex(name) {
      await rm(join(folder, name), { force: true });
      damaged = damaged.filter((one) => one !== name);
    },
    find(sha256) {
      const row = rowOf(sha256);
      return isThere(row) ? spanAt(row) : undefined;
    },
    sizeOf(hashes, at) {
      const row = table.find(hashes, at);
      return isThere(row) ? table.get(row, BYTES) : -1;
    },
    begin: () => beginPack(folder, add),
    reader: () => packReader(folder),
    list: () => listPacks(folder, contentsOf()),
    names: () => names.slice(1),
    async remove(pack) {
      const kept = createHashTable(3);
      for (let row = 0; row < table.size; row++) {
        if (!isThere(row) || names[table.get(row, IN_PACK)] === pack) continue;
        const copy = kept.add(table.hash(row));
        for (const column of [IN_PACK, OFFSET, BYTES]) kept.set(copy, column, table.get(row, column));
      }
      table = kept;
      for (const suffix of [INDEX, FIRST_INDEX, PACK]) await rm(join(folder, pack + suffix), { force: true });
    },
    async mend(pack) {
      const contents = contentsIn(names.indexOf(pack));
      const count = contents.length;
      const bad = await damagedIn(folder, contents);
      if (bad.size === 0) return { count, bad: [] };
      for (const sha256 of bad) table.set(rowOf(sha256), IN_PACK, 0);
      const left = contents.filter(({ sha256 }) => !bad.has(sha256));
      await place(join(folder, pack + INDEX), encodeIndex(indexOf(left)), { durable: true });
      await rm(join(folder, pack + FIRST_INDEX), { force: true });
      return { count, bad: [...bad] };
    },
  };
}

/** Those of one pack's contents that are not what their hashes say. */
async function damagedIn(
  folder: string,
  contents: readonly { sha256: string; span: Span }[],
): Promise<Set<string>> {
  const bad = new Set<string>();
  const turns = createTurns();
  const reader = packReader(folder);
  try {
    for (const { sha256, span } of contents) {
      if (turns.isDue()) await turns.take();
      if (reader.read(sha256, span) === null) bad.add(sha256);
    }
  } finally {
    reader.close();
  }
  return bad;
}

function indexOf(contents: readonly { sha256: string; span: Span }[]): PackIndex {
  return {
    count: contents.length,
    hashes: Buffer.concat(contents.map(({ sha256 }) => hashBytes(sha256))),
    offsets: Float64Array.from(contents, ({ span }) => span.offset),
    sizes: Float64Array.from(contents, ({ span }) => span.bytes),
  };
}

function beginPack(folder: string, add: (pack: string, index: PackIndex) => void): PackWriter {
  const pack = randomUUID();
  const path = join(folder, pack + PACK);
  const kept = createHashTable(2);
  let page: Buffer | null = null;
  let used = 0;
  let file: number | null = null;
  let position = 0;
  const write = (bytes: Buffer) => {
    file ??= openSync(path, 'wx', 0o600);
    for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done);
  };
  const writePage = () => {
    if (page !== null && used > 0) write(page.subarray(0, used));
    used = 0;
  };
  return {
    position: () => position,
    append(chunk) {
      position += chunk.length;
      if (used + chunk.length > PAGE) writePage();
      if (chunk.length > PAGE) return write(chunk);
      page ??= Buffer.allocUnsafeSlow(PAGE);
      used += chunk.copy(page, used);
    },
    keep(hashed, offset) {
      const row = kept.add(hashed);
      kept.set(row, 0, offset);
      kept.set(row, 1, position - offset);
    },
    async finish() {
      try {
        if (kept.size > 0) writePage();
      } finally {
        if (file !== null) closeSync(file);
      }
      if (kept.size === 0) return rm(path, { force: true });
      if (file !== null) await flushAll([path], folder);
      const rows = Array.from({ length: kept.size }, (_, row) => row);
      const index = {
        count: kept.size,
        hashes: Buffer.concat(rows.map((row) => kept.hash(row))),
        offsets: Float64Array.from(rows, (row) => kept.get(row, 0)),
        sizes: Float64Array.from(rows, (row) => kept.get(row, 1)),
      };
      await place(join(folder, pack + INDEX), encodeIndex(index), { durable: true });
      add(pack, index);
    },
  };
}

function packReader(folder: string): PackReader {
  const files = new Map<string, number>();
  return {
    read(sha256, { pack, offset, bytes }) {
      const content = Buffer.allocUnsafe(bytes);
      if (bytes > 0) {
        const file = files.get(pack) ?? ifThereSync(() => openSync(join(folder, pack + PACK), 'r'));
        if (file === null) return null;
        files.set(pack, file);
        if (readSync(file, content, 0, bytes, offset) !== bytes) return null;
      }
      return hash('sha256', content, 'hex') === sha256 ? content : null;
    },
    close() {
      for (const file of files.values()) closeSync(file);
      files.clear();
    },
  };
}

function listPacks(
  folder: string,
  contents: ReadonlyMap<string, { sha256: string; span: Span }[]>,
): ReturnType<Packs['list']> {
  const names = new Set(readdirSync(folder).map((name) => name.replace(/\..*$/, '')));
  return [...names].map((pack) => {
    const stats = [PACK, INDEX, FIRST_INDEX].map((suffix) =>
      statSync(join(folder, pack + suffix), { throwIfNoEntry: false }),
    );
    const changedAt = Math.max(...stats.map((entry) => entry?.mtimeMs ?? 0));
    return { pack, changedAt, contents: contents.get(pack) ?? [], bytes: stats[0]?.size ?? 0 };
  });
}

/** Null for one that is damaged, or whose pack is gone. */
function readIndex(folder: string, pack: string, suffix: string): PackIndex | null {
  const packBytes = statSync(join(folder, pack + PACK), { throwIfNoEntry: false })?.size ?? 0;
  const bytes = readFileSync(join(folder, pack + suffix));
  return suffix === INDEX ? decodeIndex(bytes, packBytes) : decodeFirstIndex(bytes.toString(), packBytes);
}
