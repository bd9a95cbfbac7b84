import { createHash, randomUUID } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemErrorCode } from '../../../errors.ts';
import type { Content } from './hash.ts';
import type { FoundFile } from './walk.ts';

/**
 * Remembers the SHA-256 of files by what `lstat` says of them, so that an unchanged tree is not read again.
 * One file for each packed directory; anything wrong with it means that it is made afresh.
 */
export interface StatCache {
  /** The hash of a file that looks as it did when it was hashed. */
  find(file: FoundFile): string | undefined;
  /** Replaces what is remembered by these files and what was read of each, unless nothing changed. */
  replace(files: readonly FoundFile[], contents: readonly Content[], hashedAt: number): void;
}

/** Columns, because 20,000 rows of objects take four times as long to read. */
interface Columns {
  version: 1;
  paths: string[];
  /** bytes, mtimeMs, ctimeMs, inode of each file in turn. */
  stats: number[];
  /** 64 hex digits each, one after the other. */
  hashes: string;
}

const HASH_LENGTH = 64;

/**
 * A file changed this short before it was hashed may change again without its times showing it (clocks of
 * file systems tick every few milliseconds, on some every two seconds): it is not remembered.
 */
const RACY_MS = 2000;

/** Opens the cache of `root` below `folder` (made on the first write). */
export function openStatCache(folder: string, root: string): StatCache {
  const path = join(folder, `${createHash('sha256').update(root).digest('hex').slice(0, 32)}.json`);
  const columns = readColumns(path);
  const indexes = new Map(columns.paths.map((name, index) => [name, index]));
  let hits = 0;
  return {
    find(file) {
      const index = indexes.get(file.path);
      if (index === undefined || !isSame(columns.stats, index * 4, file)) return undefined;
      hits++;
      return columns.hashes.slice(index * HASH_LENGTH, (index + 1) * HASH_LENGTH);
    },
    replace(files, contents, hashedAt) {
      if (hits === files.length && hits === columns.paths.length) return;
      const fresh: Columns = { version: 1, paths: [], stats: [], hashes: '' };
      for (const [index, { path: name, mtimeMs, ctimeMs, inode }] of files.entries()) {
        const content = contents[index];
        if (content === undefined || Math.max(mtimeMs, ctimeMs) >= hashedAt - RACY_MS) continue;
        fresh.paths.push(name);
        fresh.stats.push(content.bytes, mtimeMs, ctimeMs, inode);
        fresh.hashes += content.sha256;
      }
      writeColumns(folder, path, fresh);
    },
  };
}

function isSame(stats: readonly number[], at: number, file: FoundFile): boolean {
  return (
    stats[at] === file.bytes &&
    stats[at + 1] === file.mtimeMs &&
    stats[at + 2] === file.ctimeMs &&
    stats[at + 3] === file.inode
  );
}

function readColumns(path: string): Columns {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (isColumns(value)) return value;
  } catch (error) {
    // Missing, unreadable or cut off: the files are hashed again, which is all that a cache may cost.
    if (systemErrorCode(error) === undefined && !(error instanceof SyntaxError)) throw error;
  }
  return { version: 1, paths: [], stats: [], hashes: '' };
}

function isColumns(value: unknown): value is Columns {
  if (typeof value !== 'object' || value === null) return false;
  if (!('version' in value) || value.version !== 1) return false;
  if (!('paths' in value && 'stats' in value && 'hashes' in value)) return false;
  const { paths, stats, hashes } = value;
  if (!Array.isArray(paths) || !Array.isArray(stats) || typeof hashes !== 'string') return false;
  return (
    stats.length === paths.length * 4 &&
    hashes.length === paths.length * HASH_LENGTH &&
    /^[0-9a-f]*$/.test(hashes)
  );
}

/** Writers may race (two submits at once): each places a whole file, the last one stays. */
function writeColumns(folder: string, path: string, columns: Columns): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const beside = `${path}.${randomUUID()}.tmp`;
  writeFileSync(beside, JSON.stringify(columns), { mode: 0o600 });
  chmodSync(beside, 0o600);
  renameSync(beside, path);
}
