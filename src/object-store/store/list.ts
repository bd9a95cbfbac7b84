import { readdir } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { join } from 'node:path';
import { ifThere } from '../../base/io/files.ts';
import type { Bucket } from './bucket.ts';
import { fileOf } from './bucket.ts';
import { HIDDEN } from './incoming.ts';
import { compareKeys } from './key.ts';

export interface ListAsked {
  prefix: string;
  /** Keys that hold it behind the prefix are told as what they begin with; empty: none are. */
  delimiter: string;
  /** Only what comes after it. */
  after: string;
  most: number;
}

export interface ListedObjects {
  objects: { key: string; stat: Stats }[];
  prefixes: string[];
  /** Where the next page goes on; null: this was the last. */
  next: string | null;
}

/** One page of a bucket, in the order of the keys' bytes. */
export async function listBucket(
  bucket: Bucket,
  { prefix, delimiter, after, most }: ListAsked,
): Promise<ListedObjects> {
  const listed: ListedObjects = { objects: [], prefixes: [], next: null };
  let last = '';
  let passed = after;
  if (most === 0) return listed;
  for await (const key of keysOf(bucket, { prefix, after: () => passed, stopsAt: delimiter === '/' })) {
    const at = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    const common = at < 0 ? null : key.slice(0, at + delimiter.length);
    if (common !== null && (common === last || (after !== '' && compareKeys(common, after) <= 0))) continue;
    if (common === null && compareKeys(key, after) <= 0) continue;
    const found = common === null ? lookAt(bucket, key) : null;
    if (common === null && found === null) continue;
    if (listed.objects.length + listed.prefixes.length === most) {
      listed.next = last;
      return listed;
    }
    if (common !== null) listed.prefixes.push(common);
    else if (found !== null) listed.objects.push({ key, stat: found });
    last = common ?? key;
    passed = last;
  }
  return listed;
}

interface Walk {
  prefix: string;
  after: () => string;
  /** Folders behind the prefix are told as they are, and not looked into. */
  stopsAt: boolean;
}

/** Keys in order; a folder's name ends in a slash, also where it is compared. */
async function* keysOf({ folder }: Bucket, { prefix, after, stopsAt }: Walk): AsyncGenerator<string> {
  async function* below(path: string): AsyncGenerator<string> {
    const entries = (await ifThere(readdir(join(folder, path), { withFileTypes: true }))) ?? [];
    const names = entries
      .filter(({ name }) => !name.startsWith(HIDDEN))
      .map((entry) => path + entry.name + (entry.isDirectory() ? '/' : ''))
      .sort(compareKeys);
    // A folder in which nothing is, is an object of its own, as consoles make them.
    if (names.length === 0 && path !== '' && path.startsWith(prefix)) yield path;
    for (const key of names) {
      const isFolder = key.endsWith('/');
      if (!key.startsWith(prefix) && !(isFolder && prefix.startsWith(key))) continue;
      if (!isFolder) yield key;
      else if (after() !== '' && compareKeys(key, after()) < 0 && !after().startsWith(key)) continue;
      else if (stopsAt && key.length > prefix.length && key.startsWith(prefix)) yield key;
      else yield* below(key);
    }
  }
  yield* below('');
}

/** Null for what is gone by now, is no file, or leads out of the bucket. */
function lookAt(bucket: Bucket, key: string): Stats | null {
  try {
    const { look } = fileOf(bucket, key);
    return look.isFile() || look.isDirectory() ? look : null;
  } catch {
    return null;
  }
}
