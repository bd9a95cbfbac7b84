/** Many pods, on nodes where nothing really runs. */
import { expect, test, vi } from 'vitest';
import { onCluster } from './harness/found.ts';
import { pods } from './harness/kubernetes.ts';
import { inPlace } from './harness/place.ts';

const RESOURCES = { cpus: 1, memory: 1 };

onCluster(
  'on fake nodes',
  () => {
    test('500 pods of one jobset succeed, and nothing holds them afterwards', () =>
      inPlace(
        async ({ submit, world, namespace }) => {
          const worker = { count: 5, completions: 100, parallelisms: 100, resources: RESOURCES };
          const id = await submit({
            command: 'true',
            types: { worker },
            spec: { env: { FAKE_SECONDS: '3s' } },
          });
          const record = await world.end(id);
          expect(record).toMatchObject({ status: 'Succeeded', resources: { pods: 500 } });
          expect(record.pods).toHaveLength(500);
          expect(record.pods.filter(({ status }) => status !== 'Succeeded')).toEqual([]);
          // The end is told before the last of them are let go of.
          const held = async () => (await pods(namespace).list()).filter(({ metadata }) => metadata?.finalizers?.some((name) => name.startsWith('aichor.io'))); // prettier-ignore
          await vi.waitFor(async () => expect(await held()).toEqual([]), { timeout: 60_000, interval: 200 });
        },
        { fake: true },
      ));

    test('a failing pod among 40 stops them all', () =>
      inPlace(
        async ({ submit, world }) => {
          const good = { count: 40, resources: RESOURCES };
          const id = await submit({
            command: 'true',
            types: { worker: good },
            spec: { env: { FAKE_EXIT: '9' } },
          });
          const record = await world.end(id);
          expect(record).toMatchObject({ status: 'Failed', reason: 'NonZeroExit' });
          expect(record.pods.filter(({ exit_code }) => exit_code === 9)).not.toEqual([]);
        },
        { fake: true },
      ));
  },
  { own: true },
);
