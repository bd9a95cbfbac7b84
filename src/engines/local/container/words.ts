import { createHash } from 'node:crypto';
import type { ContainerProgram, Resources, SecurityPlan } from '../../../experiment/plan/plan.ts';
import type { GpuDevice } from '../../../machine/gpus.ts';

/** Labels by which what belongs to an experiment is found again. */
export const EXPERIMENT_LABEL = 'aichor.experiment';
export const POD_LABEL = 'aichor.pod';
/** Of images that were built here. */
export const IMAGE_LABEL = 'aichor.image';

/** Keeps a built image from counting as left over, and says whose it is. */
export function builtImage(experimentId: string): string {
  return `localhost/aichor/built:${experimentId}`;
}

/** Tells the images of this control plane from those of others on the machine. */
export function stateLabel(dataFolder: string): string {
  return createHash('sha256').update(dataFolder).digest('hex').slice(0, 16);
}

export function networkName(experimentId: string): string {
  return `aichor-${experimentId}`;
}

export function containerName(experimentId: string, pod: string, attempt: number): string {
  return `aichor-${experimentId}-${attempt}-${pod}`;
}

/** A folder of the machine in a container. */
export interface ContainerVolume {
  folder: string;
  path: string;
}

/** All that makes one pod's container. */
export interface ContainerSpec {
  experimentId: string;
  pod: string;
  attempt: number;
  image: string;
  resources: Pick<Resources, 'cpu_limit' | 'memory_gb' | 'shm_gb'>;
  security: SecurityPlan;
  /** GPUs of its own, by index or UUID. */
  devices: readonly GpuDevice[];
  /** Of all pods, its own among them; null: the program's DNS knows them by their names. */
  addresses: ReadonlyMap<string, string> | null;
  volumes: readonly ContainerVolume[];
  /** Words that hand over its variables. */
  variables: readonly string[];
  command: readonly string[];
}

/** What of this machine matters to containers. */
export interface ContainerGround {
  kind: ContainerProgram;
  cpus: number;
  /** The server's own user, whose files inputs and outputs are. */
  user: { uid: number; gid: number };
  /** Whether there is a program to be the first process, that passes signals on. */
  hasInit: boolean;
  /** Limits that the program would raise beyond what it may; empty: it may. */
  ulimits: readonly string[];
}

/** Manifest gigabytes are 1024 MiB here as on a cluster. */
function mebibytes(gigabytes: number): string {
  return `${Math.max(1, Math.round(gigabytes * 1024))}m`;
}

/**
 * Words of `podman create`, `docker create`: the same flags. Nothing of a manifest is more than the value of one, and what
 * could be taken for a flag stands behind the image.
 */
export function createWords(spec: ContainerSpec, ground: ContainerGround): string[] {
  const { experimentId, pod, attempt, image, resources, security, devices, volumes } = spec;
  const memory = mebibytes(resources.memory_gb);
  const cpus = Math.min(resources.cpu_limit, ground.cpus);
  return [
    'create',
    '--pull=never',
    `--name=${containerName(experimentId, pod, attempt)}`,
    `--hostname=${pod}`,
    `--network=${networkName(experimentId)}`,
    ...names(spec),
    `--label=${EXPERIMENT_LABEL}=${experimentId}`,
    `--label=${POD_LABEL}=${pod}`,
    `--user=${userOf(security, ground)}`,
    // What it prints is read as it comes, and kept by ourselves.
    '--log-driver=none',
    // Else a machine with SELinux lets no container into the folders that it is given.
    '--security-opt=label=disable',
    // Podman would hand its own proxies on; what a pod sees is said by the plan. Docker has no such flag: it goes by a file.
    ...(ground.kind === 'podman' ? ['--http-proxy=false'] : []),
    `--memory=${memory}`,
    `--memory-swap=${memory}`,
    `--cpus=${Math.max(0.01, Math.round(cpus * 1000) / 1000)}`,
    ...(resources.shm_gb > 0 ? [`--shm-size=${mebibytes(resources.shm_gb)}`] : []),
    ...(ground.hasInit ? ['--init'] : []),
    ...ground.ulimits.map((limit) => `--ulimit=${limit}`),
    ...capabilities(security).map((capability) => `--cap-add=${capability}`),
    ...(security.fs_group === null ? [] : [`--group-add=${security.fs_group}`]),
    ...devices.map((device) => `--device=nvidia.com/gpu=${device}`),
    ...volumes.flatMap((volume) => ['--mount', mountOf(volume)]),
    ...spec.variables,
    // The pod's command takes the place of the image's, as on a cluster.
    '--entrypoint=',
    image,
    ...spec.command,
  ];
}

function names({ pod, addresses }: ContainerSpec): string[] {
  if (addresses === null) return [`--network-alias=${pod}`];
  const others = [...addresses].filter(([name]) => name !== pod);
  return [`--ip=${addresses.get(pod)}`, ...others.map(([name, address]) => `--add-host=${name}:${address}`)];
}

/** Whoever writes outputs must be their owner, or nobody of this machine could remove them; unless the manifest says who. */
function userOf({ run_as_user: user, run_as_group: group }: SecurityPlan, ground: ContainerGround): string {
  // Podman gives its first user the rights of the one who calls it; Docker's daemon is somebody else.
  const own = ground.kind === 'podman' ? { uid: 0, gid: 0 } : ground.user;
  return `${user ?? own.uid}:${group ?? (user === null ? own.gid : user)}`;
}

function capabilities({ perfmon, ptrace }: SecurityPlan): string[] {
  return [...(perfmon ? ['PERFMON'] : []), ...(ptrace ? ['SYS_PTRACE'] : [])];
}

/** A line of CSV: paths with commas or quotes are quoted. */
function mountOf({ folder, path }: ContainerVolume): string {
  const field = (key: string, value: string) => {
    const text = `${key}=${value}`;
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return ['type=bind', field('source', folder), field('target', path)].join(',');
}
