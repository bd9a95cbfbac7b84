import { lstat, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { userInfo } from 'node:os';
import { AichorError, systemErrorCode } from '../../../errors.ts';
import { plannedPods, type PlannedPod } from '../../../experiment/plan/planned-pods.ts';
import type { Plan } from '../../../experiment/plan/plan.ts';
import { bytesOf } from '../../../operators/distribution/resources.ts';
import { placeIfOther } from '../../../base/io/place.ts';
import { removeTree } from '../pod/workdir.ts';
import { groupOf } from '../workload.ts';
import type { InstalledRay } from './installed.ts';
import { NODE_PROGRAM } from './node-program.ts';
import { START_PROGRAM } from './start-program.ts';
import { SUBMIT_PROGRAM } from './submit-program.ts';

/** What an experiment's Ray clusters (one an attempt) have on this machine. */
export interface RayCluster {
  /** By `<pod> <option of ray start>`. */
  ports: Readonly<Record<string, number>>;
  /** Bytes for the object store of a node, unless the manifest says. */
  storeLimit: number;
  installed: InstalledRay | null;
}

/** Options of `ray start` that name a port, with what Ray takes by default; on one machine every node needs its own. */
const NODE_PORTS = { 'metrics-export-port': 8080, 'dashboard-agent-listen-port': 52365 } as const;
const HEAD_PORTS = { ...NODE_PORTS, 'dashboard-port': 8265, 'ray-client-server-port': 10001 } as const;

/** Smallest object store that Ray accepts, and a little. */
const SMALLEST_STORE = 80_000_000;
/** Share of its memory that Ray gives the object store by default. */
const STORE_SHARE = 0.3;

/** The ports that the nodes of a plan need beside the coordinator's, each with the one it would like to have. */
export function wantedPorts(plan: Plan): Record<string, number> {
  const wanted: Record<string, number> = {};
  for (const pod of plannedPods(plan)) {
    const group = groupOf(plan, pod);
    if (group.role === 'submitter') continue;
    for (const [option, usual] of Object.entries(group.role === 'head' ? HEAD_PORTS : NODE_PORTS))
      wanted[`${pod.pod} ${option}`] = Number(group.ray_start_params[option]) || usual;
  }
  return wanted;
}

export function dashboardPort({ ports }: RayCluster): number {
  const port = ports['head-0-0 dashboard-port'];
  if (port === undefined) throw new Error('the Ray cluster has no port for its dashboard');
  return port;
}

/** How much of the machine's memory one node's object store may take. */
export function storeLimit(plan: Plan, machineGb: number): number {
  const nodes = plannedPods(plan).length - 1;
  return Math.max(SMALLEST_STORE, Math.floor((bytesOf(machineGb) * STORE_SHARE) / nodes));
}

/**
 * What a node's `ray start` line says differently here: ports and sockets of its own, a short temporary folder, a
 * dashboard that only this machine can reach, and an object store in proportion to what the pod asks for, as in a
 * container. Sockets have names of their own, or a folder of their own where Ray takes no names: it makes them up by
 * looking what is there, and nodes that start together make up the same.
 */
export function localParams(
  plan: Plan,
  pod: PlannedPod,
  { cluster, folder }: { cluster: RayCluster; folder: string },
): Record<string, string> {
  const group = groupOf(plan, pod);
  if (group.role === 'submitter') return {};
  const params: Record<string, string> = { 'min-worker-port': '0', 'max-worker-port': '0' };
  const store = Math.min(cluster.storeLimit, Math.floor(bytesOf(group.resources.memory_gb) * STORE_SHARE));
  params['object-store-memory'] = String(Math.max(SMALLEST_STORE, store));
  Object.assign(params, group.ray_start_params);
  for (const option of Object.keys(group.role === 'head' ? HEAD_PORTS : NODE_PORTS))
    params[option] = String(cluster.ports[`${pod.pod} ${option}`]);
  if (group.role === 'head') {
    params['temp-dir'] = folder;
    params['dashboard-host'] = '127.0.0.1';
    return params;
  }
  if (cluster.installed?.names_sockets === false) {
    params['temp-dir'] = join(folder, String(pod.rank));
    return params;
  }
  params['plasma-store-socket-name'] = join(folder, `p${pod.rank}`);
  params['raylet-socket-name'] = join(folder, `r${pod.rank}`);
  return params;
}

/**
 * Where the cluster of one attempt keeps its sockets and logs: Ray puts up to 68 bytes below it into the names of
 * sockets, which may have 107, so it cannot be in the data folder.
 */
export function clusterFolder(experimentId: string, attempt: number): string {
  return `/tmp/aichor-ray-${experimentId.slice(0, 8)}-${attempt}`;
}

/** Makes the folder, for this user only. */
export async function makeClusterFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw error;
    const found = await lstat(folder);
    if (found.isDirectory() && found.uid === userInfo().uid) return;
    throw new AichorError('engine_unavailable', `${folder} belongs to somebody else`, {
      hint: 'remove it, and resubmit',
    });
  }
}

/** Removes what the clusters of the attempts up to this one left. */
export async function removeClusterFolders(experimentId: string, lastAttempt: number): Promise<void> {
  for (let attempt = 1; attempt <= lastAttempt; attempt++)
    await removeTree(clusterFolder(experimentId, attempt));
}

/** Puts the programs that run the pods into the folder. */
export async function installPrograms(directory: string): Promise<void> {
  await placeIfOther(join(directory, 'ray_node.py'), NODE_PROGRAM);
  await placeIfOther(join(directory, 'ray_start.py'), START_PROGRAM);
  await placeIfOther(join(directory, 'ray_submit.py'), SUBMIT_PROGRAM);
}
