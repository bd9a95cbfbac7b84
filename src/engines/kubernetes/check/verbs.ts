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

/** `jobsets.jobset.x-k8s.io`, `pods/log`: as kubectl and Roles name it. */
export function rightName({ resource, subresource }: Pick<Right, 'resource' | 'subresource'>): string {
  const group = resource.group === '' ? '' : `.${resource.group}`;
  return `${resource.plural}${group}${subresource === undefined ? '' : `/${subresource}`}`;
}

/** Those of the rights that this user lacks, with the verbs that are missing. Throws ClusterError. */
export async function missingRights(cluster: Cluster, rights: readonly Right[]): Promise<Right[]> {
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
