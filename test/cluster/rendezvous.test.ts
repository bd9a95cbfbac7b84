/** Pods of an experiment find each other by name and talk. */
import { expect, test } from 'vitest';
import { onCluster } from './harness/found.ts';
import { inPlace } from './harness/place.ts';

/** The first rank answers whoever tells it its rank; the others ask until they are answered. */
const RANKS = `
if [ "$RANK" = 0 ]; then
  printf 'read rank; echo "$rank" >> /tmp/told; echo "hello $rank"\\n' > /tmp/answer
  nc -ll -p "$MASTER_PORT" -e sh /tmp/answer &
  until [ "$(cat /tmp/told 2>/dev/null | sort -u | wc -l)" = $((WORLD_SIZE - 1)) ]; do sleep 0.1; done
  sleep 0.5
  sort -u /tmp/told
else
  until answer=$(echo "$RANK" | nc -w 2 "$MASTER_ADDR" "$MASTER_PORT" 2>/dev/null) && [ -n "$answer" ]; do sleep 0.1; done
  echo "$answer"
fi`;

/** Everyone answers with its name; everyone asks everyone, and leaves when all have asked it. */
const EVERYBODY = `
printf 'echo x >> /tmp/asked; hostname\\n' > /tmp/answer
nc -ll -p 7000 -e sh /tmp/answer &
for name in $NAMES; do
  until answer=$(nc -w 2 "$JOBSET_NAME-$name.$JOBSET_NAME" 7000 </dev/null 2>/dev/null) && [ -n "$answer" ]; do sleep 0.1; done
  echo "\${answer#$JOBSET_NAME-}"
done
until [ "$(wc -l < /tmp/asked)" -ge $(echo $NAMES | wc -w) ]; do sleep 0.1; done
sleep 0.5`;

onCluster('a rendezvous', () => {
  test('of ranks over TCP, by the address of the first', () =>
    inPlace(async ({ submit, world }) => {
      const id = await submit({ operator: 'pytorch', command: RANKS, count: 4 });
      expect(await world.end(id)).toMatchObject({ status: 'Succeeded' });
      const lines = (await world.lines(id)).map(({ pod, text }) => `${pod}: ${text}`);
      expect(lines.filter((line) => line.startsWith('worker-')).sort()).toEqual([
        ...['worker-0-0: 1', 'worker-0-0: 2', 'worker-0-0: 3'],
        ...['worker-1-0: hello 1', 'worker-2-0: hello 2', 'worker-3-0: hello 3'],
      ]);
    }));

  test('of all jobs and pods of a jobset, each by its own name', () =>
    inPlace(async ({ submit, world }) => {
      const resources = { cpus: 0.05, memory: 0.03 };
      const names = ['server-0-0', 'worker-0-0', 'worker-0-1', 'worker-1-0', 'worker-1-1'];
      const types = {
        server: { count: 1, resources },
        worker: { count: 2, completions: 2, parallelisms: 2, resources },
      };
      const id = await submit({ command: EVERYBODY, types, spec: { env: { NAMES: names.join(' ') } } });
      expect(await world.end(id)).toMatchObject({ status: 'Succeeded' });
      const lines = (await world.lines(id)).filter(({ step }) => step === 'run');
      for (const name of names)
        expect(lines.filter(({ pod }) => pod === name).map(({ text }) => text)).toEqual(names);
    }));
});
