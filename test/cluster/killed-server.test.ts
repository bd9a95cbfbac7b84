/** The control plane dies at moments of no choice, in the middle of everything; FI-44: also while a JobSet restarts. */
import { expect, test } from 'vitest';
import { EXPERIMENT_LABEL, type Pod } from '../../src/engines/kubernetes/api/objects.ts';
import type { ExperimentRecord } from '../../src/experiment/record.ts';
import { moment } from '../faults/processes.ts';
import { chanceOf, seedsOf } from '../faults/seed.ts';
import { textsOf } from '../faults/truth.ts';
import { onCluster } from './harness/found.ts';
import { jobsets, pods } from './harness/kubernetes.ts';
import { inPlace } from './harness/place.ts';
import type { ClusterWork } from './harness/work.ts';

/** About how long undisturbed work takes: where moments are chosen from. */
const SPAN_MS = 4000;
const DEATHS = 4;
const WORKING = 'trap "exit 143" TERM; for i in 1 2 3 4 5 6; do echo $i; sleep 0.2; done';
const PRINTED = ['1', '2', '3', '4', '5', '6'];
const RESOURCES = { cpus: 0.05, memory: 0.03 };

interface Case {
  work: ClusterWork;
  expected: object;
  /** What each of the last attempt's pods printed. */
  printed: readonly string[];
}

const CASES: Record<string, Case> = {
  'success': { work: { command: WORKING, count: 2 }, expected: { status: 'Succeeded', attempt: 1 }, printed: PRINTED },
  'pods one after the other': {
    work: { command: WORKING, types: { worker: { count: 1, completions: 3, parallelisms: 1, resources: RESOURCES } } },
    expected: { status: 'Succeeded', attempt: 1 },
    printed: PRINTED,
  },
  'failure': { work: { command: `${WORKING}; exit 3` }, expected: { status: 'Failed', reason: 'NonZeroExit' }, printed: PRINTED },
  'restarts': {
    work: { command: `${WORKING}; [ "$AICHOR_RESTART_ATTEMPT" = 2 ] || exit 6`, count: 2, spec: { restartPolicy: { backoffLimit: 2 } } },
    expected: { status: 'Succeeded', attempt: 3 },
    printed: PRINTED,
  },
  'timeout': { work: { command: `${WORKING}; sleep 1000 & wait`, spec: { timeout: '3s' } }, expected: { status: 'Failed', reason: 'DeadlineExceeded' }, printed: PRINTED },
}; // prettier-ignore

onCluster('kill -9 of the control plane, at any moment', () => {
  for (const [name, { work, expected, printed }] of Object.entries(CASES)) {
    test.each(seedsOf(`kill on the cluster: ${name}`))(`${name} (seed %i)`, (seed) =>
      inPlace(async ({ submit, world, restart, namespace }) => {
        const chance = chanceOf(seed, `kill on the cluster: ${name}`);
        const id = await submit(work);
        for (let death = 0; death < DEATHS; death++) {
          await moment(chance.below(SPAN_MS / DEATHS));
          await restart(() => moment(chance.below(500)));
        }
        const record = await world.end(id);
        expect(record, JSON.stringify(record.events)).toMatchObject(expected);
        const lines = await world.lines(id);
        for (const { pod, attempt } of record.pods)
          expect(textsOf(lines, pod, attempt), `${pod} ${JSON.stringify(record)}`).toEqual(printed);
        expectOrder(record);
        expect((await jobsets(namespace).list()).length, 'created once').toBeLessThan(2);
      }),
    );
  }

  test.each(seedsOf('kill while it is cancelled'))('cancelling (seed %i)', (seed) =>
    inPlace(async (place) => {
      const { submit, world, restart, namespace } = place;
      const chance = chanceOf(seed, 'kill while it is cancelled');
      const command =
        'trap "echo told; sleep 1; echo last; exit 143" TERM; echo up; while :; do sleep 0.1; done';
      const id = await submit({ command, count: 2 });
      await place.until(id, ({ pods: all }) => all.every(({ status }) => status === 'Running'));
      await world.client.cancel({ ids: [id] });
      await moment(chance.below(1200));
      await restart(() => moment(chance.below(2000)));
      const record = await world.end(id);
      expect(record).toMatchObject({ status: 'Cancelled' });
      const lines = await world.lines(id);
      // A container's log goes with its pod: what it says while nobody reads is lost, and is said to be.
      for (const pod of ['worker-0-0', 'worker-1-0'])
        expect(['up', 'told', 'last'].slice(0, textsOf(lines, pod).length)).toEqual(textsOf(lines, pod));
      await pods(namespace).until((items) => items.length === 0);
    }),
  );
});

onCluster('a deadline that passes while there is no control plane', () => {
  test('ends the experiment, with what it had printed until then', () =>
    inPlace(async (place) => {
      // They end at once when they are told, and their logs with them.
      const command = 'trap "exit 143" TERM; echo up; sleep 1000 & wait';
      const id = await place.submit({ command, count: 2, spec: { timeout: '2s' } });
      await pods(place.namespace).until<Pod>(
        (items) => items.length === 2 && items.every(({ status }) => status?.phase === 'Running'),
        `${EXPERIMENT_LABEL}=${id}`,
      );
      await place.restart(() => moment(2500));
      const record = await place.world.end(id);
      expect(record).toMatchObject({ status: 'Failed', reason: 'DeadlineExceeded' });
      const lines = await place.world.lines(id);
      for (const pod of ['worker-0-0', 'worker-1-0']) expect(textsOf(lines, pod)).toEqual(['up']);
    }));
});

onCluster('FI-44: a JobSet that restarts', () => {
  test('while there is no control plane: attempts go on, nothing is told twice, the log has what the cluster kept', () =>
    inPlace(async (place) => {
      const { submit, world, namespace, restart } = place;
      const command = 'echo "attempt $AICHOR_RESTART_ATTEMPT"; sleep 1; [ "$AICHOR_RESTART_ATTEMPT" = 2 ] || exit 6';
      const id = await submit({ command, count: 2, spec: { restartPolicy: { backoffLimit: 2 } } });
      await place.until(id, ({ status }) => status === 'Running');
      // Our finalizer holds a restart back until somebody has seen how the pods ended.
      await restart(async () => {
        await pods(namespace).until<Pod>(
          (items) => items.length > 0 && items.every(({ status }) => status?.phase === 'Failed'),
          `${EXPERIMENT_LABEL}=${id}`,
        );
      });
      const record = await world.end(id);
      expect(record).toMatchObject({ status: 'Succeeded', attempt: 3 });
      const lines = await world.lines(id);
      for (const attempt of [1, 2, 3])
        for (const pod of ['worker-0-0', 'worker-1-0'])
          expect(textsOf(lines, pod, attempt), `${pod}, attempt ${attempt}`).toEqual([`attempt ${attempt - 1}`]);
      expectOrder(record);
    }));
}); // prettier-ignore

/** Attempts count up, and each is told once. */
function expectOrder({ events }: ExperimentRecord): void {
  const attempts = events.filter(({ type }) => type === 'attempt').map(({ message }) => message);
  expect(attempts).toEqual([...new Set(attempts)]);
  expect(events.filter(({ type }) => type === 'ended')).toHaveLength(1);
  expect(events.at(-1)?.type).toBe('ended');
}
