import type { Cluster } from '../api/cluster.ts';
import { RESOURCES, type Resource } from '../api/objects.ts';

/** What the engine does with one kind of objects in its namespace. */
export interface Right {
  resource: Resource;
  subresource?: string;
  verbs: readonly string[];
  /** Needed for the operator kuberay only. */
  ray?: true;
}

const OWN = ['get', 'list', 'watch', 'create', 'patch', 'delete'] as const;
const HELD = ['get', 'create', 'patch', 'delete'] as const;
/** WebSockets are opened by a GET; newer API servers ask for `create` as well. */
const STREAM = ['get', 'create'] as const;

/** Everything it needs there; nothing of it reaches beyond the namespace. */
export const RIGHTS: readonly Right[] = [
  { resource: RESOURCES.pods, verbs: ['get', 'list', 'watch', 'patch'] },
  { resource: RESOURCES.pods, subresource: 'log', verbs: ['get'] },
  { resource: RESOURCES.pods, subresource: 'exec', verbs: STREAM },
  { resource: RESOURCES.pods, subresource: 'portforward', verbs: STREAM },
  { resource: RESOURCES.events, verbs: ['list', 'watch'] },
  { resource: RESOURCES.jobs, verbs: OWN },
  { resource: RESOURCES.jobsets, verbs: OWN },
  { resource: RESOURCES.rayjobs, verbs: OWN, ray: true },
  { resource: RESOURCES.rayclusters, verbs: ['get', 'delete'], ray: true },
  { resource: RESOURCES.claims, verbs: HELD },
  { resource: RESOURCES.secrets, verbs: HELD },
  { resource: RESOURCES.services, verbs: HELD },
  { resource: RESOURCES.deployments, verbs: HELD },
];

/** A right without which experiments run too. */
export interface OptionalRight extends Right {
  /** What does not work without it; all else does. */
  without: string;
  /** Only where the cluster serves this API group: it has a product of its own. */
  group?: string;
  /** Only where the engine has a queue. */
  queued?: true;
}

const KUEUE = { group: RESOURCES.workloads.group, queued: true } as const;
const VISIBILITY = 'visibility.kueue.x-k8s.io';

/** What is only looked at, each with what is not told where it may not be. */
export const OPTIONAL_RIGHTS: readonly OptionalRight[] = [
  {
    resource: RESOURCES.pods,
    verbs: ['create'],
    without:
      'pods that the pod security level of the namespace refuses are refused when they are made, not at the submission',
  },
  {
    resource: RESOURCES.quotas,
    verbs: ['list'],
    without: 'what a ResourceQuota can never give is not refused at the submission, and its pods wait',
  },
  {
    resource: RESOURCES.limitRanges,
    verbs: ['list'],
    without: 'what a LimitRange forbids is not refused at the submission, and its pods are never made',
  },
  {
    resource: RESOURCES.podMetrics,
    verbs: ['list'],
    group: RESOURCES.podMetrics.group,
    without: 'what pods take of CPUs and memory is not known',
  },
  {
    resource: RESOURCES.localQueues,
    verbs: ['get', 'list'],
    ...KUEUE,
    without: 'whether the queue is there and admits anything is not known before a submission',
  },
  {
    resource: RESOURCES.workloads,
    verbs: ['list', 'watch'],
    ...KUEUE,
    without: 'an experiment that is held back in the queue does not say why',
  },
  {
    resource: { ...RESOURCES.localQueues, group: VISIBILITY },
    subresource: 'pendingworkloads',
    verbs: ['get'],
    group: VISIBILITY,
    queued: true,
    without: 'an experiment that waits in the queue does not say at which place',
  },
];

/** `jobsets.jobset.x-k8s.io`, `pods/log`: as kubectl and Roles name it. */
export function rightName({ resource, subresource }: Pick<Right, 'resource' | 'subresource'>): string {
  const group = resource.group === '' ? '' : `.${resource.group}`;
  return `${resource.plural}${group}${subresource === undefined ? '' : `/${subresource}`}`;
}

/** Those of the rights that this user lacks, with the verbs that are missing. Throws ClusterError. */
export async function missingRights<R extends Right>(cluster: Cluster, rights: readonly R[]): Promise<R[]> {
  const looked = await Promise.all(
    rights.map(async (right) => {
      const { resource, subresource, verbs } = right;
      const allowed = await Promise.all(
        verbs.map((verb) =>
          cluster.may({ verb, resource, ...(subresource !== undefined && { subresource }) }),
        ),
      );
      return { ...right, verbs: verbs.filter((_, index) => allowed[index] !== true) };
    }),
  );
  return looked.filter(({ verbs }) => verbs.length > 0);
}
