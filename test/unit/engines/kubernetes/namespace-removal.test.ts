import { describe, expect, test } from 'vitest';
import { ClusterError } from '../../../../src/engines/kubernetes/api/cluster-error.ts';
import type { Cluster } from '../../../../src/engines/kubernetes/api/cluster.ts';
import { namespaceRemoval } from '../../../../src/engines/kubernetes/end/namespace-removal.ts';

const there = { metadata: { name: 'team' } };
const going = { metadata: { name: 'team', deletionTimestamp: '2026-01-01T00:00:00Z' } };

function clusterWith(found: object | null | Error): Pick<Cluster, 'get' | 'namespace'> {
  const get: Cluster['get'] = () =>
    found instanceof Error ? Promise.reject(found) : Promise.resolve(found as never);
  return { namespace: 'team', get };
}

describe('pods that were taken away', () => {
  test.each([
    ['with their namespace', going, 'RemovedOutside'],
    ['with a namespace that is gone', null, 'RemovedOutside'],
    ['from a namespace that stays', there, null],
    ['from one that may not be looked at', new ClusterError(403, 'Forbidden', 'no'), null],
  ])('%s', async (_what, found, reason) => {
    const explanation = await namespaceRemoval(clusterWith(found), { reason: 'Evicted' });
    expect(explanation?.reason ?? null).toBe(reason);
  });
});

test('nobody asks for what failed by itself', async () => {
  const asked = namespaceRemoval(clusterWith(new Error('asked')), { reason: 'NonZeroExit' });
  expect(await asked).toBeNull();
});
