import type { JobSpec } from 'kubernetes-types/batch/v1.js';
import type { PodTemplateSpec } from 'kubernetes-types/core/v1.js';
import type { ObjectMeta } from 'kubernetes-types/meta/v1.js';

/** The part of JobSet's API (jobset.x-k8s.io/v1alpha2) that we write. */
export interface JobSet {
  apiVersion: 'jobset.x-k8s.io/v1alpha2';
  kind: 'JobSet';
  metadata: ObjectMeta;
  spec: JobSetSpec;
}

interface JobSetSpec {
  suspend: boolean;
  ttlSecondsAfterFinished: number;
  network: { enableDNSHostnames: boolean; publishNotReadyAddresses: boolean };
  startupPolicy: { startupPolicyOrder: 'AnyOrder' };
  successPolicy: { operator: 'All' };
  coordinator?: { replicatedJob: string; jobIndex: number; podIndex: number };
  failurePolicy: {
    maxRestarts: number;
    restartStrategy: 'BlockingRecreate';
    rules: FailurePolicyRule[];
  };
  replicatedJobs: ReplicatedJob[];
}

export interface FailurePolicyRule {
  /** Letters, digits, `_`, `,` and `:`; no hyphens. */
  name: string;
  action: 'FailJobSet';
  onJobFailureReasons: ('DeadlineExceeded' | 'PodFailurePolicy')[];
}

export interface ReplicatedJob {
  name: string;
  groupName: string;
  replicas: number;
  template: { metadata: ObjectMeta; spec: IndexedJobSpec };
}

/** kubernetes-types 1.30 lacks the last field. */
type IndexedJobSpec = Omit<JobSpec, 'template'> & {
  template: PodTemplateSpec;
  podReplacementPolicy: 'Failed';
};
