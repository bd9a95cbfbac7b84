import { randomUUID } from 'node:crypto';
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
import { flush, placeDurably } from '../durable.ts';

/**
 * Small contents lie in packs: what one upload brought, one after the other in one file, and an index beside it
 * that says where each is. Twenty thousand files of their own would take many times as long to make durable.
 * A pack without index (its upload died) holds nothing.
 */
export interface Packs {
  find(sha256: string): Span | undefined;
  begin(): PackWriter;
  reader(): PackReader;
  /** Every pack with what it holds, for collecting garbage; packs without index hold nothing. */
  list(): { pack: string; changedAt: number; contents: ReadonlyMap<string, Span> }[];
  remove(pack: string): Promise<void>;
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
  keep(sha256: string, offset: number): void;
  /** Makes what was kept durable, then visible. Without anything kept, nothing stays. */
  finish(): Promise<void>;
}

/** Reads many contents with each pack opened once. */
export interface PackReader {
  read(span: Span): Buffer;
  close(): void;
}

/** Index on disk: 64 hex digits of each content, and its offset and size. */
interface Index {
  hashes: string;
  spans: number[];
}

const HASH_LENGTH = 64;
const PACK = '.pack';
const INDEX = '.json';

/** The packs of a folder; their indexes are read once, here. */
export function openPacks(folder: string): Packs {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const packs = new Map<string, Map<string, Span>>();
  const places = new Map<string, Span>();
  const add = (pack: string, contents: Map<string, Span>) => {
    packs.set(pack, contents);
    for (const [sha256, span] of contents) places.set(sha256, span);
  };
  for (const name of readdirSync(folder)) {
    if (name.endsWith(INDEX))
      add(name.slice(0, -INDEX.length), readIndex(folder, name.slice(0, -INDEX.length)));
  }
  return {
    find: (sha256) => places.get(sha256),
    begin: () => beginPack(folder, add),
    reader: () => packReader(folder),
    list: () => listPacks(folder, packs),
    async remove(pack) {
      for (const sha256 of packs.get(pack)?.keys() ?? [])
        if (places.get(sha256)?.pack === pack) places.delete(sha256);
      packs.delete(pack);
      await rm(join(folder, pack + INDEX), { force: true });
      await rm(join(folder, pack + PACK), { force: true });
    },
  };
}

function beginPack(folder: string, add: (pack: string, contents: Map<string, Span>) => void): PackWriter {
  const pack = randomUUID();
  const path = join(folder, pack + PACK);
  const contents = new Map<string, Span>();
  let file: number | null = null;
  let position = 0;
  return {
    position: () => position,
    append(chunk) {
      file ??= openSync(path, 'wx', 0o600);
      for (let done = 0; done < chunk.length;) done += writeSync(file, chunk, done);
      position += chunk.length;
    },
    keep: (sha256, offset) => contents.set(sha256, { pack, offset, bytes: position - offset }),
    async finish() {
      if (file !== null) closeSync(file);
      if (contents.size === 0) return rm(path, { force: true });
      if (file !== null) await flush([path], folder);
      await placeDurably(join(folder, pack + INDEX), indexText(contents));
      add(pack, contents);
    },
  };
}

function packReader(folder: string): PackReader {
  const files = new Map<string, number>();
  return {
    read({ pack, offset, bytes }) {
      if (bytes === 0) return Buffer.alloc(0);
      const file = files.get(pack) ?? openSync(join(folder, pack + PACK), 'r');
      files.set(pack, file);
      const content = Buffer.allocUnsafe(bytes);
      const count = readSync(file, content, 0, bytes, offset);
      if (count === bytes) return content;
      throw new Error(`pack ${pack} in ${folder} ends early: ${count} of ${bytes} bytes at ${offset}`);
    },
    close() {
      for (const file of files.values()) closeSync(file);
      files.clear();
    },
  };
}

function listPacks(
  folder: string,
  packs: ReadonlyMap<string, ReadonlyMap<string, Span>>,
): ReturnType<Packs['list']> {
  const names = new Set(readdirSync(folder).map((name) => name.replace(/\..*$/, '')));
  return [...names].map((pack) => {
    const stat = [PACK, INDEX].map((suffix) =>
      statSync(join(folder, pack + suffix), { throwIfNoEntry: false }),
    );
    const changedAt = Math.max(...stat.map((entry) => entry?.mtimeMs ?? 0));
    return { pack, changedAt, contents: packs.get(pack) ?? new Map<string, Span>() };
  });
}

function indexText(contents: ReadonlyMap<string, Span>): string {
  const spans = [...contents.values()].flatMap(({ offset, bytes }) => [offset, bytes]);
  const index: Index = { hashes: [...contents.keys()].join(''), spans };
  return JSON.stringify(index);
}

/** Our own file, placed whole. */
function readIndex(folder: string, pack: string): Map<string, Span> {
  const { hashes, spans } = JSON.parse(readFileSync(join(folder, pack + INDEX), 'utf8')) as Index;
  const contents = new Map<string, Span>();
  for (let at = 0; at * HASH_LENGTH < hashes.length; at++) {
    const sha256 = hashes.slice(at * HASH_LENGTH, (at + 1) * HASH_LENGTH);
    contents.set(sha256, { pack, offset: spans[2 * at] ?? 0, bytes: spans[2 * at + 1] ?? 0 });
  }
  return contents;
}
