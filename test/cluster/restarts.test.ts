/** Restarts of the whole gang; what takes a pod away from outside; and success that is none. */
import { expect, test } from 'vitest';
import { EXPERIMENT_LABEL, type Pod } from '../../src/engines/kubernetes/api/objects.ts';
import { textsOf } from '../faults/truth.ts';
import { onCluster } from './harness/found.ts';
import { evict, pods } from './harness/kubernetes.ts';
import { inPlace, type Place } from './harness/place.ts';
import type { ClusterWork } from './harness/work.ts';

const RETRIES = { restartPolicy: { backoffLimit: 2 } };
/** Ends only when it is told to, with the code that follows. */
const waiting = (code: number) => `trap 'echo told; exit ${code}' TERM; echo up; while :; do sleep 0.1; done`;
/** Waits in the first attempt, and is done in the next. */
const firstWaiting = (code: number) =>
  `[ "$AICHOR_RESTART_ATTEMPT" = 0 ] || { echo again; exit 0; }; ${waiting(code)}`;

/** Submits, waits until a pod runs and has said something, and does something to it. */
async function disturb(place: Place, work: ClusterWork, what: (pod: Pod) => Promise<unknown>) {
  const id = await place.submit(work);
  const [pod] = await pods(place.namespace).until<Pod>(
    (items) => items.length > 0 && items.every(({ status }) => status?.phase === 'Running'),
    `${EXPERIMENT_LABEL}=${id}`,
  );
  if (pod === undefined) throw new Error('no pod');
  await place.until(id, ({ status }) => status === 'Running');
  await what(pod);
  return { id, record: await place.world.end(id), lines: await place.world.lines(id) };
}

onCluster('restarts', () => {
  test('of all pods when one fails; the log has every attempt', () =>
    inPlace(async ({ submit, world }) => {
      const command = `[ "$RANK" = 1 ] && [ "$AICHOR_RESTART_ATTEMPT" = 0 ] && { echo failing; exit 9; }; ${firstWaiting(143)}`;
      const id = await submit({ operator: 'pytorch', command, count: 3, spec: RETRIES });
      const record = await world.end(id);
      expect(record).toMatchObject({ status: 'Succeeded', attempt: 2 });
      for (const pod of record.pods) expect(pod).toMatchObject({ attempt: 2, status: 'Succeeded', exit_code: 0 });
      const lines = await world.lines(id);
      expect(textsOf(lines, 'worker-1-0', 1)).toEqual(['failing']);
      for (const pod of ['worker-0-0', 'worker-1-0', 'worker-2-0'])
        expect(textsOf(lines, pod, 2), pod).toEqual(['again']);
    })); // prettier-ignore

  test('until none is left', () =>
    inPlace(async ({ submit, world }) => {
      const command = 'echo "attempt $AICHOR_RESTART_ATTEMPT"; exit 4';
      const id = await submit({ command, spec: { restartPolicy: { backoffLimit: 1 } } });
      const record = await world.end(id);
      expect(record).toMatchObject({ status: 'Failed', attempt: 2 });
      expect(record.explanation).toContain('exited with code 4');
      const lines = await world.lines(id);
      expect([textsOf(lines, 'worker-0-0', 1), textsOf(lines, 'worker-0-0', 2)]).toEqual([['attempt 0'], ['attempt 1']]); // prettier-ignore
    }));
});

onCluster('an eviction', () => {
  test('is a failure like others to a jobset: it starts again', () =>
    inPlace(async (place) => {
      const work = { command: firstWaiting(143), spec: RETRIES };
      const { record, lines } = await disturb(place, work, ({ metadata }) => evict(place.namespace, metadata?.name ?? '')); // prettier-ignore
      expect(record).toMatchObject({ status: 'Succeeded', attempt: 2 });
      expect(textsOf(lines, 'worker-0-0', 1)).toEqual(['up', 'told']);
      expect(textsOf(lines, 'worker-0-0', 2)).toEqual(['again']);
    }));

  test.each(['jax', 'pytorch', 'xgboost'] as const)('is the end of a %s experiment', (operator) =>
    inPlace(async (place) => {
      const work = { operator, command: firstWaiting(143), count: 2, spec: RETRIES };
      const { record } = await disturb(place, work, ({ metadata }) => evict(place.namespace, metadata?.name ?? '')); // prettier-ignore
      expect(record).toMatchObject({ status: 'Failed', reason: 'Evicted', attempt: 1 });
      expect(record.explanation).toMatch(/worker-[01]-0/);
    }),
  );
});

onCluster('a pod that ends with 0 because it was told to', () => {
  const ways = {
    'evicted': evict,
    'deleted': (namespace: string, name: string) => pods(namespace).remove(name),
  }; // prettier-ignore

  test.each(Object.entries(ways))('%s: is no success', (_way, take) =>
    inPlace(async (place) => {
      const { record, lines } = await disturb(place, { command: waiting(0) }, ({ metadata }) =>
        take(place.namespace, metadata?.name ?? ''),
      );
      expect(record).toMatchObject({ status: 'Failed', reason: 'Evicted' });
      expect(textsOf(lines, 'worker-0-0', 1)).toEqual(['up', 'told']);
    }),
  );

  test.each(Object.entries(ways))('%s: starts again while attempts are left', (_way, take) =>
    inPlace(async (place) => {
      const work = { command: firstWaiting(0), spec: RETRIES };
      const { record, lines } = await disturb(place, work, ({ metadata }) =>
        take(place.namespace, metadata?.name ?? ''),
      );
      expect(record).toMatchObject({ status: 'Succeeded', attempt: 2 });
      expect(textsOf(lines, 'worker-0-0', 1)).toEqual(['up', 'told']);
      expect(textsOf(lines, 'worker-0-0', 2)).toEqual(['again']);
    }),
  );
});
