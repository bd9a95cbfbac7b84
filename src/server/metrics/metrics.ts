import { sleepUnless } from '../../base/async/abort.ts';
import { isAbsent } from '../../base/io/files-sync.ts';
import type { Engine, RunContext } from '../../engines/engine.ts';
import { progressOf, seriesRecord, type PointRecord } from '../../metrics/metric-record.ts';
import { usageCourse, usageOfPod, type UsageSamples, type UsageStretch } from '../../metrics/usage.ts';
import { isInFolders } from '../engines/place.ts';
import type { ExperimentLogs, Log } from '../ports.ts';
import { experimentFolder, type Folders } from '../process/folders.ts';
import { stateOf, type ExperimentStore } from '../store/store.ts';
import {
  createGathering,
  metricsGathered,
  namedSeries,
  type Elsewhere,
  type Gathered,
  type Gathering,
} from './gathering.ts';
import { createObjectFollower, type ObjectFollowing, type ObjectRates } from './objects/object-following.ts';
import type { Remark } from './collector.ts';
import { keptMetrics, keptUsage } from './kept.ts';
import { createUsageSampling } from './usage.ts';

/** The metrics that pods write, and what they take of their machines, while they run and afterwards. */
export interface MetricsService {
  /** Follows what the pods of an experiment write and take, from now on. */
  follow(id: string, sources: MetricsSources): Promise<MetricsFollowing>;
  /** The series of an experiment by name. */
  series(id: string): Promise<{ name: string; series: PointRecord[] }[]>;
  /** What the pods of an experiment took, oldest first. */
  usage(id: string): Promise<UsageStretch[]>;
}

export interface MetricsSources {
  logs: Pick<ExperimentLogs, 'find'>;
  engine: Pick<Engine, 'usage' | 'objectAccess'>;
  /** What its pods are given; without it no object store is asked. */
  pods?: Pick<RunContext, 'plan' | 'secrets'>;
}

export interface MetricsFollowing {
  /** Another attempt is about to start: what was written until now belongs to the one before. */
  begin(attempt: number): Promise<void>;
  /**
   * The pods have ended, or the server leaves (not `isOver`: what lies in an object store is not waited for). The last look; what was
   * gathered is on disk afterwards.
   */
  end(how?: { isOver: boolean }): Promise<void>;
}

interface Ingredients {
  store: Pick<ExperimentStore, 'state' | 'measured' | 'append' | 'remark'>;
  folders: Folders;
  log: Log;
  now(): Date;
  /** For proxies on the way to an object store. */
  env?: Readonly<Record<string, string | undefined>>;
  rates?: ObjectRates;
}

/** A value is in the record two seconds after it is on disk, at the latest. */
const LOOK_EVERY_MS = 1500;
/** Series are kept for the case that the server is killed; they can be gathered again, so seldom is enough. */
const KEEP_EVERY_MS = 30_000;
/** Keeping may take a thousandth of the time. */
const KEEP_SHARE = 1000;

export function createMetrics(by: Ingredients): MetricsService {
  const followed = new Map<string, Known>();
  const sampling = createUsageSampling(by);
  const { env = {}, now, rates } = by;
  const followObjects = createObjectFollower({ env, now, ...(rates && { rates }) });
  const known = async (id: string): Promise<Known> => {
    const folder = experimentFolder(by.folders, id);
    return { gathered: await keptMetrics.read(folder), samples: await keptUsage.read(folder) };
  };
  return {
    async follow(id, { logs, engine, pods }) {
      const own = await known(id);
      followed.set(id, own);
      const usage = engine.usage?.bind(engine);
      const following = followOne(by, id, {
        ...own,
        logs,
        objects: (into, tell) => {
          const { record } = stateOf(by.store, id);
          const access = engine.objectAccess?.bind(engine);
          if (access === undefined || pods === undefined || isInFolders(record)) return null;
          return followObjects({ paths: record.paths, access: () => access(pods), into, tell });
        },
        sample: (tell, signal) => sampling.follow(id, { usage, samples: own.samples, tell }, signal),
      });
      return {
        begin: following.begin,
        end: (how) => following.end(how).finally(() => followed.delete(id)),
      };
    },
    async series(id) {
      const { gathered } = followed.get(id) ?? (await known(id));
      return [...namedSeries(gathered)].map(([name, series]) => ({ name, series: seriesRecord(series) }));
    },
    usage: async (id) => usageCourse((followed.get(id) ?? (await known(id))).samples),
  };
}

/** All that is known of one experiment. */
interface Known {
  gathered: Gathered;
  samples: UsageSamples;
}

interface Followed extends Known {
  logs: Pick<ExperimentLogs, 'find'>;
  /** Null: there is no object store to look at. */
  objects(into: Elsewhere, tell: () => void): ObjectFollowing | null;
  /** Adds samples, and tells of each, until the signal is aborted. */
  sample(tell: () => void, signal: AbortSignal): Promise<void>;
}

/** As facts while it lives: none comes after the end, but the last look may. */
function takeRemarks(store: Ingredients['store'], id: string, remarks: readonly Remark[]): void {
  if (stateOf(store, id).ended) for (const remark of remarks) store.remark(id, remark);
  else
    store.append(
      id,
      remarks.map((remark) => ({ type: 'notice', ...remark }) as const),
    );
}

function followOne(
  by: Ingredients,
  id: string,
  { gathered, samples, logs, objects: followObjects, sample }: Followed,
): MetricsFollowing {
  const { record } = stateOf(by.store, id);
  const isHere = isInFolders(record);
  const sources = {
    tensorboard: isHere ? record.paths.tensorboard : null,
    output: isHere ? record.paths.output : null,
    logs,
  };
  const gathering = createGathering(sources, gathered, record.attempt);
  const objects = followObjects(gathering.elsewhere, () => tellNews(gathering.elsewhere.news()));
  const over = new AbortController();
  let due = performance.now() + KEEP_EVERY_MS;
  // Since it was kept last.
  let isChanged = false;
  // The record may lack what was gathered before the server was killed.
  if (gathered.series.size > 0 || samples.pods.size > 0) tell();

  function tell(): void {
    isChanged = true;
    by.store.measured(id, () => {
      const metrics = metricsGathered(gathered);
      const usage = (pod: string, attempt: number) => usageOfPod(samples, pod, attempt);
      return { metrics, progress: progressOf(metrics), usage };
    });
  }

  /** Trouble with metrics is no trouble of the experiment's. */
  async function quietly(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      by.log.warn({ err: error, experiment_id: id }, 'metrics could not be read or kept');
    }
  }

  async function keep(): Promise<void> {
    if (!isChanged) return;
    isChanged = false;
    const started = performance.now();
    const folder = experimentFolder(by.folders, id);
    const keeping = [keptMetrics.keep(folder, gathered)];
    if (samples.pods.size > 0) keeping.push(keptUsage.keep(folder, samples));
    await Promise.all(keeping).catch((error: unknown) => {
      isChanged = true;
      ignoreAbsent(error);
    });
    due = performance.now() + Math.max(KEEP_EVERY_MS, (performance.now() - started) * KEEP_SHARE);
  }

  async function look(end: boolean): Promise<void> {
    tellNews(await gathering.look(by.now().getTime() / 1000, end));
  }

  function tellNews({ isNew, remarks }: Awaited<ReturnType<Gathering['look']>>): void {
    if (remarks.length > 0) takeRemarks(by.store, id, remarks);
    if (isNew) tell();
  }

  async function followOn(): Promise<void> {
    while (await sleepUnless(over.signal, untilNextLook())) {
      await inTurn(() => look(false));
      if (performance.now() > due) await quietly(keep);
    }
  }

  let last: Promise<void> = Promise.resolve();
  function inTurn(work: () => Promise<void>): Promise<void> {
    last = last.then(() => quietly(work));
    return last;
  }

  const following = Promise.all([
    followOn(),
    quietly(() => sample(tell, over.signal)),
    quietly(async () => objects?.follow(over.signal)),
  ]);
  return {
    begin: (attempt) =>
      inTurn(async () => {
        if (attempt === gathering.attempt) return;
        await Promise.all([look(false), objects?.look(false)]);
        gathering.attempt = attempt;
      }),
    async end({ isOver } = { isOver: true }) {
      over.abort();
      await following;
      await inTurn(() => look(true));
      if (isOver) await quietly(async () => objects?.look(true));
      await quietly(keep);
    },
  };
}

/** Milliseconds. All experiments are looked at when one is: the processor wakes up once. */
function untilNextLook(): number {
  return Math.ceil(LOOK_EVERY_MS - (performance.now() % LOOK_EVERY_MS)) + 1;
}

/** It was deleted meanwhile. */
function ignoreAbsent(error: unknown): void {
  if (!isAbsent(error)) throw error;
}
