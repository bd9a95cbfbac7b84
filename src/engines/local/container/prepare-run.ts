import { chmod, mkdir } from 'node:fs/promises';
import { place } from '../../../base/io/place.ts';
import type { ContainerProgram } from '../../../experiment/plan/plan.ts';
import { plannedPods, type PlannedPod } from '../../../experiment/plan/planned-pods.ts';
import { localRunFacts, podEnvironment } from '../../../render/local/environment.ts';
import type { RunContext } from '../../engine.ts';
import type { FactQueue } from '../../facts.ts';
import { prepareVolumes } from '../mounts/volumes.ts';
import type { LogPump } from '../pod/log-pump.ts';
import { EXPERIMENT_MARK, POD_COMMAND, POD_MARK, type PodStorage } from '../pod/pod-environment.ts';
import type { PreparePod } from '../pod/prepare-pod.ts';
import type { Host } from '../shared/host.ts';
import { groupOf } from '../workload.ts';
import { readImage } from './image/build-result.ts';
import { findClient } from './client.ts';
import { programFile } from './program-of-run.ts';
import { podContainers, type PodContainers } from './containers.ts';
import { containerGround } from './ground.ts';
import { openNetwork } from './network.ts';
import { handVariables } from './variables.ts';
import type { ContainerVolume } from './words.ts';

/** What pods in containers take beside what all pods take. */
export interface ContainerRun {
  containers: PodContainers;
  prepare: PreparePod;
  /** Of this machine: for what runs beside the pods. */
  environment: Record<string, string>;
}

/** Makes what the experiment's containers have in common; the same again after a restart of the server. */
export async function prepareContainerRun(
  context: RunContext,
  { host, facts, logs, program, storage }: Preparing,
): Promise<ContainerRun> {
  const { plan, experimentId, directory, shell } = context;
  const client = await findClient(program, host.env);
  const ground = await containerGround(client);
  const livePods = () => host.lookedAfter.get(experimentId)?.pods ?? [];
  const containers = podContainers({ experimentId, client, ground, livePods });
  await place(programFile(directory), program);
  const pods = plannedPods(plan).map(({ pod }) => pod);
  const addresses = await openNetwork({ experimentId, pods }, client);
  const volumes = await containerVolumes(context, { dataFolder: host.dataFolder, facts });
  const image = readImage(context.build);
  const secrets = new Set(Object.keys({ ...context.secrets, ...storage.variables }));
  if (storage.keysEnd === true) facts.push(PROFILE_ABSENT);
  const prepare: PreparePod = async (pod, attempt) => {
    const [out, err] = pod.logs;
    if (out === undefined || err === undefined) throw new Error(`${pod.name} has no log sources`);
    pod.folder = directory;
    if (pod.phase === 'waiting') {
      const { resources } = groupOf(plan, pod.planned);
      const variables = containerVariables(context, { pod: pod.planned, attempt, storage });
      const handed = handVariables(variables, secrets);
      const own = { experimentId, pod: pod.name, attempt, image, resources, addresses };
      const devices = pod.devices ?? [];
      const spec = {
        ...own,
        devices,
        security: plan.security,
        volumes,
        variables: handed.words,
        command: POD_COMMAND,
      };
      await containers.create(spec, handed.env);
    }
    return {
      folder: directory,
      start: '/',
      env: { ...client.env, [EXPERIMENT_MARK]: experimentId, [POD_MARK]: pod.name },
      enter: containers.startWords(pod),
      inside: (options) => containers.insideWords(pod, options),
      stdout: await logs.open(out),
      stderr: await logs.open(err),
    };
  };
  return { containers, prepare, environment: { ...shell } };
}

const PROFILE_ABSENT = {
  type: 'notice',
  code: 'storage_keys_absent',
  message:
    'the keys that were found end while pods run, and what they come from is not in a container: pods get none; give them keys by --secret',
} as const;

interface Preparing {
  host: Pick<Host, 'dataFolder' | 'env' | 'lookedAfter'>;
  facts: FactQueue;
  logs: LogPump;
  program: ContainerProgram;
  /** Folders, or a store that containers reach as everybody does. */
  storage: PodStorage;
}

/** A pod's variables: what the plan says, nothing of the shell; the image has its own. */
function containerVariables(
  { plan, experimentId, secrets }: RunContext,
  { pod, attempt, storage }: { pod: PlannedPod; attempt: number; storage: PodStorage },
): Record<string, string> {
  const facts = localRunFacts(plan, pod, {
    experimentId,
    restarts: attempt - 1,
    // Each has all ports of its own, and a name.
    host: plan.coordinator_pod ?? undefined,
    port: plan.coordinator_port,
    paths: storage.paths,
    endpoint: storage.endpoint,
  });
  const env: Record<string, string> = {};
  for (const { name, value } of podEnvironment(plan, pod, facts, secrets)) env[name] = value;
  return { ...storage.variables, ...env, [EXPERIMENT_MARK]: experimentId, [POD_MARK]: pod.pod };
}

/** Folders that have the same paths inside as outside, so that what is said of them holds in both; and the plan's volumes. */
async function containerVolumes(
  { plan, paths, directory }: RunContext,
  { dataFolder, facts }: { dataFolder: string; facts: FactQueue },
): Promise<ContainerVolume[]> {
  const { volumes, notices } = await prepareVolumes(plan, { data: dataFolder, directory });
  for (const notice of notices) facts.push({ type: 'notice', ...notice });
  const isFolder = (path: string | null) => path !== null && !path.includes('://');
  const read = [paths.input].filter(isFolder);
  const written = [paths.output, paths.tensorboard].filter((path) => path !== null).filter(isFolder);
  for (const folder of [...read, ...written]) await mkdir(folder, { recursive: true, mode: 0o700 });
  // Another user than the server's writes there; nobody else comes that far.
  if (plan.security.run_as_user !== null)
    for (const folder of [...written, ...volumes.map((volume) => volume.folder)]) await chmod(folder, 0o777);
  const same = [...read, ...written].map((folder) => ({ folder, path: folder.replace(/(.)\/+$/, '$1') }));
  return [...same, ...volumes.map(({ folder, path }) => ({ folder, path }))];
}
