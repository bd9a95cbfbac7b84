import { hash, randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { createTurn, type Turn } from '../../base/async/turn.ts';
import { bytesBelow } from '../../base/io/disk/bytes-below.ts';
import { isForLackOfDisk } from '../../base/io/disk-full.ts';
import { ifThere, isThere } from '../../base/io/files.ts';
import { isAichorError } from '../../errors.ts';
import type { FetchOptions } from '../fetch-commit.ts';
import { maskCredentials } from '../mask.ts';
import { trimLargeFiles } from '../parts/large-files.ts';
import { isLocal } from '../repository.ts';
import { Damaged } from './blobs.ts';
import { bringUpToDate, isLocked, isOfOrigin, makeRepository, tidyUp } from './kept-repository.ts';

/** A commit that is wanted out of a repository that may be kept. */
export interface CacheWish extends Pick<
  FetchOptions,
  'repository' | 'sha' | 'branch' | 'depth' | 'env' | 'signal'
> {
  /** Whose it is: what was fetched for one holder is never given to another. */
  holder: string;
  /** Nobody else may change how much history there is while it is read. */
  isAlone: boolean;
}

/**
 * Bare repositories that are kept between clones, one for each repository, holder and depth. The origin is asked for the commit
 * each time, with the credentials of that moment: who may not read it there does not read it here.
 */
export interface GitCache {
  /**
   * Calls `work` with the folder of a bare repository that has the commit, which stays meanwhile; with null where none is
   * kept (a repository of this machine, a full disk): then it has to be cloned. `work` is called again when it throws
   * `Damaged`: with one that was fetched anew, and at last with null. Throws what the origin has against it, as AichorError.
   */
  use<T>(wish: CacheWish, work: (folder: string | null) => Promise<T>): Promise<T>;
  /** Removes what is kept for a holder; nothing is thrown. */
  forget(holder: string): Promise<void>;
  /** Returns when nothing is at work behind the back of those who used it. */
  settled(): Promise<void>;
}

interface CacheOptions {
  /** Its own; made when it is needed. */
  folder: string;
  /** That all repositories together may take. */
  mostBytes: number;
  /** From then on nothing is begun that nobody waits for, and what was is broken off. */
  closing?: AbortSignal | undefined;
  /** Told of what goes wrong with what is kept: everything works without. */
  onTrouble(error: unknown, what: string): void;
}

interface Kept {
  name: string;
  folder: string;
  turn: Turn;
  users: number;
}

interface Cache extends CacheOptions {
  inUse: Map<string, Kept>;
  cleaned: Promise<void>;
  behind: Set<Promise<void>>;
}

/** Beginnings of the names of folders that are not whole yet, or not any more. */
const UNFIT = /^(?:new|gone)-/;

/** Opens what is kept in a folder that no other process uses. What a killed one left half-made is removed. */
export function createGitCache(options: CacheOptions): GitCache {
  const cleaned = cleanUp(options).catch((error: unknown) =>
    options.onTrouble(error, 'kept repositories could not be looked through'),
  );
  const cache: Cache = { ...options, inUse: new Map(), cleaned, behind: new Set() };
  return {
    async use(wish, work) {
      // A name and a password in the address would stand in what is kept.
      if (isLocal(wish.repository) || maskCredentials(wish.repository) !== wish.repository) return work(null);
      await cleaned;
      return useKept(cache, wish, work);
    },
    async forget(holder) {
      await cleaned;
      await behind(cache, async () => {
        for (const name of await namesIn(cache.folder))
          if (name.startsWith(ofHolder(holder))) await discard(cache, name);
      });
    },
    async settled() {
      await cleaned;
      await Promise.all(cache.behind);
    },
  };
}

async function useKept<T>(
  cache: Cache,
  wish: CacheWish,
  work: (folder: string | null) => Promise<T>,
): Promise<T> {
  const name = nameOf(wish);
  const kept = cache.inUse.get(name) ?? {
    name,
    folder: join(cache.folder, name),
    turn: createTurn(),
    users: 0,
  };
  cache.inUse.set(name, kept);
  kept.users += 1;
  const inTurn: Turn = (task) => (wish.isAlone ? task() : kept.turn(task));
  const once = () => workWith(cache, { kept, inTurn }, { wish, work });
  try {
    for (let tries = 1; tries <= 2; tries++) {
      const came = await (wish.isAlone ? kept.turn(once) : once());
      if (came === 'none') break;
      if (came !== 'damaged') return came.result;
    }
    return await work(null);
  } finally {
    kept.users -= 1;
    lookAfter(cache, kept);
  }
}

async function workWith<T>(
  cache: Cache,
  { kept, inTurn }: { kept: Kept; inTurn: Turn },
  { wish, work }: { wish: CacheWish; work: (folder: string | null) => Promise<T> },
): Promise<{ result: T } | 'damaged' | 'none'> {
  if (!(await inTurn(() => isHad(cache, kept, wish)))) return 'none';
  try {
    return { result: await work(kept.folder) };
  } catch (error) {
    if (isDamage(error)) {
      cache.onTrouble(error, 'a kept repository is damaged: it is fetched anew');
      await discard(cache, kept.name);
      return 'damaged';
    }
    // Large files, for example, that were to stay in it.
    if (isForLackOfDisk(error)) {
      await noRoom(cache, error);
      return 'none';
    }
    // Somebody else found it damaged, or removed it: what comes of that is no answer.
    if (!wish.signal?.aborted && !(await isThere(kept.folder))) return 'damaged';
    throw error;
  }
}

/** Whether the commit is there now; false: it cannot be kept. Throws what the origin has against it. */
async function isHad(cache: Cache, kept: Kept, wish: CacheWish): Promise<boolean> {
  const isOld = await isThere(kept.folder);
  try {
    if (isOld) await bringUpToDate(kept.folder, wish);
    else await makeAnew(cache, kept, wish);
    await utimes(kept.folder, new Date(), new Date());
    return true;
  } catch (error) {
    if (wish.signal?.aborted) throw error;
    if (isForLackOfDisk(error)) {
      await noRoom(cache, error);
      if (kept.users === 1) await discard(cache, kept.name);
      return false;
    }
    const isGone = isOld && !(await isThere(kept.folder));
    if (!isGone && isAichorError(error) && isOfOrigin(error)) throw error;
    cache.onTrouble(error, 'a repository cannot be kept as it is');
    await discard(cache, kept.name);
    return isOld && isHad(cache, kept, wish);
  }
}

async function noRoom(cache: Cache, error: unknown): Promise<void> {
  cache.onTrouble(error, 'the disk has no room for a kept repository: others are removed');
  await makeRoom(cache, 0);
}

/** Whole or not at all. */
async function makeAnew({ folder }: Cache, kept: Kept, wish: CacheWish): Promise<void> {
  const beside = join(folder, `new-${randomUUID()}`);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await makeRepository(beside, wish);
    await rename(beside, kept.folder);
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
}

/** Nobody who comes from now on finds it; those who are at it may fail, and get another. */
async function discard({ folder }: Pick<Cache, 'folder'>, name: string): Promise<void> {
  const away = join(folder, `gone-${randomUUID()}`);
  if ((await ifThere(rename(join(folder, name), away).then(() => true))) === null) return;
  await rm(away, { recursive: true, force: true });
}

/** What need not be waited for. */
function lookAfter(cache: Cache, kept: Kept): void {
  const isFree = () => kept.users === 0;
  void behind(cache, async () => {
    await kept.turn(async () => {
      if (!isFree() || cache.closing?.aborted || !(await isThere(kept.folder))) return;
      if (!(await tidyUp(kept.folder, cache.closing))) return discard(cache, kept.name);
      await trimLargeFiles(kept.folder, cache.mostBytes / 2);
    });
    if (isFree() && cache.inUse.get(kept.name) === kept) cache.inUse.delete(kept.name);
    await makeRoom(cache, cache.mostBytes);
  });
}

function behind(cache: Cache, task: () => Promise<void>): Promise<void> {
  const work = task()
    .catch((error: unknown) => {
      if (!cache.closing?.aborted) cache.onTrouble(error, 'kept repositories could not be looked after');
    })
    .finally(() => cache.behind.delete(work));
  cache.behind.add(work);
  return work;
}

/** Removes what was not used for the longest time until there is no more than this; nothing that is in use. */
async function makeRoom(cache: Cache, mostBytes: number): Promise<void> {
  const all = await Promise.all(
    (await namesIn(cache.folder)).map(async (name) => {
      const folder = join(cache.folder, name);
      return { name, bytes: await bytesBelow(folder), used: (await ifThere(stat(folder)))?.mtimeMs ?? 0 };
    }),
  );
  let bytes = all.reduce((sum, each) => sum + each.bytes, 0);
  for (const each of all.toSorted((a, b) => a.used - b.used)) {
    if (bytes <= mostBytes) return;
    if ((cache.inUse.get(each.name)?.users ?? 0) > 0 || UNFIT.test(each.name)) continue;
    await discard(cache, each.name);
    bytes -= each.bytes;
  }
}

/** A repository in which Git was killed may hold back the next one: it goes as a whole. */
async function cleanUp({ folder }: CacheOptions): Promise<void> {
  for (const name of await namesIn(folder)) {
    if (UNFIT.test(name)) await rm(join(folder, name), { recursive: true, force: true });
    else if (await isLocked(join(folder, name))) await discard({ folder }, name);
  }
}

async function namesIn(folder: string): Promise<string[]> {
  return (await ifThere(readdir(folder))) ?? [];
}

function nameOf({ holder, repository, depth, sha }: CacheWish): string {
  const about = JSON.stringify([holder, repository, depth, sha.length]);
  return `${ofHolder(holder)}${hash('sha256', about).slice(0, 32)}`;
}

function ofHolder(holder: string): string {
  return `${hash('sha256', holder).slice(0, 16)}-`;
}

function isDamage(error: unknown): boolean {
  return error instanceof Damaged || (error instanceof Error && error.cause instanceof Damaged);
}
