import { createSelection, readRecords } from './reader.ts';
import type { LogFolder } from './log-folder.ts';
import type { StoredSource } from './sources.ts';

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
 * The exact bytes that one attempt of a pod printed, both streams in the order of the index; then what is not
 * in lines yet. Followed, it ends when the attempt's sources are closed.
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
  for (;;) {
    const ended = log.ended || isClosed(sourcesOf(log, pod, attempt));
    const count = log.index.count;
    for (let batch = await selection.next(count); batch; batch = await selection.next(count)) {
      yield* await readRecords(log, batch);
    }
    if (!follow || ended) break;
    if (log.index.count === count && !log.ended && !isClosed(sourcesOf(log, pod, attempt)))
      await log.waiters.wait(signal);
  }
  if (log.sources.finished) return;
  for (const source of sourcesOf(log, pod, attempt)) yield* unfinished(log, source);
}

/** Bytes after the last whole line. */
async function* unfinished(log: LogFolder, source: StoredSource): AsyncGenerator<Uint8Array> {
  let position = log.cursors.get(source.number)?.end ?? 0;
  for (;;) {
    const buffer = Buffer.allocUnsafe(TAIL_CHUNK);
    const bytes = await log.files.read(log.sources.path(source.number), buffer, position);
    if (bytes > 0) yield buffer.subarray(0, bytes);
    if (bytes < TAIL_CHUNK) return;
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
