import type { ObjectAddress } from '../../../object-store/client/access.ts';
import type { ListedObject, ListPage } from '../../../object-store/client/list-answer.ts';
import type { ObjectReader } from '../../../object-store/client/object-reader.ts';
import { JSON_LINES, type Elsewhere } from '../gathering.ts';
import { readObjectOn, type ObjectReads } from './object-tail.ts';

/** Where in a bucket an experiment's metrics are. */
export interface ObjectPlaces extends Pick<ObjectAddress, 'kind'> {
  bucket: string;
  /** Keys of event files begin so; ends in `/`; null: there are none. */
  tensorboard: string | null;
  /** Ends in `/`, or is empty: `metrics.jsonl` is directly below. */
  output: string;
}

/** What one look may cost. */
export interface LookBounds {
  bytes: number;
  requests: number;
}

export interface ObjectLook {
  reader: Pick<ObjectReader, 'list' | 'read'>;
  bounds: LookBounds;
  /** Seconds: of values without a time. */
  now: number;
  /** Nothing will be written any more. */
  end: boolean;
  signal: AbortSignal;
}

/** Whether anything was new in the store, and whether there is more of it than one look may read. */
export interface ObjectsLookedAt {
  isChanged: boolean;
  isCut: boolean;
}

/** Pages of 1,000 names. */
const MOST_PAGES = 5;
const MOST_FILES = 1000;
/** Bytes of an experiment that are read again because an object is another one. */
const MOST_AGAIN = 256 * 1024 * 1024;

/** Looks at the objects of one experiment, again and again. */
export interface ObjectLooks {
  /** Throws what the reader throws; what was read by then stays read. */
  look(looking: ObjectLook): Promise<ObjectsLookedAt>;
}

export function createObjectLooks(places: ObjectPlaces, into: Elsewhere): ObjectLooks {
  /** As they were when they were read. */
  const seen = new Map<string, string>();
  /** The first file that the last look did not come to. */
  let from = '';
  let again = 0;

  function readsOf(key: string, { reader, bounds, signal }: ObjectLook, cut: () => void): ObjectReads {
    return {
      async read(range) {
        bounds.requests -= 1;
        bounds.bytes -= range.length;
        return reader.read(key, range, signal);
      },
      isAllowed(bytes) {
        // A single record may be longer than what a look has left: it is not asked for in pieces.
        const isAllowed = bounds.requests > 0 && bounds.bytes > 0 && bytes > 0;
        if (!isAllowed) cut();
        return isAllowed;
      },
      readAgain(bytes) {
        again += bytes;
        if (again <= MOST_AGAIN) return;
        const message = `objects that were read are written anew with other content, more than ${MOST_AGAIN / 2 ** 20} MiB of them: they are read no more (give each pod files of its own, and append to them)`;
        into.remark({ code: 'metrics_left_out', message });
      },
    };
  }

  /** Those that have changed, beginning where the last look ended. */
  function changed(files: readonly ListedObject[]): ListedObject[] {
    const at = files.findIndex(({ key }) => key >= from);
    const turned = at <= 0 ? files : [...files.slice(at), ...files.slice(0, at)];
    return turned.filter(({ key, etag, size }) => seen.get(key) !== identity(etag, size));
  }

  async function eventFiles(folder: string, looking: ObjectLook): Promise<ObjectsLookedAt> {
    const { objects, isWhole } = await listAll(folder, looking);
    const files = objects.filter(({ key }) => nameOf(key).includes('tfevents'));
    if (!isWhole || files.length > MOST_FILES) {
      const message = `more than ${MOST_FILES} event files, or ${MOST_PAGES * 1000} objects, are in the experiment's folder of TensorBoard: the first are read`;
      into.remark({ code: 'metrics_left_out', message });
    }
    const todo = again > MOST_AGAIN ? [] : changed(files.slice(0, MOST_FILES));
    for (const { key, etag, size } of todo) {
      let isCut = false;
      const reads = readsOf(key, looking, () => (isCut = true));
      const name = key.slice(folder.length);
      const run = name.slice(0, Math.max(0, name.lastIndexOf('/')));
      await into.eventFile({ name, run }, (tail, take) =>
        readObjectOn({ etag, size }, tail, { take, reads }),
      );
      from = key;
      if (isCut) return { isChanged: true, isCut };
      seen.set(key, identity(etag, size));
    }
    from = '';
    return { isChanged: todo.length > 0, isCut: false };
  }

  async function jsonLines(looking: ObjectLook): Promise<ObjectsLookedAt> {
    const key = `${places.output}${JSON_LINES}`;
    looking.bounds.requests -= 1;
    const { objects } = await looking.reader.list(key, null, looking.signal);
    const found = objects.find((object) => object.key === key);
    const isSame = found === undefined || seen.get(key) === identity(found.etag, found.size);
    if (found === undefined || again > MOST_AGAIN || (isSame && !looking.end))
      return { isChanged: false, isCut: false };
    let isCut = false;
    const reads = readsOf(key, looking, () => (isCut = true));
    await into.jsonLines(
      (tail, take) => readObjectOn(found, tail, { take, reads }),
      looking.now,
      looking.end,
    );
    if (!isCut) seen.set(key, identity(found.etag, found.size));
    return { isChanged: !isSame, isCut };
  }

  return {
    async look(looking) {
      const lines = await jsonLines(looking);
      if (places.tensorboard === null) return lines;
      const files = await eventFiles(places.tensorboard, looking);
      return { isChanged: lines.isChanged || files.isChanged, isCut: lines.isCut || files.isCut };
    },
  };
}

async function listAll(prefix: string, { reader, bounds, signal }: ObjectLook) {
  const objects: ListedObject[] = [];
  let next: ListPage['next'] = null;
  for (let page = 0; page < MOST_PAGES; page++) {
    bounds.requests -= 1;
    const listed: ListPage = await reader.list(prefix, next, signal);
    objects.push(...listed.objects.filter(({ key }) => key.startsWith(prefix)));
    next = listed.next;
    if (next === null) break;
  }
  return { objects, isWhole: next === null };
}

function identity(etag: string, size: number): string {
  return `${size} ${etag}`;
}

function nameOf(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}
