import { uptime as secondsSinceBoot, userInfo } from 'node:os';
import { join } from 'node:path';
import { atMost } from '../../base/async/at-most.ts';
import { remember } from '../../base/async/remember.ts';
import { machineCapacity } from '../../machine/capacity.ts';
import { chooseProcesses } from '../../machine/choose-processes.ts';
import { listGpus, NO_GPUS, readGpuUse } from '../../machine/gpus.ts';
import type { Processes } from '../../machine/processes.ts';
import { localPaths } from '../../render/local/paths.ts';
import type { Engine } from '../engine.ts';
import { installedPackages } from './build/environments/installed-packages.ts';
import { createBuilder } from './build/build.ts';
import { checkPlan } from './check.ts';
import type { Host } from './shared/host.ts';
import { createGpuPool } from './shared/gpu-pool.ts';
import { findProgram } from '../../machine/find-program.ts';
import { findContainment } from './mounts/containment.ts';
import { findEntrance, type Entrance } from './mounts/enter.ts';
import { createOomEvidence, SYSTEM_OOM_SOURCES, type OomEvidence } from './shared/oom.ts';
import { createPortRegistry } from './shared/port-registry.ts';
import { runExperiment } from './run/run.ts';
import { openTensorBoard } from './services/tensorboard.ts';
import { sweep } from './pod/kill.ts';
import { createUsage } from './usage.ts';
import { removeTree } from './pod/workdir.ts';

export interface LocalEngineOptions {
  dataFolder: string;
  /** The server's own environment: PATH for `nvidia-smi`, `AICHOR_PROCESSES`. */
  env: Record<string, string | undefined>;
  now: () => Date;
  /** What to offer instead of what the machine has; null: what it has, no limit. */
  limits?: { cpus: number | null; max_experiments: number | null };
  /** Pods that one experiment may run at the same time; 500 unless said. */
  maxPods?: number | undefined;
  /** How pods see inputs and outputs when nothing is said; as folders, unless said. */
  storage?: 'folder' | 's3' | undefined;
  platform?: NodeJS.Platform;
  processes?: Processes;
  /** Seconds since boot. */
  uptime?: () => number;
  gpus?: () => Promise<string[]>;
  oom?: OomEvidence;
  /** How pods get mounts of their own; gives null where they cannot have any. */
  entrance?: () => Promise<Entrance | null>;
  /** False: pods get no processes and host name of their own, although they could. */
  contained?: boolean;
}

/** Much more than keeps a machine busy. */
const AT_A_TIME = { builds: 16, preparations: 8, launches: 16 };

/** How long what the machine has counts: its limits are files, asked for with each submission. */
const CAPACITY_MS = 1000;

/** The engine that runs every pod as a process group on this machine. */
export function createLocalEngine(options: LocalEngineOptions): Engine {
  const { dataFolder, env, now, limits = { cpus: null, max_experiments: null } } = options;
  const entrance = once(options.entrance ?? (() => findEntrance(env, userInfo())));
  const host: Host = {
    dataFolder,
    now,
    processes: options.processes ?? chooseProcesses(env, options.platform ?? process.platform),
    uptime: options.uptime ?? secondsSinceBoot,
    gpus: createGpuPool(options.gpus ?? (() => listGpus(env['PATH'] ?? ''))),
    ports: createPortRegistry(dataFolder),
    oom: options.oom ?? createOomEvidence(SYSTEM_OOM_SOURCES),
    lookedAfter: new Set(),
    atATime: {
      builds: atMost(AT_A_TIME.builds),
      preparations: atMost(AT_A_TIME.preparations),
      launches: atMost(AT_A_TIME.launches),
    },
    bash: once(() => findProgram('bash', `${env['PATH'] ?? ''}:/usr/bin:/bin`)),
    entrance,
    findContainment: once(async () =>
      options.contained === false ? null : findContainment(await entrance(), env),
    ),
  };
  const build = createBuilder(host);
  const gpuUse = async () =>
    (await host.gpus.devices()).length === 0 ? NO_GPUS : readGpuUse(env['PATH'] ?? '');
  const capacity = remember(CAPACITY_MS, () => machineCapacity());
  const offered = async () => {
    const [machine, devices] = await Promise.all([capacity(), host.gpus.devices()]);
    return { cpus: limits.cpus ?? machine.cpus, memory_gb: machine.memory_gb, gpus: devices.length };
  };
  return {
    name: 'local',
    kind: 'local',
    storage: options.storage ?? 'folder',
    check: async (plan) => checkPlan(plan, await offered(), options.maxPods),
    limits: async () => ({ ...(await offered()), max_experiments: limits.max_experiments }),
    paths: ({ id, project, plan }) =>
      localPaths(dataFolder, {
        id,
        project,
        tensorboard: plan?.tensorboard ?? { enabled: false, pvc: null },
        isBucket: plan?.storage.kind === 's3',
      }),
    capacity: async () => ({
      ...(await offered()),
      max_experiments: limits.max_experiments,
      healthy: true,
      message: null,
    }),
    build: (context) => host.atATime.builds(() => build(context)),
    run: (context) => runExperiment(host, context),
    usage: createUsage({ processes: host.processes, gpus: gpuUse }),
    packages: (result) => installedPackages(dataFolder, result),
    openTensorBoard: (context) => openTensorBoard(host.processes, context),
    async discard(experimentId) {
      // TensorBoard after the end, and whatever else is left: of a damaged experiment pods may still run.
      await sweep(host.processes, experimentId, null);
      await removeTree(join(dataFolder, 'experiments', experimentId, 'engine'));
    },
  };
}

/** Asks when the answer is needed for the first time, and never again. */
function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | null = null;
  return () => (answer ??= ask());
}
