import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogFiles, type LogFiles } from '../../../../src/logs/store/files.ts';
import { createLogStore, type ExperimentLogs, type LogStore } from '../../../../src/logs/store/log-store.ts';
import type { LogFilter, LogLine, LogSource } from '../../../../src/logs/line.ts';
import { LINE_START, parseLogLine } from '../../../../src/logs/wire.ts';

export const ID = '9b2f31aa-0000-4000-8000-000000000000';
export const OUT: LogSource = { step: 'run', pod: 'worker-0-0', attempt: 1, stream: 'stdout' };
export const ERR: LogSource = { ...OUT, stream: 'stderr' };
export const OTHER: LogSource = { ...OUT, pod: 'ps-0-0' };
export const BUILD: LogSource = { step: 'build', pod: null, attempt: 1, stream: null };

/** A folder of experiments on disk; `crash` gives a new store over it, as after a kill. */
export interface Fixture {
  folder: string;
  logs: ExperimentLogs;
  store: LogStore;
  /** The time that lines get. */
  clock: { now: Date };
  /** Appends bytes to a source's file, as a pod would, and tells nobody. */
  print(source: LogSource, bytes: string | Uint8Array): Promise<void>;
  crash(files?: LogFiles): Promise<Fixture>;
  remove(): Promise<void>;
}

export async function createFixture(files?: LogFiles): Promise<Fixture> {
  const folder = await mkdtemp(join(tmpdir(), 'aichor-logs-'));
  return openFixture(folder, { opened: [], clock: { now: new Date('2026-05-01T12:00:00.000Z') } }, files);
}

async function openFixture(
  folder: string,
  shared: { opened: LogFiles[]; clock: { now: Date } },
  files = createLogFiles(),
): Promise<Fixture> {
  shared.opened.push(files);
  const store = createLogStore(folder, () => shared.clock.now, files);
  const logs = await store.open(ID);
  return {
    folder,
    logs,
    store,
    clock: shared.clock,
    async print(source, bytes) {
      await appendFile(await logs.file(source), bytes);
    },
    crash: (next) => openFixture(folder, shared, next),
    async remove() {
      for (const opened of shared.opened) await opened.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** What a reader gets: the lines, and what the stream says of itself. */
export interface Read {
  lines: LogLine[];
  end: number | null;
  tailAt: number | null;
}

export async function read(
  logs: ExperimentLogs,
  filter: LogFilter = {},
  options: { follow?: boolean; signal?: AbortSignal } = {},
): Promise<Read> {
  const { follow = false, signal = new AbortController().signal } = options;
  const result: Read = { lines: [], end: null, tailAt: null };
  const text = (await collect(logs.read(filter, { follow, signal }))).toString('utf8');
  for (const line of text.split('\n').slice(0, -1)) {
    if (line.startsWith(LINE_START)) result.lines.push(parseLogLine(line));
    else if (line.startsWith('{"end":')) result.end = JSON.parse(line).end;
    else result.tailAt = JSON.parse(line).tail_at;
  }
  return result;
}

export async function texts(logs: ExperimentLogs, filter: LogFilter = {}): Promise<string[]> {
  return (await read(logs, filter)).lines.map((line) => line.text);
}

export async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

/** Takes lines from a followed log until there are as many. */
export async function takeLines(chunks: AsyncIterator<Uint8Array>, count: number): Promise<string[]> {
  const taken: string[] = [];
  while (taken.length < count) {
    const next = await chunks.next();
    if (next.done) throw new Error(`the stream ended after ${taken.length} of ${count} lines`);
    const lines = Buffer.from(next.value).toString('utf8').split('\n').slice(0, -1);
    taken.push(...lines.filter((line) => line.startsWith(LINE_START)).map((line) => parseLogLine(line).text));
  }
  return taken;
}
