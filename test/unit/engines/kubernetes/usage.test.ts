import { expect, it } from 'vitest';
import { clusterUsage } from '../../../../src/engines/kubernetes/pod/usage.ts';
import { pod } from './pods.ts';
import { stubCluster } from './stub-cluster.ts';

it('what pods take is read from the metrics API, of those whose labels say which they are', async () => {
  const labelled = pod(1);
  labelled.metadata = { ...labelled.metadata, name: 'a' };
  labelled.metadata.labels = { ...labelled.metadata.labels, 'aichor.io/type': 'worker' };
  const metrics = {
    metadata: { name: 'a' },
    containers: [{ usage: { cpu: '1500m', memory: '2Mi' } }, { usage: { cpu: '250000000n', memory: '1Ki' } }],
  };
  const cluster = stubCluster({
    list: async ({ group }) => ({
      items: (group === 'metrics.k8s.io' ? [metrics] : [labelled, pod(2)]) as never[],
      resourceVersion: '1',
    }),
  });
  expect(await clusterUsage(cluster, 'x')).toEqual([
    { pod: 'worker-1-0', cpus: 1.75, memory_bytes: 2 * 2 ** 20 + 1024, gpu: null },
  ]);
});
