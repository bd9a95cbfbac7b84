import { createSelection, readRecords } from './reader.ts';
import type { LogFolder } from '../log-folder.ts';
import type { StoredSource } from '../sources.ts';

export interface RawOptions {
  pod: string;
  /** Default: the pod's last one. */
  attempt?: number;
  /** Bytes at the start that are left out: who was cut resumes here. */
  skip?: number;
  follow: boolean;
  signal: AbortSignal;
}

/** Bytes read at once from the unterminated end of a file. */
const TAIL_CHUNK = 256 * 1024;

/**
 * The exact bytes that one attempt of a pod printed, both streams in the order of the index; then what is not in lines
 * yet. Followed, bytes of a line that has not ended are given out as they come, and it ends when the attempt's sources
 * are closed.
 */
export async function* readRaw(log: LogFolder, options: RawOptions): AsyncGenerator<Uint8Array> {
  let skip = options.skip ?? 0;
  for await (const bytes of rawBytes(log, options)) {
    options.signal.throwIfAborted();
    if (bytes.length > skip) yield bytes.subarray(skip);
    skip = Math.max(0, skip - bytes.length);
  }
}

async function* rawBytes(
  log: LogFolder,
  { pod, attempt: wanted, follow, signal }: RawOptions,
): AsyncGenerator<Uint8Array> {
  signal.throwIfAborted();
  const attempt = wanted ?? (await lastAttempt(log, pod, { follow, signal }));
  if (attempt === null) return;
  const selection = createSelection(log, { pod, attempt }, { position: 0, from: new Map() });
  /** The source whose open line has been given out in part, and up to where in its file. */
  let open: { source: number; upTo: number } | null = null;
  for (;;) {
    const ended = log.ended || isClosed(sourcesOf(log, pod, attempt));
    const count = log.index.count;
    for (let batch = await selection.next(count); batch; batch = await selection.next(count)) {
      // Damaged or not: they are what the file holds.
      for (const { record, bytes } of await readRecords(log, batch)) {
        const given: number = open !== null && open.source === record.source ? open.upTo - record.offset : 0;
        if (given > 0 && given <= bytes.length) open = null;
        if (bytes.length > given) yield bytes.subarray(Math.max(0, given));
      }
    }
    if (!follow || ended) break;
    if (log.index.count > count) continue;
    const more: Growth | null = grown(log, sourcesOf(log, pod, attempt), open);
    if (more !== null) {
      open = { source: more.source.number, upTo: more.to };
      yield* bytesOf(log, more);
    } else if (!log.ended && !isClosed(sourcesOf(log, pod, attempt))) await log.waiters.wait(signal);
  }
  if (log.sources.finished) return;
  for (const source of sourcesOf(log, pod, attempt)) {
    const end = log.cursors.get(source.number)?.end ?? 0;
    const from = open?.source === source.number ? Math.max(end, open.upTo) : end;
    yield* bytesOf(log, { source, from, to: Number.POSITIVE_INFINITY });
  }
}

/** Bytes of an open line that came since it was given out last. */
interface Growth {
  source: StoredSource;
  from: number;
  to: number;
}

/**
 * Of one source at a time: only while its line is open can bytes of another come before it in the index, and whoever
 * resumes counts in that order.
 */
function grown(
  log: LogFolder,
  sources: readonly StoredSource[],
  open: { source: number; upTo: number } | null,
): Growth | null {
  for (const source of sources) {
    if (open !== null && open.source !== source.number) continue;
    const line = log.open.get(source.number);
    const from = Math.max(line?.start ?? 0, open?.upTo ?? 0);
    if (line !== undefined && line.size > from) return { source, from, to: line.size };
  }
  return null;
}

/** Bytes of a source's file, as far as there are any. */
async function* bytesOf(log: LogFolder, { source, from, to }: Growth): AsyncGenerator<Uint8Array> {
  for (let position = from; position < to;) {
    const buffer = Buffer.allocUnsafe(Math.min(TAIL_CHUNK, to - position));
    const bytes = await log.files.read(log.sources.path(source.number), buffer, position);
    if (bytes > 0) yield buffer.subarray(0, bytes);
    if (bytes < buffer.length) return;
    position += bytes;
  }
}

async function lastAttempt(
  log: LogFolder,
  pod: string,
  { follow, signal }: { follow: boolean; signal: AbortSignal },
): Promise<number | null> {
  for (;;) {
    const attempts = log.sources.list
      .filter((source) => source.pod === pod && !source.marker)
      .map(({ attempt }) => attempt);
    if (attempts.length > 0) return Math.max(...attempts);
    if (!follow || log.ended) return null;
    await log.waiters.wait(signal);
  }
}

function sourcesOf(log: LogFolder, pod: string, attempt: number): StoredSource[] {
  return log.sources.list.filter(
    (source) => source.pod === pod && source.attempt === attempt && !source.marker,
  );
}

function isClosed(sources: readonly StoredSource[]): boolean {
  return sources.length > 0 && sources.every((source) => source.closed);
}
