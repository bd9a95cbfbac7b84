import type { Group } from '../../experiment/plan/plan.ts';
import { backstopSeconds } from './deadline.ts';
import { restartsEvicted } from './eviction.ts';
import type { FailurePolicyRule, JobSet, ReplicatedJob } from './jobset-types.ts';
import { renderCommandPod } from './pod/pod-template.ts';
import { experimentLabels, metadataOf, type Rendering } from './rendering.ts';

/**
 * The JobSet of a jobset, jax, pytorch or xgboost plan: one replicated job per type, in order, because global job
 * indexes (and so ranks) follow it. Every field that JobSet's webhook would default is written. A plan without
 * pods has no JobSet: one with no jobs would never complete.
 */
export function renderJobSet(rendering: Rendering): JobSet | null {
  const { plan } = rendering;
  if (plan.groups.length === 0) return null;
  return {
    apiVersion: 'jobset.x-k8s.io/v1alpha2',
    kind: 'JobSet',
    metadata: withQueue(metadataOf(rendering), rendering),
    spec: {
      suspend: false,
      ttlSecondsAfterFinished: rendering.settings.ttl_s,
      network: { enableDNSHostnames: true, publishNotReadyAddresses: true },
      startupPolicy: { startupPolicyOrder: 'AnyOrder' },
      successPolicy: { operator: 'All' },
      ...coordinator(rendering),
      failurePolicy: {
        maxRestarts: plan.backoff_limit,
        restartStrategy: 'BlockingRecreate',
        rules: failureRules(rendering),
      },
      replicatedJobs: plan.groups.map((group) => replicatedJob(rendering, group)),
    },
  };
}

export function withQueue(metadata: ReturnType<typeof metadataOf>, rendering: Rendering): typeof metadata {
  const { queue } = rendering.settings;
  if (queue === null) return metadata;
  const priority = queuePriority(rendering);
  const labels = {
    'kueue.x-k8s.io/queue-name': queue,
    ...(priority !== null && { 'kueue.x-k8s.io/priority-class': priority }),
  };
  return { ...metadata, labels: { ...metadata.labels, ...labels } };
}

/** Kueue's WorkloadPriorityClass of an experiment: the manifest's, else the engine's; null: the queue's own rule. */
export function queuePriority({ plan, settings }: Pick<Rendering, 'plan' | 'settings'>): string | null {
  return plan.queue_priority ?? settings.queue_priority;
}

/** Never for operator jobset: there the label it makes on every pod could pass 63 characters. */
function coordinator({ plan }: Rendering): Pick<JobSet['spec'], 'coordinator'> {
  const [first] = plan.groups;
  if (plan.coordinator_pod === null || first === undefined) return {};
  return { coordinator: { replicatedJob: first.name, jobIndex: 0, podIndex: 0 } };
}

/** Without the first rule a deadline would be a failure like others, and so be tried again. */
function failureRules(rendering: Rendering): FailurePolicyRule[] {
  const deadline: FailurePolicyRule = {
    name: 'deadline',
    action: 'FailJobSet',
    onJobFailureReasons: ['DeadlineExceeded'],
  };
  const evicted: FailurePolicyRule = {
    name: 'evicted',
    action: 'FailJobSet',
    onJobFailureReasons: ['PodFailurePolicy'],
  };
  return restartsEvicted(rendering.plan) ? [deadline] : [deadline, evicted];
}

function replicatedJob(rendering: Rendering, group: Group): ReplicatedJob {
  const deadline = backstopSeconds(rendering.plan);
  return {
    name: group.name,
    groupName: 'default',
    replicas: group.replicas,
    template: {
      metadata: { labels: experimentLabels(rendering) },
      spec: {
        completionMode: 'Indexed',
        completions: group.completions,
        parallelism: group.parallelism,
        backoffLimit: 0,
        podReplacementPolicy: 'Failed',
        ...(deadline === null ? {} : { activeDeadlineSeconds: deadline }),
        ...(restartsEvicted(rendering.plan) ? {} : { podFailurePolicy: FAIL_ON_EVICTION }),
        template: renderCommandPod(rendering, group),
      },
    },
  };
}

const FAIL_ON_EVICTION: NonNullable<ReplicatedJob['template']['spec']['podFailurePolicy']> = {
  rules: [{ action: 'FailJob', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }],
};
