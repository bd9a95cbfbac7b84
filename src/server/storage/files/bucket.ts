import { mkdir } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { SMALL_FILE } from '../../../base/http/small-files.ts';
import type { ListedObject } from '../../../object-store/client/list-answer.ts';
import type { ObjectBucket } from '../../../object-store/client/object-bucket.ts';
import { exactly } from './exactly.ts';
import { bytesOfPart, notComplete, partBytes, partsOf, type Files, type FileThere } from './files.ts';
import { uploadNotes, type PlaceName } from './upload-note.ts';

interface BucketPlace {
  /** What is thrown is said as it is meant for users. */
  bucket: ObjectBucket;
  /** Keys of its files begin so; empty, or ends in `/`. */
  prefix: string;
  /** Of these files; ends in `/`. */
  address: string;
  of: PlaceName;
  /** Folder where it is remembered which uploads of the store were begun. */
  uploads: string;
}

/** Files in a bucket of an object store. Keys that are the path of no file (`a//b`) are left out: nobody could ask for them. */
export function filesOfBucket({ bucket, prefix, address, of, uploads }: BucketPlace): Files {
  const keyOf = (path: string) => `${prefix}${path}`;
  const notes = uploadNotes(uploads);
  const begun = async (id: string, path: string) => {
    const note = await notes.read(id);
    if (note === null) return null;
    await notes.touch(id);
    return { key: keyOf(path), upload: note.upload };
  };
  const abandon = async (id: string, signal: AbortSignal) => {
    const note = await notes.read(id);
    if (note?.address === address)
      await bucket.abandon({ key: keyOf(note.path), upload: note.upload }, signal);
    await notes.remove(id);
  };

  async function* objects(start: string, signal: AbortSignal): AsyncGenerator<ListedObject> {
    for (let after: string | null = null; ;) {
      const page = await bucket.list(start, after, signal);
      yield* page.objects;
      if (page.next === null || page.next === after) return;
      after = page.next;
    }
  }

  return {
    async list(path, signal) {
      const wanted = path.replace(/\/+$/, '');
      const files: FileThere[] = [];
      for await (const { key, etag, size, modifiedAt } of objects(keyOf(wanted), signal)) {
        const name = key.slice(prefix.length);
        const isMeant = wanted === '' || name === wanted || name.startsWith(`${wanted}/`);
        // Also keys that stand for folders: they end in a slash.
        if (!isMeant || name.split('/').includes('')) continue;
        const modified_at = (modifiedAt ?? new Date(0)).toISOString();
        files.push({ path: name, bytes: size, modified_at, version: etag });
      }
      return files.length === 0 && wanted !== '' ? null : files;
    },
    open: (path, { start, version }, signal) => bucket.open(keyOf(path), { start, etag: version }, signal),
    async put({ path, bytes }, content, signal) {
      if (content instanceof Uint8Array) return bucket.put(keyOf(path), content, signal);
      const body = exactly(content, bytes);
      if (bytes > SMALL_FILE) return bucket.put(keyOf(path), { content: streamOf(body), bytes }, signal);
      // What is kept until it is sent can be sent again when the store fails.
      const pieces: Uint8Array[] = [];
      for await (const piece of body) pieces.push(piece);
      return bucket.put(keyOf(path), Buffer.concat(pieces), signal);
    },
    async begin(id, { path, bytes }, signal) {
      const known = await begun(id, path);
      const there = known === null ? null : await bucket.parts(known, signal);
      if (there === null) {
        await mkdir(uploads, { recursive: true, mode: 0o700 });
        await notes.write(id, { upload: await bucket.begin(keyOf(path), signal), path, address, of });
      }
      const parts = (there ?? []).filter((part) => part.bytes === bytesOfPart(part.number, bytes));
      return { part_bytes: partBytes(bytes), parts: parts.map(({ number }) => number) };
    },
    async putPart(id, { path, number, bytes: all }, content, signal) {
      const upload = await begun(id, path);
      if (upload === null) throw notComplete();
      const bytes = bytesOfPart(number, all);
      const body = { content: streamOf(exactly(content, bytes)), bytes };
      await bucket.putPart({ ...upload, number }, body, signal);
    },
    async complete(id, { path, bytes }, signal) {
      const upload = await begun(id, path);
      const parts = upload === null ? null : await bucket.parts(upload, signal);
      if (upload === null || parts === null) {
        // The answer to the first time was lost on its way.
        if ((await bucket.look(keyOf(path), signal))?.bytes !== bytes) throw notComplete();
      } else {
        const sizes = new Map(parts.map((part) => [part.number, part.bytes]));
        if (!partsOf(bytes).every((number) => sizes.get(number) === bytesOfPart(number, bytes)))
          throw notComplete();
        await bucket.complete({ ...upload, parts }, signal);
      }
      await notes.remove(id);
    },
    abandon,
    async removeAll(signal) {
      if (prefix === '') throw new RangeError('all of a bucket is never removed');
      const keys: string[] = [];
      for await (const { key } of objects(prefix, signal)) keys.push(key);
      await bucket.remove(keys, signal);
      // The parts that came of others are nowhere in its lists, and are paid for.
      for (const id of await notes.ids())
        if ((await notes.read(id))?.address === address) await abandon(id, signal);
    },
  };
}

function streamOf(content: AsyncIterable<Uint8Array>): Readable {
  return Readable.from(content, { objectMode: false });
}
