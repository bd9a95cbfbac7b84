/** FI-41: how pods end and why they never start, on real nodes, in the words that users read. */
import { expect, test } from 'vitest';
import type { ExperimentRecord } from '../../src/experiment/record.ts';
import { onCluster } from './harness/found.ts';
import { inPlace, type Place } from './harness/place.ts';
import { RESOURCES_OF_POD, type ClusterWork } from './harness/work.ts';

/** Experiments side by side in one place, each to its end. */
async function ends(works: Record<string, ClusterWork>, place: Place): Promise<Record<string, ExperimentRecord>> {
  const ended = Object.entries(works).map(async ([name, work]) => {
    const record = await place.world.end(await place.submit(work));
    return [name, record] as const;
  });
  return Object.fromEntries(await Promise.all(ended));
} // prettier-ignore

/** One fails, the others wait to be told. */
const ALONE = '[ "$JOB_INDEX" = 1 ] && exit 7; trap "exit 143" TERM; while :; do sleep 0.1; done';

onCluster('the end of an experiment', () => {
  test('that succeeds: pods, exit codes, log', () =>
    inPlace(async ({ submit, world }) => {
      const id = await submit({
        command: 'echo "$JOB_INDEX of $GLOBAL_REPLICAS"; echo problem >&2',
        count: 2,
      });
      const record = await world.end(id);
      expect(record).toMatchObject({ status: 'Succeeded', reason: null, attempt: 1 });
      expect(record.pods).toMatchObject([
        { pod: 'worker-0-0', status: 'Succeeded', exit_code: 0 },
        { pod: 'worker-1-0', status: 'Succeeded', exit_code: 0 },
      ]);
      const lines = (await world.lines(id)).filter(({ step }) => step === 'run');
      expect(lines.map(({ pod, text }) => `${pod}: ${text}`).sort()).toEqual([
        'worker-0-0: 0 of 2',
        'worker-0-0: problem',
        'worker-1-0: 1 of 2',
        'worker-1-0: problem',
      ]);
    }));

  test('by exit codes and signals', () =>
    inPlace(async (place) => {
      const { code, killed, missing, alone } = await ends(
        {
          code: { command: 'echo bye; exit 3' },
          killed: { command: `sh -c 'kill -SEGV $$'; exit $?` },
          missing: { command: 'no-such-program' },
          alone: { command: ALONE, count: 3 },
        },
        place,
      );
      expect(code).toMatchObject({ status: 'Failed', reason: 'NonZeroExit' });
      expect(code?.explanation).toContain('worker-0-0 exited with code 3');
      expect(code?.pods).toMatchObject([{ status: 'Failed', reason: 'NonZeroExit', exit_code: 3 }]);
      expect(killed).toMatchObject({ reason: 'Killed', pods: [{ exit_code: 139 }] });
      expect(missing).toMatchObject({ reason: 'CommandNotFound', pods: [{ exit_code: 127 }] });
      expect(alone?.pods).toMatchObject([
        { pod: 'worker-0-0', status: 'Stopped', reason: 'StoppedWithExperiment' },
        { pod: 'worker-1-0', status: 'Failed', reason: 'NonZeroExit', exit_code: 7 },
        { pod: 'worker-2-0', status: 'Stopped', reason: 'StoppedWithExperiment' },
      ]);
      expect(alone?.explanation).toContain('worker-1-0');
    }));

  test('by the memory that it asked for', () =>
    inPlace(async ({ submit, world }) => {
      const record = await world.end(await submit({ command: 'exec tail /dev/zero' }));
      expect(record).toMatchObject({ status: 'Failed', reason: 'OutOfMemory' });
      expect(record.explanation).toContain('raise spec.types.worker.resources.memory');
      expect(record.pods).toMatchObject([{ status: 'Failed', reason: 'OutOfMemory' }]);
    }));

  test('by its timeout: pods are told to end, and what they say then is in the log', () =>
    inPlace(async ({ submit, world }) => {
      const command = 'trap "echo told; exit 143" TERM; echo ready; while :; do sleep 0.1; done';
      const id = await submit({ command, spec: { timeout: '3s' } });
      const record = await world.end(id);
      expect(record).toMatchObject({ status: 'Failed', reason: 'DeadlineExceeded' });
      expect((await world.lines(id)).map(({ text }) => text)).toEqual(expect.arrayContaining(['ready', 'told'])); // prettier-ignore
    }));
});

onCluster(
  'a pod that never starts',
  () => {
    test('because its image is not on the node', () =>
      inPlace(async ({ submit, world }) => {
        const record = await world.end(await submit({ command: 'true', image: 'localhost/absent:test' }));
        expect(record).toMatchObject({ status: 'Failed', reason: 'ImageNotFound' });
        expect(record.explanation).toMatch(/worker-0-0.*localhost\/absent:test/);
        expect(record.pods).toMatchObject([{ pod: 'worker-0-0', exit_code: null }]);
      }));

    test('because its image cannot be pulled: it says so and goes on trying', () =>
      inPlace(
        async ({ submit, until }) => {
          const id = await submit({ command: 'true', image: 'registry.invalid/nothing:1' });
          const record = await until(id, ({ events }) => events.some(({ message }) => message.includes('cannot be pulled'))); // prettier-ignore
          expect(record).toMatchObject({ status: 'Submitting' });
        },
        { settings: { image_pull_policy: 'Always' } },
      ));

    test('because a volume is missing', () =>
      inPlace(async ({ submit, until }) => {
        const storage = { attachExistingPVCs: [{ name: 'absent', mountPoint: '/data' }] };
        const id = await submit({ command: 'true', spec: { storage } }, { force: true });
        const record = await until(id, ({ events }) =>
          events.some(({ message }) => message.includes('"absent" not found')),
        );
        expect(record.status).toBe('Submitting');
      }));

    const nowhere = { ...RESOURCES_OF_POD, extraSelectors: { zone: 'nowhere' } };
    const huge = { cpus: 5000, memory: 1 };
    test.each([
      ['no node has its labels', nowhere, /node affinity\/selector/],
      ['no node is that large', huge, /Insufficient cpu/],
    ])('because %s: refused, and taken when that is wanted all the same', (_why, resources, pattern) =>
      inPlace(async ({ submit, until }) => {
        const work = { command: 'true', types: { worker: { count: 2, resources } } };
        await expect(submit(work)).rejects.toMatchObject({ code: 'engine_unavailable' });
        const id = await submit(work, { force: true });
        const record = await until(id, ({ events }) => events.some(({ message }) => pattern.test(message)));
        expect(record.status).toBe('Submitting');
        expect(record.pods.map(({ status }) => status)).toEqual(['Pending', 'Pending']);
      }),
    );
  },
  { own: true },
);
