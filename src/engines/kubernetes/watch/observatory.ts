import { objectName } from '../../../operators/object-name.ts';
import type { Cluster } from '../api/cluster.ts';
import type { EngineLog } from '../engine-log.ts';
import { startHeartbeat, type Heartbeat } from './heartbeat.ts';
import type { Observed, ObservedWorkload } from './observed.ts';
import { createObjectsIndex } from './objects-index.ts';
import { startReflectors, type Reflectors } from './reflectors.ts';

/** Watches one namespace for everybody who looks after an experiment there: one watch a kind, however many look. */
export interface Observatory {
  /**
   * Begins to look at an experiment. `onChange` is called after something of it has changed, or `synced` or `stale`
   * have; cheap, and not once for each of many changes. The first that is opened starts the watches.
   */
  open(experimentId: string, onChange: () => void, options?: ViewOptions): View;
  /** Ends all of them. */
  close(): void;
}

export interface ViewOptions {
  /** The kind of its workload: troubles with the other kind are none of this experiment's. Default: both count. */
  workload?: 'jobset' | 'rayjob';
}

export interface View {
  /** As last seen. */
  observed(): Observed;
  /** The part of it that is cheap to look at, however many pods there are. */
  workload(): ObservedWorkload;
  /** A workload or a Job of it with this uid was seen, and is gone. */
  hasGone(uid: string): boolean;
  /** Resolves when all that there is has been seen once. Never, while the cluster cannot be reached: see `stale`. */
  synced(): Promise<void>;
  /** Since when what is seen may be old, and why; null: it is not. */
  stale(): { since: Date; why: string } | null;
  /**
   * For how many milliseconds all kinds have told of every change, without a break; null: one of them does not. What one
   * tells of may be long past in what another has not told of yet.
   */
  toldForMs(): number | null;
  /** When the last view is closed, the watches end a while later. */
  close(): void;
}

interface ObservatoryOptions {
  cluster: Cluster;
  log: Pick<EngineLog, 'info' | 'warn'>;
  now: () => Date;
  /** From 0 up to 1. */
  chance?: () => number;
  /** How long a watch is open, in seconds. */
  watchS?: number;
  /** How long watches stay for who comes next, in milliseconds. */
  lingerMs?: number;
  /** Between two questions whether what is seen may still be looked at, in milliseconds. */
  beatMs?: number;
}

const WATCH_S = 240;

/** One experiment after the other, as a script submits them, needs the watches once. */
const LINGER_MS = 30_000;

interface Running {
  reflectors: Reflectors;
  index: ReturnType<typeof createObjectsIndex>;
  heartbeat: Heartbeat;
}

interface Looker {
  experimentId: string;
  onChange: () => void;
  options: ViewOptions;
  waiting: (() => void)[];
}

export function createObservatory({
  cluster,
  log,
  now,
  chance = Math.random,
  watchS = WATCH_S,
  lingerMs = LINGER_MS,
  beatMs,
}: ObservatoryOptions): Observatory {
  const lookers = new Set<Looker>();
  let lingering: NodeJS.Timeout | null = null;
  let running: Running | null = null;

  function isWatched(id: string): boolean {
    for (const { experimentId } of lookers) if (experimentId === id) return true;
    return false;
  }
  function start(): Running {
    const index = createObjectsIndex(isWatched);
    const onTouched = inOneGo((touched) => {
      for (const looker of lookers) tellIf(looker, touched);
    });
    const onState = () => onTouched([...lookers].map(({ experimentId }) => experimentId));
    const common = { cluster, index, log, now, chance, watchS };
    return {
      index,
      reflectors: startReflectors({ ...common, onTouched, onState }),
      heartbeat: startHeartbeat({ cluster, now, onState, ...(beatMs !== undefined && { pauseMs: beatMs }) }),
    };
  }
  function tellIf(looker: Looker, touched: ReadonlySet<string>): void {
    const { experimentId, options, waiting, onChange } = looker;
    if (!touched.has(experimentId) && !touched.has(objectName(experimentId))) return;
    if (running?.reflectors.synced(options.workload) === true) for (const go of waiting.splice(0)) go();
    onChange();
  }
  function leave(looker: Looker): void {
    if (!lookers.delete(looker)) return;
    const { experimentId } = looker;
    if (!isWatched(experimentId)) running?.index.forget(experimentId);
    if (lookers.size > 0 || running === null) return;
    lingering = setTimeout(stop, lingerMs);
    lingering.unref();
  }
  function stop(): void {
    stay();
    running?.reflectors.close();
    running?.heartbeat.close();
    running = null;
  }
  function stay(): void {
    if (lingering !== null) clearTimeout(lingering);
    lingering = null;
  }
  return {
    open(experimentId, onChange, options = {}) {
      stay();
      const looker: Looker = { experimentId, onChange, options, waiting: [] };
      lookers.add(looker);
      const { reflectors, index, heartbeat } = (running ??= start());
      reflectors.expect(options.workload);
      return {
        observed: () => index.observed(experimentId),
        workload: () => index.workload(experimentId),
        hasGone: (uid) => index.hasGone(experimentId, uid),
        synced: () =>
          reflectors.synced(options.workload)
            ? Promise.resolve()
            : new Promise((resolve) => looker.waiting.push(resolve)),
        stale: () => reflectors.trouble(options.workload) ?? heartbeat.trouble(),
        toldForMs() {
          const since = reflectors.tellSince(options.workload);
          return since === null ? null : performance.now() - since;
        },
        close: () => leave(looker),
      };
    },
    close() {
      for (const looker of [...lookers]) leave(looker);
      stop();
    },
  };
}

/** Names that come one after the other are told together. */
function inOneGo(tell: (names: ReadonlySet<string>) => void): (names: Iterable<string>) => void {
  let waiting = new Set<string>();
  return (names) => {
    const idle = waiting.size === 0;
    for (const name of names) waiting.add(name);
    if (!idle || waiting.size === 0) return;
    setImmediate(() => {
      const these = waiting;
      waiting = new Set();
      tell(these);
    });
  };
}
