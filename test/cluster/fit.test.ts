/** What fits beforehand: closed nodes, quotas and limits of the namespace, as a real API server has them. */
import type { LimitRange, Node, ResourceQuota } from 'kubernetes-types/core/v1.js';
import { expect, test } from 'vitest';
import { RESOURCES } from '../../src/engines/kubernetes/api/objects.ts';
import { cluster, onCluster } from './harness/found.ts';
import { at } from './harness/kubernetes.ts';
import { inPlace } from './harness/place.ts';
import { RESOURCES_OF_POD } from './harness/work.ts';

const nodes = at(RESOURCES.nodes, null);

/** A node of this test alone that KWOK plays. */
async function fakeNode(name: string, labels: Record<string, string> = {}): Promise<void> {
  const amounts = { cpu: '8', memory: '16Gi', 'ephemeral-storage': '16Gi', pods: '10' };
  await nodes.create<Node>({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      annotations: { 'kwok.x-k8s.io/node': 'fake' },
      labels: { kwok: 'true', 'aichor-test': name, ...labels },
    },
    spec: { taints: [{ key: 'kwok.x-k8s.io/node', value: 'fake', effect: 'NoSchedule' }] },
    status: { allocatable: amounts, capacity: amounts },
  });
  const isReady = ({ status }: Node) =>
    status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false;
  await nodes.until<Node>((items) => items.some((node) => node.metadata?.name === name && isReady(node)));
}

onCluster('a cluster, before anything is submitted', () => {
  test.runIf(cluster.state !== null)(
    'with a node that is closed: it is said, waited for, and gone on with',
    async () => {
      const name = `closed-${Date.now()}`;
      await fakeNode(name);
      try {
        await nodes.patch(name, { spec: { unschedulable: true } });
        await inPlace(
          async (place) => {
            const resources = {
              ...RESOURCES_OF_POD,
              extraSelectors: { 'aichor-test': name },
              extraTolerations: [{ key: 'kwok.x-k8s.io/node', operator: 'Exists' }],
            };
            const types = { worker: { count: 1, resources } };
            const id = await place.submit({ command: 'true', types, spec: { env: { FAKE_SECONDS: '1s' } } });
            const record = await place.until(
              id,
              ({ explanation }) => explanation?.includes('cordoned') ?? false,
            );
            expect(JSON.stringify(record.notices)).toContain(`closed (cordoned): ${name}`);
            const { stdout } = await place.world.aichor(['engines', 'check', 'cluster']);
            expect(stdout.toString()).toContain('closed (cordoned)');
            await nodes.patch(name, { spec: { unschedulable: null } });
            expect(await place.world.end(id)).toMatchObject({ status: 'Succeeded' });
          },
          { fake: true },
        );
      } finally {
        await nodes.remove(name);
      }
    },
  );

  test.runIf(cluster.state !== null)(
    'with spot nodes: pods keep off them, unless the manifest or the engine says otherwise',
    async () => {
      const group = `karpenter-${Date.now()}`;
      const types = ['spot', 'on-demand'];
      for (const type of types)
        await fakeNode(`${group}-${type}`, { 'aichor-test': group, 'karpenter.sh/capacity-type': type });
      try {
        await inPlace(
          async ({ submit, world, namespace }) => {
            const add = [
              'engines',
              'add',
              'any',
              '--kubeconfig',
              cluster.kubeconfig,
              '--namespace',
              namespace,
            ];
            const { code, stderr } = await world.aichor([...add, '--set', 'on_demand=false']);
            expect({ code, stderr }).toMatchObject({ code: 0 });
            const nodeOf = async (engine: string, selectors: Record<string, string>, count = 1) => {
              const resources = {
                ...RESOURCES_OF_POD,
                extraSelectors: { 'aichor-test': group, ...selectors },
                extraTolerations: [{ key: 'kwok.x-k8s.io/node', operator: 'Exists' }],
              };
              const work = { command: 'true', types: { worker: { count, resources } } };
              const id = await submit({ ...work, spec: { env: { FAKE_SECONDS: '1s' } } }, { engine });
              return (await world.end(id)).pods.map(({ node }) => node?.replace(`${group}-`, ''));
            };
            expect(await nodeOf('cluster', {}, 3)).toEqual(['on-demand', 'on-demand', 'on-demand']);
            expect(await nodeOf('cluster', { 'karpenter.sh/capacity-type': 'spot' })).toEqual(['spot']);
            const anywhere = await nodeOf('any', {}, 8);
            expect(anywhere, 'the scheduler spreads what may go to both').toContain('spot');
          },
          { fake: true },
        );
      } finally {
        for (const type of types) await nodes.remove(`${group}-${type}`);
      }
    },
  );

  test('whose quota can never give what it needs refuses it; one that is used up is waited for', () =>
    inPlace(
      async ({ submit, world, until }) => {
        await expect(submit({ command: 'true', count: 4 })).rejects.toMatchObject({
          code: 'engine_unavailable',
          message: expect.stringContaining('allows 2 of pods in all, and this experiment needs 4'),
        });
        const first = await submit({ command: 'while [ ! -e /tmp/x ]; do sleep 0.2; done', count: 2 });
        await until(
          first,
          ({ pods }) => pods.every(({ status }) => status === 'Running') && pods.length === 2,
        );
        const second = await submit({ command: 'true', count: 1 });
        const waiting = await until(
          second,
          ({ explanation }) => explanation?.includes('exceeded quota') ?? false,
        );
        expect(JSON.stringify(waiting.notices)).toContain('1 are missing');
        await world.client.cancel({ ids: [first] });
        expect(await world.end(second)).toMatchObject({ status: 'Succeeded' });
      },
      {
        before: (namespace) =>
          at(RESOURCES.quotas, namespace).create<ResourceQuota>({
            apiVersion: 'v1',
            kind: 'ResourceQuota',
            metadata: { name: 'small' },
            spec: { hard: { pods: '2' } },
          }),
      },
    ));

  test('whose LimitRange a pod passes refuses it, with the key that cures it', () =>
    inPlace(
      async ({ submit, world }) => {
        const types = (cpuLimitRatio: number) => ({
          worker: { count: 1, resources: { ...RESOURCES_OF_POD, cpuLimitRatio } },
        });
        await expect(submit({ command: 'true', types: types(2) })).rejects.toMatchObject({
          code: 'engine_unavailable',
          hint: expect.stringContaining('set cpuLimitRatio: 1.5'),
        });
        const id = await submit({ command: 'true', types: types(1.5) });
        expect(await world.end(id)).toMatchObject({ status: 'Succeeded' });
      },
      {
        before: (namespace) =>
          at(RESOURCES.limitRanges, namespace).create<LimitRange>({
            apiVersion: 'v1',
            kind: 'LimitRange',
            metadata: { name: 'narrow' },
            spec: { limits: [{ type: 'Container', maxLimitRequestRatio: { cpu: '1500m' } }] },
          }),
      },
    ));

  test('that enforces the level restricted refuses other pods in its own words', () =>
    inPlace(
      async ({ submit }) => {
        await expect(submit({ command: 'true' })).rejects.toMatchObject({
          code: 'engine_unavailable',
          message: expect.stringContaining(
            'violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false',
          ),
          hint: expect.stringContaining('--set pod_security=restricted'),
        });
      },
      {
        before: (namespace) =>
          at(RESOURCES.namespaces, null).patch(namespace, {
            metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
          }),
      },
    ));

  test('that enforces the level restricted takes pods that are made for it', () =>
    inPlace(
      async ({ submit, world }) => {
        const spec = { securityContext: { runAsUser: 1000 } };
        const id = await submit({ command: 'id -u', spec });
        expect(await world.end(id)).toMatchObject({ status: 'Succeeded' });
        expect((await world.lines(id)).map(({ text }) => text)).toEqual(['1000']);
      },
      {
        settings: { pod_security: 'restricted' },
        before: (namespace) =>
          at(RESOURCES.namespaces, null).patch(namespace, {
            metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
          }),
      },
    ));
});

const restricted = {
  settings: { pod_security: 'restricted' },
  before: (namespace: string) =>
    at(RESOURCES.namespaces, null).patch(namespace, {
      metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
    }),
};

onCluster(
  'a namespace that enforces the level restricted',
  () => {
    test.each(['repository', 'project'])('runs images of our Dockerfiles as they are: %s', (template) =>
      inPlace(async ({ submit, world }) => {
        const id = await submit({ command: 'id -u', image: `localhost/user-of-${template}:test` });
        expect(await world.end(id)).toMatchObject({ status: 'Succeeded' });
        expect((await world.lines(id)).map(({ text }) => text)).toEqual(['1000']);
      }, restricted),
    );

    test('does not know who a name is: it says so, with the cure', () =>
      inPlace(async ({ submit, until }) => {
        const id = await submit({ command: 'id -u', image: 'localhost/user-by-name:test' });
        const waiting = await until(id, ({ explanation }) => explanation?.includes('runAsNonRoot') ?? false);
        expect(waiting.explanation).toContain('non-numeric user');
        expect(waiting.explanation).toContain('set spec.securityContext.runAsUser');
      }, restricted));
  },
  { own: true },
);
