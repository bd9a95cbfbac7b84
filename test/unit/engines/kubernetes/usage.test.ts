import { expect, it } from 'vitest';
import { RESOURCES, type Resource } from '../../../../src/engines/kubernetes/api/objects.ts';
import { clusterUsage } from '../../../../src/engines/kubernetes/pod/usage.ts';
import { viewAttempt } from '../../../../src/engines/kubernetes/status/attempt-view.ts';
import { NO_MEMORY } from '../../../../src/engines/kubernetes/status/model.ts';
import { JOBSET } from '../../../../src/engines/kubernetes/workload/jobset.ts';
import { EXPERIMENT, observing, planWith, pod, RESOURCES as ASKED } from './pods.ts';
import { stubCluster } from './stub-cluster.ts';

const plan = planWith('jobset', `{worker: {count: 3, ${ASKED}}}`);

const named = (name: string) => ({
  metadata: { name },
  containers: [{ usage: { cpu: '1500m', memory: '2Mi' } }, { usage: { cpu: '250000000n', memory: '1Ki' } }],
});

it('what pods take is read from the metrics API, of those that are there, which are not asked for again', async () => {
  const observed = observing({ pods: [pod(1), pod(2)], gone: [pod(0)] });
  const workloads = [{ uid: 'jobset-1', offset: 0 }];
  const known = { plan, workload: JOBSET, experimentId: EXPERIMENT, observed, now: new Date(0) };
  const { objects } = viewAttempt({ ...known, workloads, memory: NO_MEMORY, told: null });
  const asked: Resource[] = [];
  const cluster = stubCluster({
    async list(resource) {
      asked.push(resource);
      const items = [pod(0), pod(1), { metadata: { name: 'another' } }].map((each) =>
        named(each.metadata?.name ?? ''),
      );
      return { items: items as never[], resourceVersion: '1' };
    },
  });
  expect(await clusterUsage(cluster, EXPERIMENT, objects)).toEqual([
    { pod: 'worker-1-0', cpus: 1.75, memory_bytes: 2 * 2 ** 20 + 1024, gpu: null, gpu_memory_bytes: null },
  ]);
  expect(asked).toEqual([RESOURCES.podMetrics]);
});
