/** Ends that nobody saw, and what others take away: judged by what the cluster's own objects say of it. */
import { expect, test } from 'vitest';
import {
  EXPERIMENT_LABEL,
  RESOURCES,
  type Job,
  type ObservedJobSet,
} from '../../src/engines/kubernetes/api/objects.ts';
import { onCluster } from './harness/found.ts';
import { at, jobsets } from './harness/kubernetes.ts';
import { inPlace } from './harness/place.ts';
import { toldAfter } from './harness/told-after.ts';
import { RESOURCES_OF_POD } from './harness/work.ts';

onCluster('an experiment', () => {
  test('that completed and was removed at once, while there was no control plane, has succeeded', () =>
    inPlace(
      async (place) => {
        const id = await place.submit({ command: 'sleep 2' });
        await place.until(id, ({ status }) => status === 'Running');
        const isGoing = ({ metadata, status }: ObservedJobSet) =>
          status?.terminalState === 'Completed' && metadata?.deletionTimestamp !== undefined;
        await place.restart(() =>
          jobsets(place.namespace).until<ObservedJobSet>(
            (items) => items.some(isGoing),
            `${EXPERIMENT_LABEL}=${id}`,
          ),
        );
        expect(await place.world.end(id)).toMatchObject({
          status: 'Succeeded',
          pods: [{ status: 'Succeeded', exit_code: 0 }],
        });
      },
      { settings: { ttl_s: 3 } },
    ));

  test('of which one pod fails for good ends by that, though its Job waits for the others', () =>
    inPlace(async ({ submit, world }) => {
      const types = { worker: { count: 1, completions: 3, parallelisms: 3, resources: RESOURCES_OF_POD } };
      const command = '[ "$JOB_COMPLETION_INDEX" = 1 ] && exit 3; trap "" TERM; while :; do sleep 0.2; done';
      const gracefulTermination = { shutdownCommand: ['true'], terminationGracePeriodSeconds: 3 };
      const record = await world.end(await submit({ command, types, spec: { gracefulTermination } }));
      expect(record).toMatchObject({ status: 'Failed', reason: 'NonZeroExit' });
      expect(record.explanation).toContain('worker-0-1 exited with code 3');
    }));

  test('that is suspended by hand and let go on, while there was no control plane in between, goes on as the next attempt', () =>
    inPlace(async (place) => {
      const command = 'echo run; trap "exit 143" TERM; while [ ! -e /tmp/end ]; do sleep 0.2; done';
      const id = await place.submit({ command });
      await place.until(id, ({ status }) => status === 'Running');
      const [jobset] = await jobsets(place.namespace).list();
      const suspend = (is: boolean) =>
        jobsets(place.namespace).patch(jobset?.metadata?.name ?? '', { spec: { suspend: is } });
      await suspend(true);
      const told = 'the workload is suspended: whoever did that in the cluster has to let it go on';
      await place.until(id, ({ status, explanation }) => status === 'Submitting' && explanation === told);
      await place.restart(() => suspend(false));
      const again = await place.until(
        id,
        ({ attempt, explanation }) => attempt === 2 && explanation === '1 of 1 pod running',
      );
      expect(again.events.map(({ type }) => type)).toContain('resumed');
      const { code } = await place.world.aichor([
        'experiments',
        'exec',
        id,
        'worker-0-0',
        '--',
        'touch',
        '/tmp/end',
      ]);
      expect(code).toBe(0);
      expect(await place.world.end(id)).toMatchObject({ status: 'Succeeded', attempt: 2 });
    }));

  test('one of whose Jobs somebody suspends is told that its pod began anew', () =>
    inPlace(async (place) => {
      const command = 'trap "exit 143" TERM; n=0; while [ $n -lt 40 ]; do sleep 0.2; n=$((n+1)); done';
      const id = await place.submit({ command, count: 2 });
      await place.until(id, ({ pods }) => pods.filter(({ status }) => status === 'Running').length === 2);
      const jobs = at(RESOURCES.jobs, place.namespace);
      const [first] = await jobs.list<Job>(`${EXPERIMENT_LABEL}=${id}`);
      await jobs.patch(first?.metadata?.name ?? '', { spec: { suspend: true } });
      await place.until(id, ({ notices }) => JSON.stringify(notices).includes('made again by its Job'));
      expect(await place.world.end(id)).toMatchObject({ status: 'Succeeded', attempt: 1 });
    }));

  test('one of whose Jobs somebody removes is told that it was made again', () =>
    inPlace(async (place) => {
      const id = await place.submit({ command: 'sleep 8', count: 2 });
      await place.until(id, ({ pods }) => pods.filter(({ status }) => status === 'Running').length === 2);
      const jobs = at(RESOURCES.jobs, place.namespace);
      const [first] = await jobs.list<Job>(`${EXPERIMENT_LABEL}=${id}`);
      await jobs.remove(first?.metadata?.name ?? '');
      const since = performance.now();
      await place.until(id, ({ notices }) => JSON.stringify(notices).includes('made again by JobSet'));
      toldAfter('a Job that was removed', since, 5);
      expect(await place.world.end(id)).toMatchObject({ status: 'Succeeded', attempt: 1 });
    }));
});
