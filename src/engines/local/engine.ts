import { uptime as secondsSinceBoot, userInfo } from 'node:os';
import { join } from 'node:path';
import { atMost } from '../../base/async/at-most.ts';
import { remember } from '../../base/async/remember.ts';
import { machineCapacity } from '../../machine/capacity.ts';
import type { ContainerProgram } from '../../experiment/plan/plan.ts';
import { chooseProcesses } from '../../machine/choose-processes.ts';
import { listGpus, NO_GPUS, readGpuUse } from '../../machine/gpus.ts';
import type { Processes } from '../../machine/processes.ts';
import type { LocalStore } from '../../machine/settings-file.ts';
import { localPaths } from '../../render/local/paths.ts';
import type { Engine, ExperimentPlace } from '../engine.ts';
import { checkContainers } from './container/check.ts';
import { clearContainers } from './container/containers.ts';
import { createKeptImages } from './container/image/kept-images.ts';
import { endLeftBuilds } from './container/image/end-build.ts';
import { clientOf } from './container/program-of-run.ts';
import { installedPackages } from './build/environments/installed-packages.ts';
import type { RunLimits } from './build/shell/limits.ts';
import { createBuilder } from './build/build.ts';
import { checkPlan } from './check.ts';
import type { Host } from './shared/host.ts';
import { createGpuPool } from './shared/gpu-pool.ts';
import { findProgram } from '../../machine/find-program.ts';
import { execInPod } from './exec/exec.ts';
import { findContainment } from './mounts/containment.ts';
import { findEntrance, type Entrance } from './mounts/enter.ts';
import { leavePlaces } from './mounts/shared-places.ts';
import { createOomEvidence, SYSTEM_OOM_SOURCES, type OomEvidence } from './shared/oom.ts';
import { createPortRegistry } from './shared/port-registry.ts';
import { runExperiment } from './run/run.ts';
import { createOwnStore } from './services/own-store.ts';
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
  /** How pods see inputs and outputs when nothing is said; as folders, unless said; or in a store of the user's. */
  storage?: 'folder' | 's3' | LocalStore | undefined;
  /** The program whose containers pods run in when nothing is said; absent: they are processes. */
  container?: ContainerProgram | undefined;
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
  /** What one RUN line of a Dockerfile may take; absent: the usual. */
  runLimits?: RunLimits;
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
    env,
    now,
    processes: options.processes ?? chooseProcesses(env, options.platform ?? process.platform),
    uptime: options.uptime ?? secondsSinceBoot,
    gpus: createGpuPool(options.gpus ?? (() => listGpus(env['PATH'] ?? ''))),
    ports: createPortRegistry(dataFolder),
    oom: options.oom ?? createOomEvidence(SYSTEM_OOM_SOURCES),
    lookedAfter: new Map(),
    clocks: new Map(),
    atATime: {
      builds: atMost(AT_A_TIME.builds),
      preparations: atMost(AT_A_TIME.preparations),
      launches: atMost(AT_A_TIME.launches),
    },
    store: typeof options.storage === 'object' ? createOwnStore(options.storage, { env, now }) : null,
    bash: once(() => findProgram('bash', `${env['PATH'] ?? ''}:/usr/bin:/bin`)),
    entrance,
    runLimits: options.runLimits,
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
    storage: host.store === null ? wayOf(options.storage) : 's3',
    container: options.container ?? null,
    async check(plan) {
      const notices = checkPlan(plan, await offered(), options.maxPods);
      const { container: program } = plan;
      if (program !== undefined) await checkContainers(plan, { ...host, program });
      return notices;
    },
    limits: async () => ({ ...(await offered()), max_experiments: limits.max_experiments }),
    paths: (place) => pathsOf(host, place),
    ...(host.store !== null && {
      objectAccess: host.store.access,
      projectPaths: host.store.projectPaths,
    }),
    capacity: async () => ({
      ...(await offered()),
      max_experiments: limits.max_experiments,
      healthy: true,
      message: null,
    }),
    build: (context) => host.atATime.builds(() => build(context)),
    run: (context) => runExperiment(host, context),
    // Nothing has begun at 0: pods are just about to be started.
    elapsed: (experimentId) => host.clocks.get(experimentId)?.elapsed() || null,
    usage: createUsage({ processes: host.processes, gpus: gpuUse }),
    exec: (experimentId, request) => execInPod(() => host.lookedAfter.get(experimentId), request, env),
    images: createKeptImages(host),
    packages: (result) => installedPackages(dataFolder, result),
    openTensorBoard: (context) => openTensorBoard(host, context),
    async discard(experimentId) {
      // TensorBoard after the end, and whatever else is left: of a damaged experiment pods may still run.
      await sweep(host.processes, experimentId, null);
      await endLeftBuilds(host.processes, experimentId);
      const directory = join(dataFolder, 'experiments', experimentId, 'engine');
      const client = await clientOf(directory, env);
      if (client !== null) await clearContainers(experimentId, client);
      await leavePlaces(directory, experimentId);
      await removeTree(directory);
    },
  };
}

function wayOf(storage: LocalEngineOptions['storage']): 'folder' | 's3' {
  return storage === 's3' ? 's3' : 'folder';
}

function pathsOf({ store, dataFolder }: Pick<Host, 'store' | 'dataFolder'>, place: ExperimentPlace) {
  const { id, project, plan } = place;
  const isBucket = plan?.storage.kind === 's3';
  if (isBucket && store !== null) return store.paths(place);
  const tensorboard = plan?.tensorboard ?? { enabled: false, pvc: null };
  return localPaths(dataFolder, { id, project, tensorboard, isBucket });
}

/** Asks when the answer is needed for the first time, and never again. */
function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | null = null;
  return () => (answer ??= ask());
}
