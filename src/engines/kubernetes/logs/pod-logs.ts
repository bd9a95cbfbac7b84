import { statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Notice } from '../../../experiment/record.ts';
import type { LogSource } from '../../../logs/line.ts';
import type { LogSink } from '../../engine.ts';
import type { Cluster } from '../api/cluster.ts';
import type { EngineLog } from '../engine-log.ts';
import { createFollower, type Follower } from './follow.ts';
import type { LogPlace } from './keep.ts';
import { PACE, type Pace } from './follow.ts';
import { createRayTail } from './ray-tail.ts';
import { createReadingPlaces, type ReadingPlaces } from './places.ts';
import { problemOf } from './read.ts';
import { formatStamp, type Stamp } from './stamp.ts';

/** One container of one pod object, and one start of it. */
export interface ContainerKey {
  /** Of the pod object. */
  uid: string;
  container: string;
  /** How often the container had been started before, in this pod (`restartCount`). */
  restart: number;
}

/** A container whose log is wanted. */
export interface LoggedContainer extends ContainerKey {
  /** Name of the pod object. */
  objectName: string;
  source: LogSource;
  /**
   * It may print again what an earlier one of the same source printed (a submitter that was started again), or at its end
   * the last lines once more: what is the same is not taken twice.
   */
  repeats?: boolean;
}

/** The logs of an experiment's containers, each byte of each once, whatever dies when. */
export interface PodLogs {
  /**
   * Reads the log of a container that has started, to its end. Idempotent. Several of the same source are read one
   * after the other, in the order of these calls (which should be that of their creation).
   */
  follow(container: LoggedContainer): void;
  /** Its log was opened: deleting its pod cannot take away any more what it has printed. */
  isOpened(container: ContainerKey): boolean;
  /**
   * The container (followed before) has ended, or its pod is gone: resolves when its log was read to its end and its
   * source is closed. What cannot be read is given up after a minute without a byte, and told by `onProblem`.
   * Idempotent; rejects with what the sink or the disk threw.
   */
  settle(container: ContainerKey): Promise<void>;
  /** The server leaves: stops at once, wherever it is. What was read is on disk, a later `follow` goes on there. */
  close(): Promise<void>;
  /** The experiment has ended: settles every container that is followed. */
  end(): Promise<void>;
}

export interface PodLogsOptions {
  cluster: Pick<Cluster, 'log'>;
  sink: LogSink;
  /** Where positions are kept: private, of this experiment; made if need be. */
  directory: string;
  log: Pick<EngineLog, 'info'>;
  /** Those of whoever else reads logs of the cluster; its own, unless said. */
  places?: ReadingPlaces;
  /** A log was opened. */
  onOpened?: () => void;
  /** What users should know: something of a log is missing, or cannot be read now. */
  onProblem: (problem: Notice) => void;
  /** For tests. */
  pace?: Partial<Pace>;
  chance?: () => number;
}

interface Followed {
  container: LoggedContainer;
  follower: Follower;
  /** False: it was stopped. */
  done: Promise<boolean>;
}

/** Notices of one kind, before the others go to the server's log alone. */
const MOST_TOLD = 20;

export function createPodLogs(options: PodLogsOptions): PodLogs {
  const { cluster, sink } = options;
  const makeDirectory = madeOnce(join(options.directory, 'log-positions'));
  const followed = new Map<string, Followed>();
  /** By source: those that are kept in its file, in their order. */
  const ofSource = new Map<string, Followed[]>();
  const opened = new Set<string>();
  const tellOnce = tellerOf(options);
  const places = options.places ?? createReadingPlaces();
  let isClosed = false;

  /** The file of a source is written for one container at a time. */
  async function read(
    container: LoggedContainer,
    follower: Follower,
    before: Followed | undefined,
  ): Promise<boolean> {
    await before?.done.catch(() => undefined); // told to whoever settles it
    if (isClosed) return false;
    const { source } = container;
    let place: LogPlace | null = null;
    const isRead = await follower.run(
      async () => (place ??= await makePlace(container, { sink, makeDirectory })),
    );
    const isLast = ofSource.get(sourceKey(source))?.at(-1)?.follower === follower;
    if (isRead && isLast) await sink.closed(source);
    return isRead;
  }

  function followerOf(logged: LoggedContainer): Follower {
    const { objectName, container, source } = logged;
    const who = nameOf(source);
    return createFollower({
      async open(how) {
        const stream = await cluster.log(objectName, { container, timestamps: true, ...how });
        opened.add(keyOf(logged));
        options.onOpened?.();
        return stream;
      },
      grown: () => sink.appended([source]),
      places,
      pace: { ...PACE, ...options.pace },
      chance: options.chance ?? Math.random,
      onTrouble(end) {
        options.log.info({ pod: objectName, container, ...end }, 'a log is read again');
        const problem = problemOf(end);
        if (problem !== null) tellOnce(problem);
      },
      onGap: (gap) => tellOnce(gapNotice(who, gap)),
      onMissing: (why) =>
        tellOnce({ code: 'log_incomplete', message: `the end of the log of ${who} may be missing: ${why}` }),
    });
  }

  async function settle(one: Followed): Promise<void> {
    one.follower.ended();
    if (!(await one.done))
      throw new Error(`the log of ${nameOf(one.container.source)} was left before its end`);
  }

  return {
    follow(container) {
      const key = keyOf(container);
      if (isClosed || followed.has(key)) return;
      const others = ofSource.get(sourceKey(container.source)) ?? [];
      for (const other of others) if (isEarlierStart(other.container, container)) other.follower.ended(true);
      const follower = followerOf(container);
      const done = read(container, follower, others.at(-1));
      done.catch(() => undefined); // told to whoever settles it
      const one = { container, follower, done };
      followed.set(key, one);
      ofSource.set(sourceKey(container.source), [...others, one]);
    },
    isOpened: (container) => opened.has(keyOf(container)),
    async settle(container) {
      const one = followed.get(keyOf(container));
      if (one === undefined) throw new Error(`the log of ${keyOf(container)} was never followed`);
      await settle(one);
    },
    async close() {
      isClosed = true;
      for (const { follower } of followed.values()) follower.stop();
      await Promise.allSettled([...followed.values()].map(({ done }) => done));
    },
    async end() {
      await Promise.all([...followed.values()].map(settle));
    },
  };
}

/** A folder that is made by whoever needs it first. */
function madeOnce(directory: string): () => Promise<string> {
  let made: Promise<unknown> | null = null;
  return async () => {
    made ??= mkdir(directory, { recursive: true, mode: 0o700 });
    await made.catch((error: unknown) => {
      made = null;
      throw error;
    });
    return directory;
  };
}

/** With the lines that somebody who is gone had read and not told of. */
async function makePlace(
  container: LoggedContainer,
  { sink, makeDirectory }: Pick<PodLogsOptions, 'sink'> & { makeDirectory(): Promise<string> },
): Promise<LogPlace> {
  const directory = await makeDirectory();
  const file = await sink.file(container.source);
  if (statSync(file).size > 0) await sink.appended([container.source]);
  return { file, positions: join(directory, keyOf(container)), ...repetitionsOf(container) };
}

function repetitionsOf({ repeats = false }: LoggedContainer): Pick<LogPlace, 'repeats' | 'tail'> {
  return { repeats, tail: repeats ? createRayTail() : null };
}

function keyOf({ uid, container, restart }: ContainerKey): string {
  return `${uid}.${container}.${restart}`;
}

function sourceKey({ step, pod, attempt, stream }: LogSource): string {
  return JSON.stringify([step, pod, attempt, stream]);
}

function isEarlierStart(one: ContainerKey, other: ContainerKey): boolean {
  return one.uid === other.uid && one.container === other.container && one.restart < other.restart;
}

function nameOf({ step, pod, attempt }: LogSource): string {
  return pod === null ? `the ${step} step` : `${pod} (attempt ${attempt})`;
}

/** Tells each problem once. A record with a notice for each of thousands of pods helps nobody, and takes long to write again and again. */
function tellerOf({ onProblem, log }: Pick<PodLogsOptions, 'onProblem' | 'log'>): (problem: Notice) => void {
  const told = new Map<string, Set<string>>();
  return (problem) => {
    const { code, message } = problem;
    const known = told.get(code) ?? new Set();
    if (known.has(message)) return;
    told.set(code, known.add(message));
    if (known.size <= MOST_TOLD) return onProblem(problem);
    log.info(problem, 'a log may lack something');
    if (known.size === MOST_TOLD + 1)
      onProblem({ code, message: 'the same may hold for more pods; aichor server logs has their names' });
  };
}

function gapNotice(who: string, { after, before }: { after: Stamp; before: Stamp }): Notice {
  const between = `between ${formatStamp(after)} and ${formatStamp(before)}`;
  const why = 'the node had begun a new log file before they were read';
  return { code: 'log_gap', message: `lines of ${who} ${between} may be missing: ${why}` };
}
