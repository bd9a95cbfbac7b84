import { closeSync, openSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
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
  /** Records that the index had, and bytes that sources had, when it was finished; null: not known. */
  readonly whole: Whole | null;
  /** What is missing in this log for good, in words. */
  readonly damage: readonly string[];
  path(number: number): string;
  find(source: LogSource, marker?: boolean): StoredSource | undefined;
  add(source: LogSource, marker?: boolean): Promise<StoredSource>;
  close(source: StoredSource): Promise<void>;
  finish(whole: Whole): Promise<void>;
  /** Keeps what is missing for everybody who reads the log. */
  addDamage(text: string): Promise<void>;
}

export interface Whole {
  records: number;
  /** By source number. */
  sizes: number[];
}

/** A line of the table's file. */
type Entry =
  | { source: LogSource; marker?: true }
  | { closed: number }
  | { finished: true; whole?: Whole }
  | { damage: string };

/** Reads the table of a log (`sources`, JSON lines; a torn last line is cut off). */
export async function openSources(folder: string, files: LogFiles): Promise<SourceTable> {
  const path = join(folder, 'sources');
  const { entries, bytes } = await readEntries(folder, files);
  const list: StoredSource[] = [];
  /** There may be thousands. */
  const byKey = new Map<string, StoredSource>();
  const damage: string[] = [];
  let finished = false;
  let whole: Whole | null = null;
  let writing: Promise<void> = Promise.resolve();
  let end = bytes;
  /** The folder is there. */
  let isMade = false;
  let waiting: Entry[] = [];
  for (const entry of entries) apply(entry);

  function apply(entry: Entry): void {
    if ('source' in entry) {
      const { marker = false, source } = entry;
      const stored = { ...source, number: list.length, marker, closed: false };
      const key = keyOf(source, marker);
      list.push(stored);
      // Of damaged ones several may be the same: the first counts.
      if (!byKey.has(key)) byKey.set(key, stored);
    } else if ('closed' in entry) {
      const source = list[entry.closed];
      if (source) source.closed = true;
    } else if ('damage' in entry) {
      if (!damage.includes(entry.damage)) damage.push(entry.damage);
    } else {
      finished = true;
      whole = entry.whole ?? null;
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
      if (!isMade) await mkdir(folder, { recursive: true, mode: 0o700 });
      isMade = true;
      await files.write(path, text, end);
      end += text.length;
    } catch (error) {
      isMade = false;
      waiting = [...entries, ...waiting];
      throw error;
    }
  }

  const pathOf = (number: number): string => join(folder, `${number}.log`);
  const find = (source: LogSource, marker = false): StoredSource | undefined =>
    byKey.get(keyOf(source, marker));

  return {
    list,
    damage,
    get finished() {
      return finished;
    },
    get whole() {
      return whole;
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
        createEmpty(pathOf(stored.number));
        return stored;
      } catch (error) {
        throw cannotCreate(folder, error);
      }
    },
    close: (source) => (source.closed ? writing : append({ closed: source.number })),
    finish: (all) => append({ finished: true, whole: all }),
    addDamage: (text) => (damage.includes(text) ? writing : append({ damage: text })),
  };
}

/** At once: it takes less than to hand it over to one of the system's threads. */
function createEmpty(path: string): void {
  closeSync(openSync(path, 'a', 0o600));
}

async function readEntries(folder: string, files: LogFiles): Promise<{ entries: Entry[]; bytes: number }> {
  const path = join(folder, 'sources');
  const content = await ifThere(briefly(() => readFile(path)));
  if (content === null) return { entries: [], bytes: 0 };
  const bytes = content.lastIndexOf(10) + 1;
  if (bytes < content.length) await files.truncate(path, bytes);
  const lines = content.toString('utf8', 0, bytes).split('\n').slice(0, -1);
  const entries = lines.map(parseEntry);
  if (entries.every((entry) => entry !== null)) return { entries, bytes };
  return { entries: await patched(folder, entries), bytes };
}

/** Null for a line that is damaged. */
function parseEntry(line: string): Entry | null {
  try {
    const entry: unknown = JSON.parse(line);
    return typeof entry === 'object' && entry !== null ? (entry as Entry) : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Sources go by their place in the table: each file of which no line tells gets one, for the first that are damaged. */
async function patched(folder: string, entries: readonly (Entry | null)[]): Promise<Entry[]> {
  const files = (await readdir(folder)).filter((name) => /^\d+\.log$/.test(name)).length;
  let lost = files - entries.filter((entry) => entry !== null && 'source' in entry).length;
  const whole = entries.flatMap((entry): Entry[] => {
    if (entry !== null) return [entry];
    return lost-- > 0 ? [{ source: { step: 'run', pod: null, attempt: 1, stream: null } }] : [];
  });
  for (; lost > 0; lost--) whole.push({ source: { step: 'run', pod: null, attempt: 1, stream: null } });
  return [
    ...whole,
    { damage: 'the table of its sources was damaged: of some lines it is not known which pod printed them' },
  ];
}

function keyOf({ step, pod, attempt, stream }: LogSource, marker: boolean): string {
  return JSON.stringify([step, pod, attempt, stream, marker]);
}

function cannotCreate(folder: string, cause: unknown): AichorError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new AichorError('server_error', `no log file could be made in ${folder}: ${why}`, {
    hint: 'make room on that disk, or set AICHOR_HOME to a folder on another one',
    cause,
  });
}
