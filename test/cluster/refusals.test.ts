/** FI-43: what the cluster lacks or forbids is said, with who can grant it; nothing is left of what was refused. */
import type { ResourceQuota } from 'kubernetes-types/core/v1.js';
import type { PolicyRule } from 'kubernetes-types/rbac/v1.js';
import { expect, test } from 'vitest';
import { EXPERIMENT_LABEL, RESOURCES, type Resource } from '../../src/engines/kubernetes/api/objects.ts';
import { moment } from '../faults/processes.ts';
import { onCluster } from './harness/found.ts';
import { at, jobsets } from './harness/kubernetes.ts';
import { inPlace } from './harness/place.ts';
import { kubeconfigOf, restrictedUser } from './harness/user.ts';
import { openWay } from './harness/way.ts';

const ALL = ['get', 'list', 'watch', 'create', 'patch', 'update', 'delete'];
/** Everything the engine needs but the making of JobSets. */
const WITHOUT_CREATING: PolicyRule[] = [
  { apiGroups: ['', 'batch', 'apps', 'ray.io'], resources: ['*'], verbs: ALL },
  { apiGroups: ['jobset.x-k8s.io'], resources: ['jobsets'], verbs: ['get', 'list', 'watch'] },
];

onCluster('a cluster without JobSet', () => {
  test('the check says so, experiments are refused; one that is forced in fails with what to install', async () => {
    const way = await openWay({ hidden: RESOURCES.jobsets.group });
    try {
      await inPlace(
        async ({ submit, world, namespace }) => {
          const check = await world.aichor(['engines', 'check', 'cluster']);
          expect(JSON.stringify(check.stdout.toString())).toContain('JobSet');
          await expect(submit({ command: 'true' })).rejects.toMatchObject({ code: 'engine_unavailable' });
          const id = await submit({ command: 'true' }, { secrets: { TOKEN: 'x' }, force: true });
          const record = await world.end(id);
          expect(record).toMatchObject({ status: 'Failed', reason: 'EngineUnavailable' });
          expect(record.explanation).toMatch(/cluster admin.*install JobSet/);
          await at(RESOURCES.secrets, namespace).until((items) => items.length === 0, `${EXPERIMENT_LABEL}=${id}`);
        },
        { kubeconfig: async () => kubeconfigOf({ server: way.server }) },
      );
    } finally {
      way.close();
    }
  });
}); // prettier-ignore

onCluster('a user who may not create JobSets', () => {
  test('is told which verb on what, and who can grant it', () =>
    inPlace(
      async ({ submit, world, namespace }) => {
        const check = await world.aichor(['engines', 'check', 'cluster']);
        expect(check.stdout.toString()).toMatch(/create[^"]*jobsets|jobsets[^"]*create/);
        const record = await world.end(await submit({ command: 'true' }));
        expect(record).toMatchObject({ status: 'Failed', reason: 'EngineUnavailable' });
        expect(record.explanation).toMatch(/jobsets/);
        expect(record.explanation).toMatch(/who administers the namespace can grant it/);
        expect(await jobsets(namespace).list()).toEqual([]);
      },
      { kubeconfig: (namespace) => restrictedUser(namespace, WITHOUT_CREATING) },
    ));
});

onCluster('a namespace with a quota', () => {
  test('that has nothing to give: refused, and who is forced in waits and says for what', () =>
    inPlace(
      async ({ submit, until }) => {
        await expect(submit({ command: 'true' })).rejects.toMatchObject({ code: 'engine_unavailable' });
        const id = await submit({ command: 'true' }, { force: true });
        const record = await until(id, ({ events }) => events.some(({ message }) => message.includes('exceeded quota'))); // prettier-ignore
        expect(record.status).toBe('Submitting');
      },
      {
        before: (namespace) =>
          at({ ...RESOURCES.pods, plural: 'resourcequotas', kind: 'ResourceQuota' }, namespace).create<ResourceQuota>({
            apiVersion: 'v1',
            kind: 'ResourceQuota',
            metadata: { name: 'nothing' },
            spec: { hard: { pods: '0' } },
          }),
      },
    ));
}); // prettier-ignore

const policies = (kind: string): Resource => ({
  ...{ group: 'admissionregistration.k8s.io', version: 'v1', namespaced: false, kind },
  plural: kind.endsWith('y') ? `${kind.slice(0, -1).toLowerCase()}ies` : `${kind.toLowerCase()}s`,
});

/** A rule of the cluster that lets no JobSet into a namespace; returns when it holds. */
async function forbidJobSets(namespace: string): Promise<void> {
  const match = {
    resourceRules: [
      { apiGroups: ['jobset.x-k8s.io'], apiVersions: ['*'], operations: ['CREATE', 'UPDATE'], resources: ['jobsets'] },
    ],
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
  };
  const apiVersion = 'admissionregistration.k8s.io/v1';
  const policy = {
    ...{ apiVersion, kind: 'ValidatingAdmissionPolicy', metadata: { name: namespace } },
    spec: { matchConstraints: match, validations: [{ expression: 'false', message: 'no experiments on Sundays' }] },
  };
  const binding = {
    ...{ apiVersion, kind: 'ValidatingAdmissionPolicyBinding', metadata: { name: namespace } },
    spec: { policyName: namespace, validationActions: ['Deny'] },
  };
  await at(policies('ValidatingAdmissionPolicy'), null).create(policy);
  await at(policies('ValidatingAdmissionPolicyBinding'), null).create(binding);
  const probe = { apiVersion: 'jobset.x-k8s.io/v1alpha2', kind: 'JobSet', metadata: { name: 'probe' } };
  const isForbidden = () => jobsets(namespace).create(probe, { dryRun: 'All' }).then(() => false, (error: Error) => error.message.includes('Sundays'));
  while (!(await isForbidden())) await moment(100);
} // prettier-ignore

onCluster('a rule of the cluster', () => {
  test('that refuses the workload: its own words are in the explanation', () =>
    inPlace(
      async ({ submit, world, namespace }) => {
        const record = await world.end(await submit({ command: 'true' }));
        expect(record.status).toBe('Failed');
        expect(record.explanation).toContain('no experiments on Sundays');
        expect(await jobsets(namespace).list()).toEqual([]);
        await at(policies('ValidatingAdmissionPolicyBinding'), null).remove(namespace);
        await at(policies('ValidatingAdmissionPolicy'), null).remove(namespace);
      },
      { before: forbidJobSets },
    ));
});
