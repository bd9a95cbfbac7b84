import type { EnvVariable, Group } from '../../experiment/plan/plan.ts';
import type { KubeRaySpec, RayNode, RayWorkerGroup } from '../../manifest/manifest.ts';
import { fromOperator, literal, runField } from '../environment.ts';
import type { Distribution } from './distribution.ts';
import { COORDINATOR_PORTS } from '../ports.ts';
import { headStartParams, workerStartParams } from '../command/ray-start.ts';
import { hostsPerSlice, planResources } from './resources.ts';

/** Name of the head's group by KubeRay; a worker group's is its own name. */
const HEAD_GROUP = 'headgroup';

/**
 * A Ray cluster: one head, worker groups (with a TPU a replica is a slice and has several hosts), and the
 * submitter, which hands the command to the cluster and prints what it prints.
 */
export function planKubeRay({ head, workerGroups }: KubeRaySpec): Distribution {
  return {
    groups: [
      headGroup(head),
      ...workerGroups.filter((group) => group.count > 0).map((group) => workerGroup(group)),
      submitterGroup(),
    ],
    coordinator: { pod: 'head-0-0', port: COORDINATOR_PORTS.kuberay },
    firstPod: null,
  };
}

function headGroup(head: RayNode): Group {
  return {
    name: 'head',
    role: 'head',
    replicas: 1,
    completions: 1,
    parallelism: 1,
    resources: planResources(head.resources),
    env: environment(HEAD_GROUP),
    ray_start_params: headStartParams(head),
  };
}

function workerGroup(group: RayWorkerGroup): Group {
  const hosts = hostsPerSlice(group.resources);
  return {
    name: group.name,
    role: 'worker-group',
    replicas: group.count,
    completions: hosts,
    parallelism: hosts,
    resources: planResources(group.resources),
    env: environment(group.name),
    ray_start_params: workerStartParams(group),
  };
}

function submitterGroup(): Group {
  return {
    name: 'submitter',
    role: 'submitter',
    replicas: 1,
    completions: 1,
    parallelism: 1,
    resources: planResources(SUBMITTER_RESOURCES),
    env: [],
    ray_start_params: {},
  };
}

/** The submitter only talks to the dashboard; the user neither sizes nor pays for it. */
const SUBMITTER_RESOURCES = {
  cpus: 0.5,
  memory: 1,
  cpuLimitRatio: 2,
  shmSizeGB: 0,
  gpu: null,
  tpu: null,
  rdmaDevices: [],
  extraSelectors: {},
  extraTolerations: [],
  ephemeralStorageRequest: null,
  ephemeralStorageLimit: null,
} satisfies RayNode['resources'];

function environment(groupName: string): EnvVariable[] {
  return [
    fromOperator('RAY_CLUSTER_NAME', runField('ray-cluster-name')),
    fromOperator('RAY_NODE_TYPE_NAME', literal(groupName)),
    fromOperator('KUBERAY_GEN_RAY_START_CMD', runField('ray-start-command')),
    fromOperator('RAY_PORT', runField('coordinator-port')),
    fromOperator('RAY_ADDRESS', runField('ray-address')),
  ];
}
