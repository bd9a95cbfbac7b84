import { createHash, randomUUID } from 'node:crypto';
import {
  closeSync,
  createReadStream,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { flushAll } from '../durable.ts';

/** Large contents, each a file `<aa>/<sha256>`. What is not whole yet lies in `incoming/`. */
export interface LargeBlobs {
  path(sha256: string): string;
  sizeOf(sha256: string): number | null;
  /** Reads it all, the first time since it was changed last; whether it is what its name says. */
  isSound(sha256: string): Promise<boolean>;
  /** One that turned out to be damaged: from now on it is not there. */
  forget(sha256: string): Promise<void>;
  begin(): LargeBatch;
  /** Every file, and what uploads that died left behind. */
  list(): { path: string; sha256: string | null; changedAt: number }[];
}

export interface LargeBatch {
  write(): { append(chunk: Buffer): void; keepIf(sha256: string): boolean };
  /** Makes what was kept durable, then visible, and removes the rest. */
  finish(): Promise<void>;
}

const INCOMING = 'incoming';

export function openLargeBlobs(folder: string): LargeBlobs {
  const path = (sha256: string) => join(folder, sha256.slice(0, 2), sha256);
  const sound = new Map<string, string>();
  return {
    path,
    async isSound(sha256) {
      const looks = looksOf(path(sha256));
      if (looks === null || sound.get(sha256) === looks) return looks !== null;
      const content = createHash('sha256');
      for await (const chunk of createReadStream(path(sha256), { highWaterMark: 1 << 20 }))
        content.update(chunk);
      if (content.digest('hex') !== sha256) return false;
      sound.set(sha256, looks);
      return true;
    },
    async forget(sha256) {
      sound.delete(sha256);
      await rm(path(sha256), { force: true });
    },
    sizeOf: (sha256) => statSync(path(sha256), { throwIfNoEntry: false })?.size ?? null,
    begin: () => beginBatch(join(folder, INCOMING), path),
    list: () => [...listFiles(folder, /^[0-9a-f]{2}$/, true), ...listFiles(folder, /^incoming$/, false)],
  };
}

/** What `stat` says of a file's content; null when it is not there. */
function looksOf(path: string): string | null {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat ? [stat.size, stat.mtimeMs, stat.ctimeMs, stat.ino].join(' ') : null;
}

function beginBatch(incoming: string, path: (sha256: string) => string): LargeBatch {
  const written = new Set<string>();
  const open = new Set<number>();
  const kept = new Map<string, string>();
  return {
    write() {
      mkdirSync(incoming, { recursive: true, mode: 0o700 });
      const temporary = join(incoming, randomUUID());
      const file = openSync(temporary, 'wx', 0o600);
      written.add(temporary);
      open.add(file);
      return largeWriter(file, (sha256) => {
        open.delete(file);
        if (sha256 !== null) kept.set(sha256, temporary);
      });
    },
    async finish() {
      for (const file of open) closeSync(file);
      if (kept.size > 0) await placeAll(kept, incoming, path);
      for (const temporary of written) await rm(temporary, { force: true });
    },
  };
}

async function placeAll(
  kept: ReadonlyMap<string, string>,
  incoming: string,
  path: (sha256: string) => string,
): Promise<void> {
  await flushAll([...kept.values()], incoming);
  const folders = new Set<string>();
  for (const [sha256, temporary] of kept) {
    const folder = join(path(sha256), '..');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    renameSync(temporary, path(sha256));
    folders.add(folder);
  }
  await flushAll([...folders, join(incoming, '..')], incoming);
}

/** `ended` is told the hash of a content that is kept, null for one that is not the expected one. */
function largeWriter(file: number, ended: (sha256: string | null) => void): ReturnType<LargeBatch['write']> {
  const content = createHash('sha256');
  return {
    append(chunk) {
      content.update(chunk);
      for (let done = 0; done < chunk.length;) done += writeSync(file, chunk, done);
    },
    keepIf(sha256) {
      closeSync(file);
      const isExpected = content.digest('hex') === sha256;
      ended(isExpected ? sha256 : null);
      return isExpected;
    },
  };
}

function listFiles(folder: string, parts: RegExp, named: boolean): ReturnType<LargeBlobs['list']> {
  return readdirSync(folder)
    .filter((part) => parts.test(part))
    .flatMap((part) =>
      readdirSync(join(folder, part)).map((name) => ({ name, path: join(folder, part, name) })),
    )
    .map(({ name, path }) => ({ path, sha256: named ? name : null, changedAt: statSync(path).mtimeMs }));
}
