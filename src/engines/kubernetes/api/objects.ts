import type { Job } from 'kubernetes-types/batch/v1.js';
import type { Event, Pod } from 'kubernetes-types/core/v1.js';
import type { ObjectMeta } from 'kubernetes-types/meta/v1.js';

/** A kind of objects as the API server's paths name it. */
export interface Resource {
  /** `` for the core group. */
  group: string;
  version: string;
  plural: string;
  kind: string;
  namespaced: boolean;
}

/** What every object has. */
export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
}

/** `apiVersion` as objects carry it: `v1`, `batch/v1`. */
function resource(apiVersion: string, plural: string, kind: string, namespaced = true): Resource {
  const [version = '', group = ''] = apiVersion.split('/').toReversed();
  return { group, version, plural, kind, namespaced };
}

/** Every kind that the engine touches. */
export const RESOURCES = {
  pods: resource('v1', 'pods', 'Pod'),
  podMetrics: resource('metrics.k8s.io/v1beta1', 'pods', 'PodMetrics'),
  events: resource('v1', 'events', 'Event'),
  secrets: resource('v1', 'secrets', 'Secret'),
  configMaps: resource('v1', 'configmaps', 'ConfigMap'),
  services: resource('v1', 'services', 'Service'),
  quotas: resource('v1', 'resourcequotas', 'ResourceQuota'),
  limitRanges: resource('v1', 'limitranges', 'LimitRange'),
  claims: resource('v1', 'persistentvolumeclaims', 'PersistentVolumeClaim'),
  nodes: resource('v1', 'nodes', 'Node', false),
  namespaces: resource('v1', 'namespaces', 'Namespace', false),
  jobs: resource('batch/v1', 'jobs', 'Job'),
  deployments: resource('apps/v1', 'deployments', 'Deployment'),
  jobsets: resource('jobset.x-k8s.io/v1alpha2', 'jobsets', 'JobSet'),
  rayjobs: resource('ray.io/v1', 'rayjobs', 'RayJob'),
  rayclusters: resource('ray.io/v1', 'rayclusters', 'RayCluster'),
  storageClasses: resource('storage.k8s.io/v1', 'storageclasses', 'StorageClass', false),
  definitions: resource(
    'apiextensions.k8s.io/v1',
    'customresourcedefinitions',
    'CustomResourceDefinition',
    false,
  ),
  localQueues: resource('kueue.x-k8s.io/v1beta1', 'localqueues', 'LocalQueue'),
  clusterQueues: resource('kueue.x-k8s.io/v1beta1', 'clusterqueues', 'ClusterQueue', false),
  workloadPriorities: resource(
    'kueue.x-k8s.io/v1beta1',
    'workloadpriorityclasses',
    'WorkloadPriorityClass',
    false,
  ),
  workloads: resource('kueue.x-k8s.io/v1beta1', 'workloads', 'Workload'),
} as const satisfies Record<string, Resource>;

/** The label by which everything of an experiment is found, and watched. */
export const EXPERIMENT_LABEL = 'aichor.io/experiment-id';

export interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
}

/** The part of a JobSet that its controller writes, as far as we read it. */
export interface ObservedJobSet extends KubeObject {
  spec?: { suspend?: boolean; failurePolicy?: { maxRestarts?: number } };
  status?: {
    conditions?: Condition[];
    restarts?: number;
    restartsCountTowardsMax?: number;
    terminalState?: string;
  };
}

/** What Kueue makes of a workload of ours, as far as we read it. */
export interface QueuedWorkload extends KubeObject {
  spec?: { queueName?: string; active?: boolean };
  status?: {
    conditions?: Condition[];
    /** What has to agree beside the quota: `Pending`, `Ready`, `Retry`, `Rejected`. */
    admissionChecks?: { name: string; state: string; message?: string }[];
  };
  /** Not of the object: how many wait before it and with it, where Kueue was asked and says it. */
  place?: number;
}

/** The label by which a workload asks for its place in a queue of Kueue. */
export const QUEUE_LABEL = 'kueue.x-k8s.io/queue-name';

/** The part of a RayJob that its operator writes, as far as we read it. */
export interface ObservedRayJob extends KubeObject {
  spec?: { suspend?: boolean; backoffLimit?: number };
  status?: {
    jobId?: string;
    /** "", PENDING, RUNNING, STOPPED, SUCCEEDED, FAILED */
    jobStatus?: string;
    /** "", Initializing, Running, Complete, Failed, ValidationFailed, Suspending, Suspended, Retrying, Waiting */
    jobDeploymentStatus?: string;
    reason?: string;
    message?: string;
    rayClusterName?: string;
    /** Attempts that failed and succeeded, where a retry is allowed. */
    failed?: number;
    succeeded?: number;
    startTime?: string;
    endTime?: string;
    rayClusterStatus?: { state?: string; readyWorkerReplicas?: number; desiredWorkerReplicas?: number };
  };
}

export type { Event, Job, Pod };
