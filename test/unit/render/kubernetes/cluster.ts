import type { EnvVar, PodTemplateSpec } from 'kubernetes-types/core/v1.js';
import { expand } from '../../../../src/operators/command/expand.ts';
import type { JobSet } from '../../../../src/render/kubernetes/jobset-types.ts';
import type { RayJob } from '../../../../src/render/kubernetes/rayjob-types.ts';

/** What a cluster makes of rendered objects: which pods there are, and what each of them sees. */

export interface ClusterPod {
  pod: string;
  template: PodTemplateSpec;
  annotations: Record<string, string>;
  labels: Record<string, string>;
}

/** The pods of a JobSet with what its controller stamps on them; global indexes follow the list of the object. */
export function podsOfJobSet({ metadata, spec }: JobSet): ClusterPod[] {
  const { name = '' } = metadata;
  let globalIndex = 0;
  const { coordinator } = spec;
  const host =
    coordinator &&
    `${name}-${coordinator.replicatedJob}-${coordinator.jobIndex}-${coordinator.podIndex}.${name}`;
  return spec.replicatedJobs.flatMap((job) =>
    indexes(job.replicas).flatMap((jobIndex) => {
      const global = globalIndex++;
      return indexes(job.template.spec.completions ?? 1).map((podIndex) => ({
        pod: `${job.name}-${jobIndex}-${podIndex}`,
        template: job.template.spec.template,
        annotations: {
          'jobset.sigs.k8s.io/job-index': String(jobIndex),
          'jobset.sigs.k8s.io/job-global-index': String(global),
          'jobset.sigs.k8s.io/restart-attempt': '0',
          'batch.kubernetes.io/job-completion-index': String(podIndex),
        },
        labels: host === undefined ? {} : { 'jobset.sigs.k8s.io/coordinator': host },
      }));
    }),
  );
}

/** The pods of a RayJob; KubeRay adds its own variables, which are not looked at here. */
export function podsOfRayJob({ spec }: RayJob): ClusterPod[] {
  const { headGroupSpec, workerGroupSpecs } = spec.rayClusterSpec;
  const bare = { annotations: {}, labels: {} };
  return [
    { pod: 'head-0-0', template: headGroupSpec.template, ...bare },
    ...workerGroupSpecs.flatMap((group) =>
      indexes(group.replicas).flatMap((slice) =>
        indexes(group.numOfHosts).map((host) => ({
          pod: `${group.groupName}-${slice}-${host}`,
          template: group.template,
          ...bare,
        })),
      ),
    ),
    { pod: 'submitter-0-0', template: spec.submitterPodTemplate, ...bare },
  ];
}

/** The variables of a pod's only container, as the kubelet resolves them: in order, each seeing those before it. */
export function environmentOf(pod: ClusterPod, secrets: Record<string, string>): Map<string, string> {
  const values = new Map<string, string>();
  for (const variable of pod.template.spec?.containers[0]?.env ?? []) {
    values.set(variable.name, resolve(variable, pod, secrets, values));
  }
  return values;
}

function resolve(
  { name, value, valueFrom }: EnvVar,
  pod: ClusterPod,
  secrets: Record<string, string>,
  earlier: ReadonlyMap<string, string>,
): string {
  if (value !== undefined) return expand(value, (each) => earlier.get(each));
  const key = valueFrom?.secretKeyRef?.key;
  const path = valueFrom?.fieldRef?.fieldPath.match(/^metadata\.(annotations|labels)\['(.+)'\]$/);
  const found = key
    ? secrets[key]
    : path?.[1] === 'labels'
      ? pod.labels[path[2] ?? '']
      : pod.annotations[path?.[2] ?? ''];
  if (found === undefined) throw new Error(`${name} of ${pod.pod} resolves to nothing`);
  return found;
}

function indexes(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
