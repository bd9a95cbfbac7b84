/** FI-17: every line once, whatever becomes of the pod and of the control plane meanwhile. */
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { EXPERIMENT_LABEL, type Pod } from '../../src/engines/kubernetes/api/objects.ts';
import { moment } from '../faults/processes.ts';
import { chanceOf, seedsOf } from '../faults/seed.ts';
import { onCluster } from './harness/found.ts';
import { pods } from './harness/kubernetes.ts';
import { inPlace, type Place } from './harness/place.ts';

const LINES = 100_000;
/** More processor than others: it prints a lot. */
const RESOURCES = { cpus: 0.5, memory: 0.1 };
/** About three seconds of output; then the digest of it, and an end that fits. */
const PRINT = `
trap 'told=1' TERM
seq 1 ${LINES} | awk '{ print "line", $1, ($1 * 7919) % 104729; if ($1 % 10000 == 0) system("sleep 0.3") }' | tee /tmp/printed
sha256sum < /tmp/printed
[ -z "$told" ] || exit 143`;

async function expectAll({ world }: Place, id: string, pod = 'worker-0-0'): Promise<void> {
  const { stdout, stderr } = await world.aichor(['experiments', 'logs', id, '--raw', '--pod', pod]);
  const text = stdout.toString();
  const end = text.lastIndexOf('\n', text.length - 2) + 1;
  expect(text.slice(0, end).split('\n').length - 1, stderr).toBe(LINES);
  const digest = createHash('sha256').update(text.slice(0, end)).digest('hex');
  expect(text.slice(end).trim()).toBe(`${digest}  -`);
  const lines = (await world.lines(id)).filter((line) => line.pod === pod);
  expect(lines).toHaveLength(LINES + 1);
  expect(new Set(lines.map(({ sequence }) => sequence)).size).toBe(lines.length);
}

async function firstPod({ namespace }: Place, id: string): Promise<string> {
  const [pod] = await pods(namespace).until<Pod>(
    (items) => items.some(({ status }) => status?.phase === 'Running'),
    `${EXPERIMENT_LABEL}=${id}`,
  );
  return pod?.metadata?.name ?? '';
}

const work = (count = 1) => ({ command: PRINT, types: { worker: { count, resources: RESOURCES } } });

onCluster('the log is complete', () => {
  test('of pods that end by themselves', () =>
    inPlace(async (place) => {
      const id = await place.submit(work(2));
      expect(await place.world.end(id)).toMatchObject({ status: 'Succeeded' });
      await expectAll(place, id, 'worker-0-0');
      await expectAll(place, id, 'worker-1-0');
    }));

  test.each(seedsOf('delete a printing pod'))('of a pod that is deleted while it prints (seed %i)', (seed) =>
    inPlace(async (place) => {
      const chance = chanceOf(seed, 'delete a printing pod');
      const id = await place.submit(work());
      const name = await firstPod(place, id);
      await moment(chance.below(3000));
      await pods(place.namespace).remove(name);
      expect(await place.world.end(id)).toMatchObject({ status: 'Failed' });
      await expectAll(place, id);
    }),
  );

  test.each(seedsOf('kill while it prints'))(
    'over deaths of the control plane, and a deletion (seed %i)',
    (seed) =>
      inPlace(async (place) => {
        const chance = chanceOf(seed, 'kill while it prints');
        const id = await place.submit(work());
        const name = await firstPod(place, id);
        for (let deaths = 0; deaths < 3; deaths++) {
          await moment(chance.below(1000));
          await place.restart(() => moment(chance.below(300)));
        }
        await pods(place.namespace)
          .remove(name)
          .catch(() => undefined);
        await place.world.end(id);
        await expectAll(place, id);
      }),
  );

  test('of a pod that ended while there was no control plane', () =>
    inPlace(async (place) => {
      const id = await place.submit(work());
      await firstPod(place, id);
      await place.restart(async () => {
        await pods(place.namespace).until<Pod>((items) => items.every(({ status }) => status?.phase === 'Succeeded')); // prettier-ignore
      });
      expect(await place.world.end(id)).toMatchObject({ status: 'Succeeded' });
      await expectAll(place, id);
    }));

  test('of any bytes, with and without a last newline', () =>
    inPlace(async ({ submit, world }) => {
      // A carriage return before a newline is the runtime's to drop, and it does.
      const bytes = Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => byte !== 0);
      const printed = `${bytes.map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')}\\nno newline`;
      const id = await submit({ command: `printf '${printed}'` });
      expect(await world.end(id)).toMatchObject({ status: 'Succeeded' });
      const { stdout } = await world.aichor(['experiments', 'logs', id, '--raw', '--pod', 'worker-0-0']);
      expect(stdout).toEqual(Buffer.concat([Buffer.from(bytes), Buffer.from('\nno newline')]));
    }));

  test('and followed as it comes', () =>
    inPlace(async ({ submit, world }) => {
      const id = await submit({ command: 'for i in 1 2 3 4 5; do echo $i; sleep 0.3; done' });
      const { code, stdout } = await world.aichor(['experiments', 'logs', id, '--follow']);
      expect(code).toBe(0);
      const lines = stdout.toString().trim().split('\n').map((line) => JSON.parse(line)); // prettier-ignore
      expect(lines.filter(({ pod }) => pod === 'worker-0-0').map(({ text }) => text)).toEqual(['1', '2', '3', '4', '5']); // prettier-ignore
      const { stdout: last } = await world.aichor([
        'experiments',
        'logs',
        id,
        '--tail',
        '2',
        '--pod',
        'worker-0-0',
      ]);
      expect(last.toString().trim().split('\n')).toHaveLength(2);
    }));
});
