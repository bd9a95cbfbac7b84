import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { readDocument } from '../../../../src/engines/kubernetes/api/document.ts';
import { QUEUE_LABEL, type Resource } from '../../../../src/engines/kubernetes/api/objects.ts';
import { createQueueWatch } from '../../../../src/engines/kubernetes/watch/queue/queue-watch.ts';
import { stubCluster } from './stub-cluster.ts';

/** A cluster that gives one of these answers after the other. */
function answering(...bodies: Readable[]) {
  return stubCluster({
    request: () =>
      Promise.resolve(Object.assign(bodies.shift() ?? Readable.from([]), { statusCode: 200 }) as never),
  });
}

const text = (body: string) => Readable.from([Buffer.from(body)]);
const cutOff = () =>
  new Readable({
    read() {
      this.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
    },
  });

test.each([
  ['breaks off', cutOff, 'ECONNRESET'],
  ['is the page of a proxy', () => text('<html>sign in</html>'), 'Broken'],
])('a document that %s is no answer of the cluster', async (_, body, reason) => {
  const asked = readDocument(answering(body()), '/version');
  await expect(asked).rejects.toMatchObject({ name: 'ClusterError', status: 0, reason });
});

test('who breaks off the reading of a document is told their own reason', async () => {
  const reason = new Error('enough');
  const body = new Readable({ read: () => body.destroy(reason) });
  const asked = readDocument(answering(body), '/version', { signal: AbortSignal.abort(reason) });
  await expect(asked).rejects.toBe(reason);
});

test('queues are watched, though the cluster told at first nothing of use of them', async () => {
  const versions = JSON.stringify({ versions: [{ version: 'v1beta2' }] });
  const started: Resource[] = [];
  let isClosed = false;
  const watch = createQueueWatch(answering(cutOff(), text('<html>'), text(versions)), (resource) => {
    started.push(resource);
    return { close: () => (isClosed = true) } as never;
  });
  const object = { metadata: { labels: { [QUEUE_LABEL]: 'main' } } };
  await expect
    .poll(() => {
      watch.look([{ type: 'set', object } as never]);
      return started.length;
    })
    .toBe(1);
  expect(started).toMatchObject([{ plural: 'workloads', version: 'v1beta2' }]);
  watch.close();
  expect(isClosed).toBe(true);
});
