import type { Container } from 'kubernetes-types/core/v1.js';
import type { KubeObject, Resource } from '../../../src/engines/kubernetes/api/objects.ts';
import { moment } from '../../faults/processes.ts';
import { at, pods, Refused } from './kubernetes.ts';

const GROUP = 'admissionregistration.k8s.io';
const clusterWide = (plural: string, kind: string): Resource => ({
  group: GROUP,
  version: 'v1',
  plural,
  kind,
  namespaced: false,
});
const POLICIES = clusterWide('mutatingadmissionpolicies', 'MutatingAdmissionPolicy');
const BINDINGS = clusterWide('mutatingadmissionpolicybindings', 'MutatingAdmissionPolicyBinding');

/** Where a container is put into every pod of a namespace. */
type Spot = 'containers' | 'initContainers';

export interface Injected extends Pick<Container, 'name' | 'image' | 'command'> {
  spot: Spot;
  /** Before those that are there. */
  first?: boolean;
  restartPolicy?: 'Always';
}

/**
 * Has the API server itself put a container into every pod of a namespace, as the webhooks of meshes and agents do:
 * a policy of its own, so that no server of ours need be reached. Returns when it is in force.
 */
export async function inject(namespace: string, injected: Injected): Promise<void> {
  const name = `inject.${namespace}`;
  await at(POLICIES, null).create<KubeObject & { spec: object }>({
    apiVersion: `${GROUP}/v1`,
    kind: POLICIES.kind,
    metadata: { name },
    spec: {
      failurePolicy: 'Fail',
      reinvocationPolicy: 'Never',
      matchConstraints: {
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
        resourceRules: [
          { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] },
        ],
      },
      mutations: [mutationOf(injected)],
    },
  });
  await at(BINDINGS, null).create<KubeObject & { spec: object }>({
    apiVersion: `${GROUP}/v1`,
    kind: BINDINGS.kind,
    metadata: { name },
    spec: { policyName: name },
  });
  await inForce(namespace, injected);
}

/** Nothing of it is left. */
export async function injectNoMore(namespace: string): Promise<void> {
  const name = `inject.${namespace}`;
  for (const resource of [BINDINGS, POLICIES])
    await at(resource, null)
      .remove(name)
      .catch((error: unknown) => {
        if (!(error instanceof Refused) || error.status !== 404) throw error;
      });
}

/** In the language of policies. */
function mutationOf({ spot, first = false, name, image, command = [], restartPolicy }: Injected): object {
  const fields = [
    `name: ${JSON.stringify(name)}`,
    `image: ${JSON.stringify(image)}`,
    'imagePullPolicy: "Never"',
    ...(command.length > 0 ? [`command: ${JSON.stringify(command)}`] : []),
    ...(restartPolicy === undefined ? [] : [`restartPolicy: ${JSON.stringify(restartPolicy)}`]),
  ];
  const added = (path: string, value: string) =>
    `JSONPatch{op: "add", path: "/spec/${path}", value: ${value}}`;
  const container = `Object.spec.${spot}{${fields.join(', ')}}`;
  // No pod of ours has init containers, and a list of typed objects is no value that the API server takes.
  const patches =
    spot === 'containers'
      ? [added(`containers/${first ? '0' : '-'}`, container)]
      : [added('initContainers', '[]'), added('initContainers/-', container)];
  return { patchType: 'JSONPatch', jsonPatch: { expression: `[${patches.join(', ')}]` } };
}

/** A policy counts some moments after it was written: asked by pods that are never made. */
async function inForce(namespace: string, { name }: Injected): Promise<void> {
  for (;;) {
    const spec = { containers: [{ name: 'probe', image: 'probe' }] };
    const probe = { apiVersion: 'v1', kind: 'Pod', metadata: { generateName: 'probe-' }, spec };
    const made = await pods(namespace).create<KubeObject & { spec: object }>(probe, { dryRun: 'All' });
    if (JSON.stringify(made.spec).includes(`"name":${JSON.stringify(name)}`)) return;
    await moment(100);
  }
}
