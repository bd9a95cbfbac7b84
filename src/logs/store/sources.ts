import { mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { briefly } from '../../base/io/brief.ts';
import { ifThere } from '../../base/io/files.ts';
import { AichorError } from '../../errors.ts';
import type { LogSource } from '../line.ts';
import type { LogFiles } from './files.ts';

/** A source in a log's table; its bytes are in `<number>.log`. */
export interface StoredSource extends LogSource {
  number: number;
  /** Written by the store itself, to say what is missing. */
  marker: boolean;
  /** No more bytes will come. */
  closed: boolean;
}

/** The sources of one experiment's log, in the order they came. */
export interface SourceTable {
  readonly list: readonly StoredSource[];
  readonly finished: boolean;
  path(number: number): string;
  find(source: LogSource, marker?: boolean): StoredSource | undefined;
  add(source: LogSource, marker?: boolean): Promise<StoredSource>;
  close(source: StoredSource): Promise<void>;
  finish(): Promise<void>;
}

/** A line of the table's file. */
type Entry = { source: LogSource; marker?: true } | { closed: number } | { finished: true };

/** Reads the table of a log (`sources`, JSON lines; a torn last line is cut off). */
export async function openSources(folder: string, files: LogFiles): Promise<SourceTable> {
  const path = join(folder, 'sources');
  const { entries, bytes } = await readEntries(path, files);
  const list: StoredSource[] = [];
  let finished = false;
  let writing: Promise<void> = Promise.resolve();
  let end = bytes;
  let waiting: Entry[] = [];
  for (const entry of entries) apply(entry);

  function apply(entry: Entry): void {
    if ('source' in entry) {
      list.push({ ...entry.source, number: list.length, marker: entry.marker ?? false, closed: false });
    } else if ('closed' in entry) {
      const source = list[entry.closed];
      if (source) source.closed = true;
    } else {
      finished = true;
    }
  }

  /** Entries that come while one write is under way go into the next one together. */
  function append(entry: Entry): Promise<void> {
    apply(entry);
    waiting.push(entry);
    writing = writing.catch(() => undefined).then(writeWaiting);
    return writing;
  }

  async function writeWaiting(): Promise<void> {
    if (waiting.length === 0) return;
    const entries = waiting;
    waiting = [];
    const text = Buffer.from(entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await files.write(path, text, end);
      end += text.length;
    } catch (error) {
      waiting = [...entries, ...waiting];
      throw error;
    }
  }

  const pathOf = (number: number): string => join(folder, `${number}.log`);
  const find = (source: LogSource, marker = false): StoredSource | undefined =>
    list.find((known) => known.marker === marker && isSame(known, source));

  return {
    list,
    get finished() {
      return finished;
    },
    path: pathOf,
    find,
    async add(source, marker = false) {
      const { step, pod, attempt, stream } = source;
      try {
        const known = find(source, marker);
        const written = known
          ? writing
          : append({ source: { step, pod, attempt, stream }, ...(marker && { marker }) });
        const stored = known ?? list.at(-1);
        await written;
        if (!stored) throw new Error('a source was added and is not there');
        await createEmpty(pathOf(stored.number));
        return stored;
      } catch (error) {
        throw cannotCreate(folder, error);
      }
    },
    close: (source) => (source.closed ? writing : append({ closed: source.number })),
    finish: () => (finished ? writing : append({ finished: true })),
  };
}

function createEmpty(path: string): Promise<void> {
  return briefly(async () => (await open(path, 'a', 0o600)).close());
}

async function readEntries(path: string, files: LogFiles): Promise<{ entries: Entry[]; bytes: number }> {
  const content = await ifThere(briefly(() => readFile(path)));
  if (content === null) return { entries: [], bytes: 0 };
  const bytes = content.lastIndexOf(10) + 1;
  if (bytes < content.length) await files.truncate(path, bytes);
  const lines = content.toString('utf8', 0, bytes).split('\n').slice(0, -1);
  return { entries: lines.map(parseEntry), bytes };
}

function parseEntry(line: string): Entry {
  return JSON.parse(line) as Entry;
}

function isSame(one: LogSource, other: LogSource): boolean {
  return (
    one.step === other.step &&
    one.pod === other.pod &&
    one.attempt === other.attempt &&
    one.stream === other.stream
  );
}

function cannotCreate(folder: string, cause: unknown): AichorError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new AichorError('server_error', `no log file could be made in ${folder}: ${why}`, {
    hint: 'make room on that disk, or set AICHOR_HOME to a folder on another one',
    cause,
  });
}
