import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { createQueuePlaces } from '../../../../src/engines/kubernetes/watch/queue/queue-places.ts';
import { stubCluster } from './stub-cluster.ts';

const GROUP = '/apis/visibility.kueue.x-k8s.io';
const PENDING = `${GROUP}/v1beta2/namespaces/team/localqueues/main/pendingworkloads`;

/** A cluster that answers what the test has put there, and counts. */
function asking(found: Record<string, object>) {
  const asked: string[] = [];
  let now = 0;
  const places = createQueuePlaces(
    stubCluster({
      request(path) {
        asked.push(path);
        const body = found[path];
        const answer = Readable.from([Buffer.from(JSON.stringify(body ?? {}))]);
        return Promise.resolve(Object.assign(answer, { statusCode: body ? 200 : 404, headers: {} }) as never);
      },
    }),
    () => now,
  );
  return {
    asked,
    pass(ms: number) {
      now += ms;
    },
    /** As a look does it: what is known now, and once more when more is. */
    async place(workload: string): Promise<(number | null)[]> {
      let before: number | null = null;
      await new Promise<void>((resolve) => {
        before = places.of({ queue: 'main', workload }, resolve);
      });
      return [before, places.of({ queue: 'main', workload }, () => undefined)];
    },
    of: (workload: string) => places.of({ queue: 'main', workload }, () => undefined),
  };
}

const item = (name: string, positionInClusterQueue?: number) => ({
  metadata: { name },
  ...(positionInClusterQueue !== undefined && { positionInClusterQueue }),
});
const served = { [GROUP]: { versions: [{ version: 'v1beta2' }] } };

test('places are asked for once for a whole queue, and again when they are old', async () => {
  const summary = { items: [item('first'), item('second', 1)] };
  const queue = asking({ ...served, [PENDING]: summary });
  expect(await queue.place('second')).toEqual([null, 2]);
  expect([queue.of('first'), queue.of('gone')]).toEqual([1, null]);
  expect(queue.asked).toEqual([GROUP, PENDING]);
  summary.items = [item('second', 0)];
  queue.pass(5000);
  expect(await queue.place('second')).toEqual([2, 1]);
});

test('where nobody tells places there are none, and it is hardly ever asked', async () => {
  const queue = asking({});
  expect(await queue.place('first')).toEqual([null, null]);
  queue.pass(30_000);
  expect(queue.of('first')).toBeNull();
  expect(queue.asked).toEqual([GROUP]);
});
