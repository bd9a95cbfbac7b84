import { sleepUnless } from '../../base/async/abort.ts';
import { isAbsent } from '../../base/io/files-sync.ts';
import { progressOf, seriesRecord, type PointRecord } from '../../metrics/metric-record.ts';
import { isOnThisMachine } from '../engines/place.ts';
import type { ExperimentLogs, Log } from '../ports.ts';
import { experimentFolder, type Folders } from '../process/folders.ts';
import { stateOf, type ExperimentStore } from '../store/store.ts';
import { createGathering, metricsGathered, namedSeries, type Gathered } from './gathering.ts';
import { keepGathered, readGathered } from './kept.ts';

/** The metrics that pods write, while they run and afterwards. */
export interface MetricsService {
  /** Follows what the pods of an experiment write, from now on. */
  follow(id: string, logs: Pick<ExperimentLogs, 'find'>): Promise<MetricsFollowing>;
  /** The series of an experiment by name. */
  series(id: string): Promise<{ name: string; series: PointRecord[] }[]>;
}

export interface MetricsFollowing {
  /** Another attempt is about to start: what was written until now belongs to the one before. */
  begin(attempt: number): Promise<void>;
  /** The pods have ended, or the server leaves: the last look. What was gathered is on disk afterwards. */
  end(): Promise<void>;
}

interface Ingredients {
  store: Pick<ExperimentStore, 'state' | 'measured' | 'append'>;
  folders: Folders;
  log: Log;
  now(): Date;
}

/** A value is in the record two seconds after it is on disk, at the latest. */
const LOOK_EVERY_MS = 1500;
/** Series are kept for the case that the server is killed; they can be gathered again, so seldom is enough. */
const KEEP_EVERY_MS = 30_000;
/** Keeping may take a hundredth of the time. */
const KEEP_SHARE = 100;

export function createMetrics(by: Ingredients): MetricsService {
  const followed = new Map<string, Gathered>();
  return {
    async follow(id, logs) {
      const gathered = await readGathered(experimentFolder(by.folders, id));
      followed.set(id, gathered);
      const following = followOne(by, id, { gathered, logs });
      return {
        begin: following.begin,
        end: () => following.end().finally(() => followed.delete(id)),
      };
    },
    async series(id) {
      const gathered = followed.get(id) ?? (await readGathered(experimentFolder(by.folders, id)));
      return [...namedSeries(gathered)].map(([name, series]) => ({ name, series: seriesRecord(series) }));
    },
  };
}

interface Followed {
  gathered: Gathered;
  logs: Pick<ExperimentLogs, 'find'>;
}

function followOne(by: Ingredients, id: string, { gathered, logs }: Followed): MetricsFollowing {
  const { record } = stateOf(by.store, id);
  const isHere = isOnThisMachine(record);
  const sources = {
    tensorboard: isHere ? record.paths.tensorboard : null,
    output: isHere ? record.paths.output : null,
    logs,
  };
  const gathering = createGathering(sources, gathered, record.attempt);
  const over = new AbortController();
  let due = performance.now() + KEEP_EVERY_MS;

  /** Trouble with metrics is no trouble of the experiment's. */
  async function quietly(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      by.log.warn({ err: error, experiment_id: id }, 'metrics could not be read or kept');
    }
  }

  async function keep(): Promise<void> {
    const started = performance.now();
    await keepGathered(experimentFolder(by.folders, id), gathered).catch(ignoreAbsent);
    due = performance.now() + Math.max(KEEP_EVERY_MS, (performance.now() - started) * KEEP_SHARE);
  }

  async function look(end: boolean): Promise<void> {
    const { isNew, remarks } = await gathering.look(by.now().getTime() / 1000, end);
    if (remarks.length > 0)
      by.store.append(
        id,
        remarks.map((remark) => ({ type: 'notice', ...remark }) as const),
      );
    if (!isNew) return;
    const metrics = metricsGathered(gathered);
    by.store.measured(new Map([[id, { metrics, progress: progressOf(metrics) }]]));
  }

  async function followOn(): Promise<void> {
    while (await sleepUnless(over.signal, LOOK_EVERY_MS)) {
      await inTurn(() => look(false));
      if (performance.now() > due && gathered.series.size > 0) await quietly(keep);
    }
  }

  let last: Promise<void> = Promise.resolve();
  function inTurn(work: () => Promise<void>): Promise<void> {
    last = last.then(() => quietly(work));
    return last;
  }

  const following = followOn();
  return {
    begin: (attempt) =>
      inTurn(async () => {
        if (attempt === gathering.attempt) return;
        await look(false);
        gathering.attempt = attempt;
      }),
    async end() {
      over.abort();
      await following;
      await inTurn(() => look(true));
      if (gathered.series.size > 0) await quietly(keep);
    },
  };
}

/** It was deleted meanwhile. */
function ignoreAbsent(error: unknown): void {
  if (!isAbsent(error)) throw error;
}
