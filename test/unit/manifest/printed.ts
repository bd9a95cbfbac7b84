import { stringify } from 'yaml';
import { formatDuration } from '../../../src/base/text/duration.ts';
import type { Manifest, PodResources, Spec } from '../../../src/manifest/manifest.ts';

/** A manifest as somebody would write it: the other way round of parsing, for present-day forms. */
export function printed({ apiVersion, name, builder, clone, spec }: Manifest): string {
  const { skipBuild, ...built } = builder;
  return stringify(
    {
      kind: 'AIchorManifest',
      apiVersion,
      name,
      builder: { ...built, ...(skipBuild && { skipBuild: { enabled: true, ...skipBuild } }) },
      clone,
      spec: { operator: spec.operator, ...commonKeys(spec), ...types(spec) },
    },
    { aliasDuplicateObjects: false },
  );
}

function commonKeys(spec: Spec) {
  const { image, command, timeoutSeconds, engineName, queuePriority, env, tensorboard, debug } = spec;
  const { storage, gracefulTermination, restartPolicy, securityContext } = spec;
  return {
    image,
    command,
    engineName,
    queuePriority,
    env,
    ...(timeoutSeconds !== null && { timeout: formatDuration(timeoutSeconds) }),
    tensorboard: {
      enabled: tensorboard.enabled,
      ...(tensorboard.pvc !== null && { usePVC: { enabled: true, name: tensorboard.pvc } }),
    },
    debug: {
      ...(debug.vscode && { vscode: { enabled: true, ...debug.vscode } }),
      jupyter: debug.jupyter ? { enabled: true, ...debug.jupyter } : false,
    },
    storage,
    gracefulTermination,
    restartPolicy,
    securityContext,
  };
}

function types(spec: Spec) {
  switch (spec.operator) {
    case 'jobset':
      return {
        types: Object.fromEntries(
          spec.types.map(({ name, resources, ...shape }) => [name, { ...shape, resources: pod(resources) }]),
        ),
      };
    case 'kuberay':
      return {
        rayVersion: spec.rayVersion,
        types: {
          Head: { ...spec.head, resources: pod(spec.head.resources) },
          Workers: spec.workerGroups.map((group) => ({ ...group, resources: pod(group.resources) })),
        },
      };
    case 'vertexai':
      return {
        types: {
          workerPoolSpecs: spec.workerPoolSpecs.map(({ replicaCount, ...machineSpec }) => ({
            machineSpec,
            replicaCount,
          })),
        },
      };
    default:
      return {
        types: Object.fromEntries(
          spec.types.map(({ name, count, resources }) => [name, { count, resources: pod(resources) }]),
        ),
      };
  }
}

function pod({ gpu, tpu, rdmaDevices, ...amounts }: PodResources) {
  return { ...amounts, accelerators: { gpu, tpu }, rdma: { devices: rdmaDevices } };
}
