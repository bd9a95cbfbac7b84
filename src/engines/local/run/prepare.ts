import type { PlannedPod } from '../../../experiment/plan/planned-pods.ts';
import type { Explanation } from '../../../experiment/failure/explain.ts';
import { plannedPods } from '../../../experiment/plan/planned-pods.ts';
import type { ContainerProgram } from '../../../experiment/plan/plan.ts';
import { BUCKETS_PORT, JUPYTER_PORT } from '../../../operators/ports.ts';
import type { RunContext } from '../../engine.ts';
import type { PodContainers } from '../container/containers.ts';
import type { FactQueue } from '../../facts.ts';
import { readPrograms } from '../build/build-result.ts';
import { NO_SURROUNDINGS, prepareSurroundings } from '../mounts/surroundings.ts';
import type { LogPump } from '../pod/log-pump.ts';
import {
  processEnvironment,
  type EnvironmentPlace,
  type EnvironmentSource,
  type PodStorage,
} from '../pod/pod-environment.ts';
import { placeHosts, type Containment } from '../mounts/containment.ts';
import { LOGIN_SHELL, placeProfiles } from '../mounts/profiles.ts';
import type { Bind } from '../mounts/skeleton.ts';
import { podPreparation, type PreparePod } from '../pod/prepare-pod.ts';
import { sharesWorkdir } from '../pod/workdir.ts';
import { OBJECT_STORE, openBuckets, type Buckets } from '../services/buckets.ts';
import { openDebugging, type Debugging } from '../services/debug.ts';
import type { Host } from '../shared/host.ts';
import { independentPods, workloadKind, type LocalWorkload } from '../workload.ts';

/** An experiment that can be run. */
export interface PreparedRun {
  /** Its plan is the one that is carried out: debugging has a command of its own. */
  context: RunContext;
  workload: LocalWorkload;
  debugging: Debugging;
  prepare: PreparePod;
  /** Variables of a first pod without GPUs: for what runs beside the pods. */
  environment: Record<string, string>;
  /** How pods get processes and a host name of their own; null: they share the machine's. */
  containment: Containment | null;
  /** Files that pods see in the place of the machine's: their hosts, what login shells read. */
  shown: readonly Bind[];
  /** Port of the coordinator; null: the plan has none. */
  port: number | null;
  /** The containers in which pods run; null: they are processes of this machine. */
  containers: PodContainers | null;
  /** Inputs and outputs as buckets; null: pods see folders. */
  buckets: Buckets | null;
  /** Why the pods cannot run; null: nothing is known against it. */
  problem: Explanation | null;
}

/**
 * Gives the run its ports, what its operator and debugging need, and what is around the pods; tells what is not as it
 * would be in a container. The same again after a restart of the server.
 */
export async function prepareRun(
  given: RunContext,
  { host, facts, logs }: { host: Host; facts: FactQueue; logs: LogPump },
): Promise<PreparedRun> {
  const { container: program } = given.plan;
  if (program !== undefined) return prepareInContainers(given, { host, facts, logs, program });
  const { directory, experimentId } = given;
  const kind = await workloadKind(given.plan.operator);
  const wanted = { ...kind.wantedPorts(given.plan), ...commonPorts(given) };
  const isServed = Object.keys(wanted).length > 0;
  const ports = isServed ? await host.ports.reserve({ experimentId, directory }, wanted) : {};
  const debugging = await openDebugging(given, { port: ports['jupyter'], facts, logs });
  const context = { ...given, plan: debugging.plan };
  const { storage, buckets } = await storageOf(context, { host, facts, port: ports[OBJECT_STORE] });
  const source: EnvironmentSource = {
    context,
    storage,
    port: ports['coordinator'] ?? null,
    image: NO_SURROUNDINGS.image,
    programs: readPrograms(context.build),
    workload: independentPods(context.plan),
    fixed: debugging.variables,
  };
  const bare = (pod: PlannedPod) => processEnvironment(source, pod, { attempt: 1, devices: null });
  const workload = await kind.open({ context, facts, ports, environment: bare });
  const { surroundings, notices } = await prepareSurroundings(host, context, source.programs);
  for (const notice of notices) facts.push({ type: 'notice', ...notice });
  if (sharesWorkdir(context.snapshot.bytes)) {
    const message = 'the repository is larger than 1 GB: the pods share one working copy';
    facts.push({ type: 'notice', code: 'workdir_shared', message });
  }
  const full = { ...source, image: surroundings.image, workload };
  const secrets = { ...context.secrets, ...workload.secrets };
  const environment = (pod: PlannedPod, place: EnvironmentPlace) => processEnvironment(full, pod, place);
  const [first] = plannedPods(context.plan);
  const ofFirst = first === undefined ? {} : environment(first, { attempt: 1, devices: null });
  const { programs } = source;
  const isLogin =
    surroundings.installers.loginShell && (programs.length > 0 || surroundings.installers.installs);
  const pods = plannedPods(context.plan).map(({ pod }) => pod);
  const containment = await containmentFor(host, {
    pods: pods.length,
    isMounted: surroundings.mounts !== null || isLogin,
  });
  const contained = containment !== null;
  if (isLogin && !contained) facts.push({ type: 'notice', ...LOGIN_SHELL });
  const profiles =
    isLogin && contained
      ? await placeProfiles({ directory, programs, state: host.dataFolder, home: context.shell['HOME'] })
      : [];
  return {
    context: { ...context, secrets },
    workload,
    debugging,
    containment,
    containers: null,
    port: source.port,
    shown: contained ? [...(await placeHosts(directory, pods)), ...profiles] : [],
    prepare: podPreparation({ context, surroundings, contained, environment, gpus: host.gpus, logs }),
    environment: ofFirst,
    buckets,
    problem: workload.problem ?? (await debugging.problem(ofFirst['PATH'] ?? '')),
  };
}

/** Containers have ports, names, files and processes of their own: what is around them is theirs. */
async function prepareInContainers(
  context: RunContext,
  preparing: { host: Host; facts: FactQueue; logs: LogPump; program: ContainerProgram },
): Promise<PreparedRun> {
  const { prepareContainerRun } = await import('../container/prepare-run.ts');
  const { storage } = await storageOf(context, { ...preparing, port: undefined });
  const run = await prepareContainerRun(context, { ...preparing, storage });
  return {
    ...run,
    context,
    workload: independentPods(context.plan),
    debugging: await openDebugging(context, { ...preparing, port: undefined }),
    containment: null,
    port: context.plan.coordinator_port,
    shown: [],
    buckets: null,
    problem: null,
  };
}

/**
 * For root it costs nothing. Others get it by a user namespace, in which sudo and the like do not work: where pods need
 * it, because there are several, or mounts, which take one anyway.
 */
async function containmentFor(
  host: Pick<Host, 'findContainment'>,
  { pods, isMounted }: { pods: number; isMounted: boolean },
): Promise<Containment | null> {
  const containment = await host.findContainment();
  if (containment === null || containment.entrance.user === null) return containment;
  return pods > 1 || isMounted ? containment : null;
}

/** Where pods read and write, and what serves it if that has to be kept up. */
async function storageOf(
  context: RunContext,
  { host, facts, port }: { host: Host; facts: FactQueue; port: number | undefined },
): Promise<{ storage: PodStorage; buckets: Buckets | null }> {
  const { paths, plan, secrets } = context;
  if (port !== undefined) {
    const buckets = await openBuckets(context, { processes: host.processes, port });
    return { storage: buckets.storage, buckets };
  }
  if (!isStore(paths) || host.store === null) return { storage: { paths, variables: {} }, buckets: null };
  const { storage, missing } = await host.store.forPods(paths, { plan, secrets });
  if (missing !== null)
    facts.push({
      type: 'notice',
      code: 'storage_keys_absent',
      message: `pods get no keys for ${paths.output}: ${missing}`,
    });
  return { storage, buckets: null };
}

/** Whether they are addresses of an object store. */
function isStore({ output }: RunContext['paths']): boolean {
  return output.includes('://');
}

function commonPorts({ plan, paths }: RunContext): Record<string, number> {
  const wanted: Record<string, number> = {};
  if (plan.coordinator_port !== null) wanted['coordinator'] = plan.coordinator_port;
  if (plan.debug.jupyter !== null) wanted['jupyter'] = JUPYTER_PORT;
  if (plan.storage.kind === 's3' && !isStore(paths)) wanted[OBJECT_STORE] = BUCKETS_PORT;
  return wanted;
}
