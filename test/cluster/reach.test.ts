/** A cluster that can no longer be asked: told soon, with the cure; what runs there goes on, and is known afterwards. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PolicyRule } from 'kubernetes-types/rbac/v1.js';
import { expect, test } from 'vitest';
import { RESOURCES, type ObservedRayJob } from '../../src/engines/kubernetes/api/objects.ts';
import { onCluster } from './harness/found.ts';
import { at } from './harness/kubernetes.ts';
import { inPlace } from './harness/place.ts';
import { toldAfter } from './harness/told-after.ts';
import { kubeconfigOf, restrictedUser, revoke, untilRefused } from './harness/user.ts';
import { openWay } from './harness/way.ts';

const EVERYTHING: PolicyRule[] = [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }];
const UNREACHED = 'the cluster cannot be reached, what runs there goes on: ';

onCluster('the way to a cluster', () => {
  test('without the rights to look: it says who can grant them, and goes on when they are back', () =>
    inPlace(
      async ({ submit, world, until, namespace }) => {
        const id = await submit({ command: 'echo up; sleep 12' });
        await until(id, ({ status }) => status === 'Running');
        const since = performance.now();
        const grant = await revoke(namespace);
        const told = await until(id, ({ explanation }) => explanation?.startsWith(UNREACHED) ?? false);
        toldAfter('rights that were taken away', since, 5);
        expect(told).toMatchObject({ status: 'Running' });
        expect(told.explanation).toContain('this user may no longer look at pods');
        expect(told.explanation).toContain('aichor engines check says who can grant it');
        await grant();
        expect(await world.end(id)).toMatchObject({ status: 'Succeeded', attempt: 1 });
      },
      { kubeconfig: (namespace) => restrictedUser(namespace, EVERYTHING) },
    ));

  test('with credentials that are no longer taken: it says so, and new ones are taken from where the old ones were', () => {
    let given = {};
    return inPlace(
      async ({ submit, world, until, namespace }) => {
        const id = await submit({ command: 'echo up; sleep 20' });
        await until(id, ({ status }) => status === 'Running');
        await at({ ...RESOURCES.pods, plural: 'serviceaccounts', kind: 'ServiceAccount' }, namespace).remove('restricted'); // prettier-ignore
        await untilRefused(given);
        const since = performance.now();
        const told = await until(id, ({ explanation }) => explanation?.startsWith(UNREACHED) ?? false);
        toldAfter('credentials that were revoked', since, 5);
        expect(told.explanation).toContain('its credentials are no longer taken');
        expect(told.explanation).toContain('aichor engines add NAME --replace');
        const way = await openWay();
        try {
          const config = join(world.folder, 'kubeconfig.json');
          await writeFile(config, JSON.stringify(kubeconfigOf({ server: way.server })));
          const args = [
            'engines',
            'add',
            'cluster',
            '--replace',
            '--kubeconfig',
            config,
            '--namespace',
            namespace,
          ];
          const { code, stderr } = await world.aichor(args);
          expect({ code, stderr }).toMatchObject({ code: 0 });
          expect(await world.end(id)).toMatchObject({ status: 'Succeeded', attempt: 1 });
        } finally {
          way.close();
        }
      },
      { kubeconfig: async (namespace) => (given = await restrictedUser(namespace, EVERYTHING)) },
    );
  });

  test('that stands still: experiments say so, a submission gives up, and all goes on afterwards', async () => {
    const way = await openWay();
    try {
      await inPlace(
        async ({ submit, world, until }) => {
          const id = await submit({ command: 'echo up; sleep 25' });
          await until(id, ({ status }) => status === 'Running');
          const since = performance.now();
          way.freeze();
          const told = await until(id, ({ explanation }) => explanation?.startsWith(UNREACHED) ?? false);
          toldAfter('an API server that stands still', since, 5);
          expect(told).toMatchObject({ status: 'Running' });
          expect(told.explanation).toContain('did not answer within');
          const asked = performance.now();
          await expect(submit({ command: 'true' })).rejects.toMatchObject({
            code: 'engine_unavailable',
            message: expect.stringContaining('did not answer within 10 s'),
          });
          toldAfter('a submission that gives up', asked, 12);
          way.thaw();
          expect(await world.end(id)).toMatchObject({ status: 'Succeeded', attempt: 1 });
        },
        { kubeconfig: async () => kubeconfigOf({ server: way.server }) },
      );
    } finally {
      way.close();
    }
  });
});

onCluster(
  'the cluster of a Ray job that somebody removes',
  () => {
    const resources = { cpus: 1, memory: 1 };
    const work = (spec: object = {}) => ({
      ...{ operator: 'kuberay' as const, command: 'true', image: 'localhost/ray:test' },
      types: { Head: { resources }, Workers: [{ name: 'cpu', count: 1, resources }] },
      spec: { rayVersion: '2.52.1', env: { FAKE_SECONDS: '600' }, ...spec },
    });
    async function remove(namespace: string): Promise<string> {
      const [job] = await at(RESOURCES.rayjobs, namespace).until<ObservedRayJob>((items) =>
        items.some(({ status }) => status?.jobStatus === 'RUNNING'),
      );
      const name = job?.status?.rayClusterName ?? '';
      await at(RESOURCES.rayclusters, namespace).remove(name);
      return name;
    }

    test('ends the experiment, by its name', () =>
      inPlace(
        async ({ submit, world, until, namespace }) => {
          const id = await submit(work());
          const name = await remove(namespace);
          const since = performance.now();
          const isTold = ({ explanation }: { explanation: string | null }) =>
            explanation?.includes(name) ?? false;
          await until(id, isTold);
          toldAfter('a RayCluster that was removed', since, 5);
          const record = await world.end(id);
          // Five seconds of it are for a log that cannot be read anew: on nodes that KWOK plays its stream outlives the container.
          toldAfter('the end of its experiment', since, 7);
          expect(record, JSON.stringify(record.events)).toMatchObject({ status: 'Failed', reason: 'RemovedOutside' }); // prettier-ignore
          expect(record.explanation).toContain(`the RayCluster ${name} was removed from outside`);
        },
        { fake: true },
      ));

    test('is told where KubeRay may begin another one', () =>
      inPlace(
        async ({ submit, world, until, namespace }) => {
          const id = await submit(work({ restartPolicy: { backoffLimit: 1 } }));
          const name = await remove(namespace);
          await until(id, ({ notices }) =>
            JSON.stringify(notices).includes(`the RayCluster ${name} was removed`),
          );
          await world.client.cancel({ ids: [id] });
          expect(await world.end(id)).toMatchObject({ status: 'Cancelled' });
        },
        { fake: true },
      ));
  },
  { own: true },
);
