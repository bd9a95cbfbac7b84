/** Cancelling, and what is taken away by hand (FI-42). */
import { expect, test } from 'vitest';
import type { Secret } from 'kubernetes-types/core/v1.js';
import {
  EXPERIMENT_LABEL,
  RESOURCES,
  type ObservedJobSet,
  type Pod,
} from '../../src/engines/kubernetes/api/objects.ts';
import { OBSERVED_FINALIZER } from '../../src/render/kubernetes/pod/pod-template.ts';
import { textsOf } from '../faults/truth.ts';
import { onCluster } from './harness/found.ts';
import { at, jobsets, pods } from './harness/kubernetes.ts';
import { inPlace, type Place } from './harness/place.ts';

const WAITING = `trap 'echo told; sleep 0.3; echo last; exit 143' TERM; echo up; while :; do sleep 0.1; done`;
const of = (id: string) => `${EXPERIMENT_LABEL}=${id}`;

async function running(place: Place, id: string): Promise<void> {
  await place.until(id, (record) => record.pods.every(({ status }) => status === 'Running'));
}

onCluster('cancelling', () => {
  test('is gentle: shutdown command, SIGTERM, exit code, all of the log; then nothing is left', () =>
    inPlace(async (place) => {
      const { submit, world, namespace } = place;
      const gracefulTermination = {
        shutdownCommand: ['sh', '-c', 'echo shutting down > /proc/1/fd/1'],
        terminationGracePeriodSeconds: 10,
      };
      const id = await submit({ command: WAITING, count: 2, spec: { gracefulTermination } });
      await running(place, id);
      expect(await world.aichor(['experiments', 'cancel', id, '--wait'])).toMatchObject({ code: 0 });
      const record = await world.end(id);
      expect(record).toMatchObject({ status: 'Cancelled', reason: 'CancelledByUser' });
      for (const pod of record.pods) expect(pod).toMatchObject({ status: 'Stopped', exit_code: 143 });
      const lines = await world.lines(id);
      for (const pod of ['worker-0-0', 'worker-1-0'])
        expect(textsOf(lines, pod)).toEqual(['up', 'shutting down', 'told', 'last']);
      await jobsets(namespace).until((items) => items.length === 0);
      await pods(namespace).until((items) => items.length === 0);
      await at(RESOURCES.secrets, namespace).until<Secret>((items) => items.length === 0, of(id));
    }));

  test('a program that does not listen: it is killed after the grace', () =>
    inPlace(async (place) => {
      const command = `trap 'echo no' TERM; echo up; while :; do sleep 0.1; done`;
      const gracefulTermination = { shutdownCommand: ['true'], terminationGracePeriodSeconds: 1 };
      const id = await place.submit({ command, spec: { gracefulTermination } });
      await running(place, id);
      await place.world.client.cancel({ ids: [id] });
      const record = await place.world.end(id);
      expect(record).toMatchObject({ status: 'Cancelled', pods: [{ status: 'Stopped', exit_code: 137 }] });
      expect(textsOf(await place.world.lines(id), 'worker-0-0')).toEqual(['up', 'no']);
    }));

  test('what waits for a node', () =>
    inPlace(async ({ submit, until, world, namespace }) => {
      const resources = { cpus: 5000, memory: 1 };
      const id = await submit({ command: 'true', types: { worker: { count: 1, resources } } }, { force: true });
      await until(id, ({ events }) => events.some(({ message }) => message.includes('nsufficient')));
      await world.client.cancel({ ids: [id] });
      expect(await world.end(id)).toMatchObject({ status: 'Cancelled' });
      await pods(namespace).until((items) => items.length === 0);
    })); // prettier-ignore
});

onCluster('what is removed by hand', () => {
  test('a JobSet: the experiment ends as such, and is never created again', () =>
    inPlace(async (place) => {
      const { submit, world, namespace } = place;
      const id = await submit({ command: WAITING, spec: { restartPolicy: { backoffLimit: 3 } } });
      await running(place, id);
      const [jobset] = await jobsets(namespace).list<ObservedJobSet>();
      await jobsets(namespace).remove(jobset?.metadata?.name ?? '');
      const record = await world.end(id);
      expect(record).toMatchObject({ status: 'Failed', reason: 'RemovedOutside', attempt: 1 });
      expect(textsOf(await world.lines(id), 'worker-0-0')).toEqual(['up', 'told', 'last']);
      expect(await jobsets(namespace).list()).toEqual([]);
    }));

  test('a JobSet while nobody looks', () =>
    inPlace(async (place) => {
      const { submit, world, namespace, restart } = place;
      const id = await submit({ command: WAITING });
      await running(place, id);
      await restart(async () => {
        const [jobset] = await jobsets(namespace).list<ObservedJobSet>();
        await jobsets(namespace).remove(jobset?.metadata?.name ?? '');
        await jobsets(namespace).until((items) => items.length === 0);
      });
      expect(await world.end(id)).toMatchObject({ status: 'Failed', reason: 'RemovedOutside' });
    }));

  test('the namespace: nothing of ours holds it', () =>
    inPlace(async (place) => {
      const { submit, world, namespace } = place;
      const id = await submit({ command: WAITING });
      await running(place, id);
      const namespaces = at(RESOURCES.namespaces, null);
      await namespaces.remove(namespace);
      const record = await world.end(id);
      expect(record, JSON.stringify(record)).toMatchObject({ status: 'Failed', reason: 'RemovedOutside' });
      await namespaces.until((items) => items.every(({ metadata }) => metadata?.name !== namespace));
    }));

  test('our finalizer of a running pod: its end and its log are known all the same', () =>
    inPlace(async (place) => {
      const { submit, world, namespace } = place;
      const id = await submit({ command: 'echo up; sleep 2; echo done' });
      await running(place, id);
      const [pod] = await pods(namespace).list<Pod>(of(id));
      const others = pod?.metadata?.finalizers?.filter((name) => name !== OBSERVED_FINALIZER);
      await pods(namespace).patch(pod?.metadata?.name ?? '', { metadata: { finalizers: others } });
      const record = await world.end(id);
      expect(record).toMatchObject({ status: 'Succeeded', pods: [{ exit_code: 0 }] });
      expect(textsOf(await world.lines(id), 'worker-0-0')).toEqual(['up', 'done']);
    }));
});
