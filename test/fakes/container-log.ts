import { Readable } from 'node:stream';
import { ClusterError } from '../../src/engines/kubernetes/api/cluster-error.ts';
import type { LogOptions } from '../../src/engines/kubernetes/api/cluster.ts';
import { kubeletAnswer, sinceOf, type Fragment } from './kubelet-log.ts';

/** The log of one container as a node keeps it, and everything that may happen to it. */
export interface ContainerLog {
  /** At the node's present time, which goes on by this much. */
  print(bytes: string | Buffer, options?: { nanos?: number; full?: boolean }): void;
  /** Streams that are open fall behind: they bring nothing, and do not end, until `release`. */
  hold(): void;
  release(): void;
  /** A new file: streams that are open go on, others begin there. */
  rotate(): void;
  /** Every open stream breaks. */
  cut(): void;
  /** The container ends, and so do the streams. */
  end(): void;
  /** The node removes the container, the log with it. */
  remove(): void;
  /** The API server forgets the pod. */
  forget(): void;
  /** What the API server answers with instead, until told otherwise. */
  refuse(error: ClusterError | null): void;
  readonly fragments: readonly Fragment[];
  /** How often it was asked for. */
  readonly asked: readonly LogOptions[];
  readonly open: number;
  log(options: LogOptions): Promise<Readable>;
}

interface Stream {
  readable: Readable;
  since: number | null;
  /** Index of the next fragment. */
  at: number;
  /** What comes next goes on with a line. */
  last: Fragment | null;
}

/** Too old for any answer. */
const UNFINISHED: Fragment = { stamp: { seconds: -1, nanos: 0 }, bytes: Buffer.alloc(0), full: false };

const START = 1_795_358_094;
const SECOND = 1_000_000_000;

export function createContainerLog(): ContainerLog {
  const fragments: Fragment[] = [];
  const asked: LogOptions[] = [];
  const streams = new Set<Stream>();
  let clock = 0;
  let begin = 0;
  let state: 'running' | 'ended' | 'removed' | 'forgotten' = 'running';
  let refusal: ClusterError | null = null;
  let isHeld = false;

  function push(stream: Stream): void {
    const news = fragments.slice(stream.at);
    const bytes = kubeletAnswer(stream.last === null ? news : [stream.last, ...news], stream.since ?? 0);
    stream.last = news.at(-1)?.full === false ? UNFINISHED : news.length > 0 ? null : stream.last;
    stream.at = fragments.length;
    if (bytes.length > 0) stream.readable.push(bytes);
  }

  function openStream({ follow, sinceTime, signal }: LogOptions): Readable {
    const readable = new Readable({ read: () => undefined, signal });
    const stream: Stream = { readable, since: sinceOf(sinceTime), at: begin, last: null };
    if (state === 'removed') readable.push('unable to retrieve container logs for containerd://1');
    else push(stream);
    if (!follow || state !== 'running') readable.push(null);
    else streams.add(stream);
    readable.once('close', () => streams.delete(stream));
    return readable;
  }

  function endStreams(): void {
    for (const { readable } of streams) readable.push(null);
    streams.clear();
  }

  return {
    fragments,
    asked,
    get open() {
      return streams.size;
    },
    print(bytes, { nanos = 1_000_000, full = true } = {}) {
      // Between the last line of one file and the first of the next a file is renamed and opened.
      const isFirst = begin > 0 && begin === fragments.length;
      clock += isFirst ? Math.max(nanos, 1) : nanos;
      const stamp = { seconds: START + Math.floor(clock / SECOND), nanos: clock % SECOND };
      fragments.push({ stamp, bytes: Buffer.from(bytes), full });
      if (!isHeld) for (const stream of streams) push(stream);
    },
    hold() {
      isHeld = true;
    },
    release() {
      isHeld = false;
      for (const stream of streams) push(stream);
      if (state !== 'running') endStreams();
    },
    rotate() {
      begin = fragments.length;
    },
    cut() {
      for (const { readable } of streams) readable.destroy(new Error('aborted'));
      streams.clear();
    },
    end() {
      state = 'ended';
      if (!isHeld) endStreams();
    },
    remove() {
      state = 'removed';
    },
    forget() {
      state = 'forgotten';
    },
    refuse(error) {
      refusal = error;
    },
    log(options) {
      asked.push(options);
      if (options.signal.aborted) return Promise.reject(options.signal.reason as Error);
      if (refusal !== null) return Promise.reject(refusal);
      if (state === 'forgotten')
        return Promise.reject(new ClusterError(404, 'NotFound', 'pods "p" not found'));
      return Promise.resolve(openStream(options));
    },
  };
}
