import type { PlannedPod } from '../../../experiment/plan/planned-pods.ts';
import type { Explanation } from '../../../experiment/failure/explain.ts';
import { plannedPods } from '../../../experiment/plan/planned-pods.ts';
import type { Plan } from '../../../experiment/plan/plan.ts';
import { BUCKETS_PORT, JUPYTER_PORT } from '../../../operators/ports.ts';
import type { RunContext } from '../../engine.ts';
import type { FactQueue } from '../../facts.ts';
import { readPrograms } from '../build/build-result.ts';
import { NO_SURROUNDINGS, prepareSurroundings } from '../mounts/surroundings.ts';
import type { LogPump } from '../pod/log-pump.ts';
import { processEnvironment, type EnvironmentPlace, type EnvironmentSource } from '../pod/pod-environment.ts';
import { placeHosts, type Containment } from '../mounts/containment.ts';
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
  /** Hosts file of the pods, in which they find each other; null: the machine's. */
  hosts: string | null;
  /** Port of the coordinator; null: the plan has none. */
  port: number | null;
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
  const { directory, experimentId } = given;
  const kind = await workloadKind(given.plan.operator);
  const wanted = { ...kind.wantedPorts(given.plan), ...commonPorts(given.plan) };
  const isServed = Object.keys(wanted).length > 0;
  const ports = isServed ? await host.ports.reserve({ experimentId, directory }, wanted) : {};
  const debugging = await openDebugging(given, { port: ports['jupyter'], facts, logs });
  const context = { ...given, plan: debugging.plan };
  const bucketPort = ports[OBJECT_STORE];
  const buckets =
    bucketPort === undefined
      ? null
      : await openBuckets(context, { processes: host.processes, port: bucketPort });
  const source: EnvironmentSource = {
    context,
    storage: buckets?.storage ?? { paths: context.paths, variables: {} },
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
  const pods = plannedPods(context.plan).map(({ pod }) => pod);
  const containment = await containmentFor(host, {
    pods: pods.length,
    isMounted: surroundings.mounts !== null,
  });
  const contained = containment !== null;
  return {
    context: { ...context, secrets },
    workload,
    debugging,
    containment,
    port: source.port,
    hosts: contained ? await placeHosts(directory, pods) : null,
    prepare: podPreparation({ context, surroundings, contained, environment, gpus: host.gpus, logs }),
    environment: ofFirst,
    buckets,
    problem: workload.problem ?? (await debugging.problem(ofFirst['PATH'] ?? '')),
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

function commonPorts(plan: Plan): Record<string, number> {
  const wanted: Record<string, number> = {};
  if (plan.coordinator_port !== null) wanted['coordinator'] = plan.coordinator_port;
  if (plan.debug.jupyter !== null) wanted['jupyter'] = JUPYTER_PORT;
  if (plan.storage.kind === 's3') wanted[OBJECT_STORE] = BUCKETS_PORT;
  return wanted;
}
