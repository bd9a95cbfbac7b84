import { onAbort } from '../../src/base/async/abort.ts';
import type {
  BuildContext,
  BuildResult,
  Engine,
  EngineCapacity,
  RunContext,
} from '../../src/engines/engine.ts';
import type { ExperimentFact, PodFact } from '../../src/experiment/event.ts';
import { localPaths } from '../../src/render/local/paths.ts';
import { plannedPods } from '../../src/experiment/plan/planned-pods.ts';

/** One `run` of one experiment, as a test drives it. */
export interface FakeRun {
  context: RunContext;
  emit(...facts: ExperimentFact[]): void;
  /** Every pod has run and ended like this; the run returns. */
  endWith(status: 'Succeeded' | 'Failed'): void;
  /** The run throws. */
  crash(error: unknown): void;
}

export interface FakeEngine extends Engine {
  /** The next run of this experiment that was not given out yet; waits for it. */
  started(id: string): Promise<FakeRun>;
  /** Ids in the order in which they were run. */
  order: string[];
  discarded: string[];
  builds: BuildContext[];
  /** Where its paths begin; whoever makes the control plane sets it. */
  dataFolder: string;
}

export interface FakeEngineOptions {
  capacity?: Partial<EngineCapacity>;
  check?: Engine['check'];
  build?: (context: BuildContext) => Promise<BuildResult>;
  /** Called at each run; one that ends by itself needs no test to drive it. */
  onRun?: (run: FakeRun) => void;
}

const CAPACITY: EngineCapacity = {
  cpus: 64,
  memory_gb: 256,
  gpus: 0,
  max_experiments: null,
  healthy: true,
  message: null,
};

/** An engine without processes that keeps the port's contract: it stops when told to, and lets go when told to. */
export function createFakeEngine(options: FakeEngineOptions = {}): FakeEngine {
  const runs = new Map<string, FakeRun[]>();
  const waiters = new Map<string, (run: FakeRun) => void>();
  const engine: FakeEngine = {
    name: 'local',
    kind: 'local',
    order: [],
    discarded: [],
    builds: [],
    dataFolder: '/nowhere',
    check: options.check ?? (async () => []),
    capacity: async () => ({ ...CAPACITY, ...options.capacity }),
    limits: async () => ({ ...CAPACITY, ...options.capacity }),
    paths: ({ id, project, plan }) =>
      localPaths(engine.dataFolder, {
        ...{ id, project },
        tensorboard: plan?.tensorboard ?? { enabled: false, pvc: null },
      }),
    async build(context) {
      engine.builds.push(context);
      return options.build?.(context) ?? { message: 'nothing to build', data: {}, notices: [] };
    },
    run(context) {
      const { run, facts } = createRun(context);
      const id = context.experimentId;
      engine.order.push(id);
      const waiter = waiters.get(id);
      waiters.delete(id);
      if (waiter) waiter(run);
      else runs.set(id, [...(runs.get(id) ?? []), run]);
      options.onRun?.(run);
      return facts;
    },
    started(id) {
      const run = runs.get(id)?.shift();
      return run ? Promise.resolve(run) : new Promise((resolve) => waiters.set(id, resolve));
    },
    async discard(id) {
      engine.discarded.push(id);
    },
  };
  return engine;
}

type Said = { fact: ExperimentFact } | { end: true } | { error: unknown };

function createRun(context: RunContext): { run: FakeRun; facts: AsyncIterable<ExperimentFact> } {
  const said: Said[] = [];
  let wake = (): void => undefined;
  const say = (...more: Said[]) => {
    said.push(...more);
    wake();
  };
  const run: FakeRun = {
    context,
    emit: (...facts) => say(...facts.map((fact) => ({ fact }))),
    endWith(status) {
      const pods = plannedPods(context.plan).map(({ pod }) => podFact(pod, status));
      say(...pods.map((fact) => ({ fact })), { end: true });
    },
    crash: (error) => say({ error }),
  };
  const stop = () =>
    say(...plannedPods(context.plan).map(({ pod }) => ({ fact: podFact(pod, 'Stopped') })), { end: true });
  // It may be let go of before it begins.
  onAbort(context.stop, stop);
  onAbort(context.detach, () => say({ end: true }));
  async function* facts(): AsyncGenerator<ExperimentFact> {
    for (;;) {
      const next = said.shift();
      if (next === undefined) await new Promise<void>((resolve) => (wake = resolve));
      else if ('fact' in next) yield next.fact;
      else if ('error' in next) throw next.error;
      else return;
    }
  }
  return { run, facts: facts() };
}

export function podFact(pod: string, status: PodFact['status'], attempt = 1): PodFact {
  const hasStarted = status !== 'Pending';
  const hasEnded = hasStarted && status !== 'Running';
  return {
    ...{ type: 'pod', pod, attempt, status },
    reason: status === 'Failed' ? 'NonZeroExit' : status === 'Stopped' ? 'StoppedWithExperiment' : null,
    exit_code: status === 'Succeeded' ? 0 : status === 'Failed' ? 1 : null,
    started_at: hasStarted ? '2026-01-02T03:04:05.000Z' : null,
    ended_at: hasEnded ? '2026-01-02T03:04:06.000Z' : null,
    peak_memory_bytes: null,
  };
}
