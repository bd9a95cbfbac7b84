import type { PodTemplateSpec } from 'kubernetes-types/core/v1.js';
import type { ObjectMeta } from 'kubernetes-types/meta/v1.js';

/** The part of KubeRay's API (ray.io/v1) that we write. */
export interface RayJob {
  apiVersion: 'ray.io/v1';
  kind: 'RayJob';
  metadata: ObjectMeta;
  spec: RayJobSpec;
}

interface RayJobSpec {
  submissionMode: 'K8sJobMode';
  entrypoint: string;
  suspend: boolean;
  backoffLimit: number;
  activeDeadlineSeconds?: number;
  shutdownAfterJobFinishes: boolean;
  ttlSecondsAfterFinished: number;
  submitterConfig: { backoffLimit: number };
  submitterPodTemplate: PodTemplateSpec;
  rayClusterSpec: {
    rayVersion: string;
    authOptions?: { mode: 'token' };
    headGroupSpec: { rayStartParams: Record<string, string>; template: PodTemplateSpec };
    workerGroupSpecs: RayWorkerGroupSpec[];
  };
}

export interface RayWorkerGroupSpec {
  groupName: string;
  replicas: number;
  minReplicas: number;
  maxReplicas: number;
  numOfHosts: number;
  rayStartParams: Record<string, string>;
  template: PodTemplateSpec;
}
