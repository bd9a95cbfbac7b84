import { createHash } from 'node:crypto';
import type { Readable, Writable } from 'node:stream';
import { startGit, type GitOptions } from '../run-git.ts';

/** Some bytes of a content, in the order in which contents were asked for. */
export interface BlobPart {
  oid: string;
  /** Of the whole content. */
  bytes: number;
  data: Buffer;
  isFirst: boolean;
  isLast: boolean;
}

/** What a repository should hold, and does not, or not as it was: it is damaged. */
export class Damaged extends Error {
  override readonly name = 'Damaged';
}

type Reading = Pick<GitOptions, 'directory' | 'env' | 'signal'>;

/**
 * Contents out of a repository's objects, as they are, one after another; an empty one has one empty part. Throws `Damaged`
 * for what is not there, is no content, or is not what its name says; the signal's reason when it was aborted.
 */
export async function* readBlobs(oids: readonly string[], reading: Reading): AsyncGenerator<BlobPart> {
  if (oids.length === 0) return;
  const git = await startGit(['cat-file', '--batch', '--buffer'], reading);
  const stdin = git.stdin as Writable;
  // It ends when Git does, which shows in what it has not printed.
  stdin.on('error', () => undefined);
  stdin.end(oids.map((oid) => `${oid}\n`).join(''));
  try {
    yield* partsOf(oids, (git.stdout as Readable).iterator() as AsyncIterableIterator<Buffer>);
  } finally {
    reading.signal?.throwIfAborted();
    git.kill();
  }
}

async function* partsOf(
  oids: readonly string[],
  chunks: AsyncIterableIterator<Buffer>,
): AsyncGenerator<BlobPart> {
  let here: Buffer = Buffer.alloc(0);
  const more = async (): Promise<void> => {
    const next = await chunks.next();
    if (next.done) throw new Damaged('Git ended before it had told all contents');
    here = here.length === 0 ? next.value : Buffer.concat([here, next.value]);
  };
  for (const oid of oids) {
    let end = here.indexOf(10);
    for (; end < 0; end = here.indexOf(10)) await more();
    const said = here.toString('latin1', 0, end);
    here = here.subarray(end + 1);
    const bytes = Number(new RegExp(`^${oid} blob (\\d+)$`).exec(said)?.[1] ?? Number.NaN);
    if (!Number.isSafeInteger(bytes)) throw new Damaged(`Git says of a content: ${said}`);
    const proof = createHash(oid.length === 64 ? 'sha256' : 'sha1').update(`blob ${bytes}\0`);
    for (let left = bytes, isFirst = true; isFirst || left > 0; isFirst = false) {
      if (left > 0 && here.length === 0) await more();
      const data = here.subarray(0, left);
      left -= data.length;
      here = here.subarray(data.length);
      proof.update(data);
      if (left === 0 && proof.digest('hex') !== oid) throw new Damaged(`${oid} is not what its name says`);
      yield { oid, bytes, data, isFirst, isLast: left === 0 };
    }
    if (here.length === 0) await more();
    here = here.subarray(1);
  }
}
