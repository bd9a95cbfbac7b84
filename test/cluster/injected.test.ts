/** What clusters put into pods: an experiment is judged by its own containers, and told of the others. */
import { expect, test } from 'vitest';
import type { Pod } from '../../src/engines/kubernetes/api/objects.ts';
import { cluster, onCluster } from './harness/found.ts';
import { inject, injectNoMore, type Injected } from './harness/injection.ts';
import { pods } from './harness/kubernetes.ts';
import { inPlace, type Place } from './harness/place.ts';
import { RESOURCES_OF_POD } from './harness/work.ts';

/** It does not mind being told to end: the kubelet kills it when the grace of the pod is over. */
const STUBBORN = "trap '' TERM; while :; do sleep 0.2; done";
/** As proxies of meshes are: it goes on until it is told to end. */
const GOES_ON = "trap 'exit 0' TERM; while :; do sleep 0.2; done";

async function inInjected(
  injected: Omit<Injected, 'image'> & { image?: string },
  body: (place: Place) => Promise<void>,
): Promise<void> {
  let place: string | null = null;
  const before = async (namespace: string) => {
    place = namespace;
    await inject(namespace, { image: cluster.image, ...injected });
  };
  try {
    await inPlace(body, { before, settings: { sidecar_grace_s: 3 } });
  } finally {
    if (place !== null) await injectNoMore(place);
  }
}

onCluster('a container that the cluster adds', () => {
  test.each([
    ['before', true],
    ['after', false],
  ])('%s the command, and that does not end, has no say in the end', (_, first) =>
    inInjected(
      { spot: 'containers', first, name: 'aaa-proxy', command: ['sh', '-c', GOES_ON] },
      async (place) => {
        const { submit, world } = place;
        const done = await submit({ command: 'echo done', spec: { timeout: '10s' } });
        const fails = await submit({ command: 'sleep 1; exit 5', count: 2 });
        const again = await submit({
          command: '[ "$AICHOR_RESTART_ATTEMPT" = 1 ] || exit 5; echo again',
          spec: { restartPolicy: { backoffLimit: 1 } },
        });
        const cancelled = await submit({ command: 'sleep 600' });
        await place.until(cancelled, ({ status }) => status === 'Running');
        await world.client.cancel({ ids: [cancelled] });

        const succeeded = await world.end(done);
        expect(succeeded).toMatchObject({
          status: 'Succeeded',
          pods: [{ status: 'Succeeded', exit_code: 0 }],
        });
        expect(JSON.stringify(succeeded.notices)).toContain(
          'container aaa-proxy, which the cluster added, still ran in worker-0-0 3 s after the command had ended',
        );
        expect((await world.lines(done)).map(({ text }) => text)).toContain('done');
        const failed = await world.end(fails);
        expect(failed).toMatchObject({ status: 'Failed', reason: 'NonZeroExit' });
        expect(failed.explanation).toMatch(/worker-[01]-0 exited with code 5/);
        expect(await world.end(again)).toMatchObject({ status: 'Succeeded', attempt: 2 });
        expect(await world.end(cancelled)).toMatchObject({ status: 'Cancelled' });
      },
    ),
  );

  test('is named while it keeps a pod whose command has ended', () =>
    inInjected({ spot: 'containers', name: 'agent', command: ['sh', '-c', GOES_ON] }, async (place) => {
      const id = await place.submit({ command: 'exit 0' });
      const said = 'its command has ended with 0; container agent, which the cluster added, still runs';
      await place.until(id, ({ explanation }) => explanation?.includes(said) ?? false);
      expect(await place.world.end(id)).toMatchObject({ status: 'Succeeded' });
    }));

  test.each([
    ['containers', undefined],
    ['initContainers', 'Always'],
  ] as const)(
    'among the %s, and that does not end when it is told to, holds up no end',
    (spot, restartPolicy) =>
      inInjected(
        { spot, name: 'agent', command: ['sh', '-c', STUBBORN], ...(restartPolicy && { restartPolicy }) },
        async ({ submit, world, namespace }) => {
          const spec = {
            gracefulTermination: { shutdownCommand: ['true'], terminationGracePeriodSeconds: 12 },
          };
          const good = await submit({ command: 'true', spec });
          const bad = await submit({ command: 'exit 5', spec });
          const [succeeded, failed] = [await world.end(good), await world.end(bad)];
          expect(succeeded).toMatchObject({ status: 'Succeeded', pods: [{ exit_code: 0 }] });
          expect(JSON.stringify(succeeded.notices)).toContain(
            'container agent, which the cluster added, still ran',
          );
          expect(failed).toMatchObject({ status: 'Failed', reason: 'NonZeroExit', pods: [{ exit_code: 5 }] });
          // The fact that the end was told before what is not ours was gone.
          const left = await pods(namespace).list<Pod>();
          expect(left.some(({ status }) => status?.phase === 'Running')).toBe(true);
        },
      ),
  );

  test('and that ends badly: what is done is done, who is at work is ended by it', () =>
    inInjected(
      { spot: 'containers', first: true, name: 'aaa-proxy', command: ['sh', '-c', 'sleep 3; exit 4'] },
      async ({ submit, world }) => {
        const done = await submit({ command: 'echo done', spec: { restartPolicy: { backoffLimit: 1 } } });
        const types = { worker: { count: 1, completions: 2, parallelisms: 2, resources: RESOURCES_OF_POD } };
        const id = await submit({ command: '[ "$JOB_COMPLETION_INDEX" = 0 ] || sleep 600', types });
        const succeeded = await world.end(done);
        expect(succeeded, JSON.stringify(succeeded.events)).toMatchObject({
          status: 'Succeeded',
          attempt: 1,
        });
        expect((await world.lines(done)).map(({ text }) => text)).toEqual(['done']);
        const failed = await world.end(id);
        expect(failed, JSON.stringify(failed.events)).toMatchObject({
          status: 'Failed',
          reason: 'NonZeroExit',
        });
        expect(failed.explanation).toMatch(
          /^container aaa-proxy, which the cluster added, ended with code 4 in worker-0-0, whose command had ended with 0: /,
        );
        expect(failed.pods.map(({ status }) => status)).toEqual(['Succeeded', 'Stopped']);
      },
    ));

  test('beside the command, and that cannot be pulled, is told and has no say', () =>
    inInjected(
      { spot: 'containers', name: 'agent', image: 'registry.corp.example/agent:9' },
      async (place) => {
        const id = await place.submit({ command: 'sleep 5; echo done' });
        await place.until(
          id,
          ({ explanation }) => explanation?.includes('container agent, which the cluster added: ') ?? false,
        );
        expect(await place.world.end(id)).toMatchObject({ status: 'Succeeded' });
        expect((await place.world.lines(id)).map(({ text }) => text)).toContain('done');
      },
    ));

  test('to begin with, and that fails, is the cause: its code and its last line', () =>
    inInjected(
      { spot: 'initContainers', name: 'init', command: ['sh', '-c', 'echo INIT broken; exit 3'] },
      async ({ submit, world }) => {
        const record = await world.end(await submit({ command: 'true', count: 2 }));
        expect(record).toMatchObject({ status: 'Failed', reason: 'StartFailed' });
        expect(record.explanation).toMatch(
          /worker-[01]-0 could not be started: its init container init, which the cluster added, ended with code 3: INIT broken/,
        );
        expect(record.pods.map(({ status }) => status)).toContain('Failed');
      },
    ));

  test('to begin with, and that goes on, is told', () =>
    inInjected({ spot: 'initContainers', name: 'init', command: ['sleep', '600'] }, async (place) => {
      const id = await place.submit({ command: 'true' });
      await place.until(
        id,
        ({ explanation }) =>
          explanation?.includes('its init container init, which the cluster added, runs') ?? false,
      );
    }));

  test('as a sidecar, and that cannot be pulled, is told', () =>
    inInjected(
      {
        spot: 'initContainers',
        name: 'agent',
        image: 'registry.corp.example/agent:9',
        restartPolicy: 'Always',
      },
      async (place) => {
        const record = await place.world.end(await place.submit({ command: 'true' }));
        expect(record).toMatchObject({ status: 'Failed', reason: 'ImageNotFound' });
        expect(record.explanation).toContain('container agent, which the cluster added');
      },
    ));

  test('as a sidecar ends with the command', () =>
    inInjected(
      { spot: 'initContainers', name: 'agent', restartPolicy: 'Always', command: ['sh', '-c', GOES_ON] },
      async ({ submit, world }) => {
        const [good, bad] = [await submit({ command: 'true' }), await submit({ command: 'exit 5' })];
        expect(await world.end(good)).toMatchObject({ status: 'Succeeded', notices: [] });
        expect(await world.end(bad)).toMatchObject({ status: 'Failed', reason: 'NonZeroExit' });
      },
    ));
});
