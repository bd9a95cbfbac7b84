import { describe, expect, test } from 'vitest';
import { ClusterError } from '../../../../src/engines/kubernetes/api/cluster-error.ts';
import { queueFacts, queueFindings } from '../../../../src/engines/kubernetes/fit/namespace/fit-queue.ts';
import { renderJobSet } from '../../../../src/render/kubernetes/jobset.ts';
import {
  DEFAULT_SETTINGS,
  type KubernetesSettings,
} from '../../../../src/render/kubernetes/settings/settings.ts';
import { EXPERIMENT, planWith, RESOURCES } from './pods.ts';
import { documents, stubCluster } from './stub-cluster.ts';

const TYPES = `{worker: {count: 1, ${RESOURCES}}}`;
const plain = planWith('jobset', TYPES);
const urgent = planWith('jobset', TYPES, ['queuePriority: high']);
const queued = { ...DEFAULT_SETTINGS, queue: 'main' };

/** A namespace with the queue `main`, and priorities of the cluster; null: those may not be looked at. */
function cluster({ priorities, queue = 'main' }: { priorities: string[] | null; queue?: string }) {
  return stubCluster({
    request: documents({ '/apis/kueue.x-k8s.io': { versions: [{ version: 'v1beta2' }] } }),
    get: (_, name) => Promise.resolve(name === queue ? ({ metadata: { name } } as never) : null),
    list() {
      if (priorities === null) throw new ClusterError(403, 'Forbidden', 'no');
      const items = priorities.map((name) => ({ metadata: { name } }));
      return Promise.resolve({ items, resourceVersion: '1' } as never);
    },
  });
}

async function found(plan: typeof plain, settings: KubernetesSettings, has: Parameters<typeof cluster>[0]) {
  const facts = await queueFacts(cluster(has), { plan, settings });
  const findings = queueFindings(plan, facts, { engine: 'gpu', settings, namespace: 'team' });
  return findings.map(({ code, path, message, hint }) => [code, path.join('.'), message, hint]);
}

describe('the priority that a manifest has in the queue', () => {
  test.each([
    ['is there', urgent, queued, { priorities: ['high', 'low'] }, []],
    ['cannot be looked at', urgent, queued, { priorities: null }, []],
    ['is not wanted', plain, queued, { priorities: [] }, []],
    [
      'is written wrong',
      urgent,
      queued,
      { priorities: ['higher', 'low'] },
      [
        [
          'engine-queue',
          'spec.queuePriority',
          'there is no WorkloadPriorityClass high',
          'did you mean "higher"? there are higher, low',
        ],
      ],
    ],
    [
      'is the engine’s, and not there',
      plain,
      { ...queued, queue_priority: 'gone' },
      { priorities: [] },
      [
        [
          'engine-queue',
          'spec',
          'there is no WorkloadPriorityClass gone, which the engine gpu names (queue_priority)',
          'there are none',
        ],
      ],
    ],
    [
      'has no queue to count in',
      urgent,
      DEFAULT_SETTINGS,
      { priorities: [] },
      [
        [
          'engine-no-queue',
          'spec.queuePriority',
          'spec.queuePriority has no effect: the engine gpu uses no queue',
          'leave it out, or name another engine',
        ],
      ],
    ],
    [
      'has a queue that is not there',
      urgent,
      queued,
      { priorities: ['high'], queue: 'other' },
      [
        [
          'engine-queue',
          'spec',
          'the engine gpu uses the queue main, but there is no LocalQueue main in team',
          'aichor engines check gpu says who can change that',
        ],
      ],
    ],
  ])('%s', async (_case, plan, settings, has, expected) => {
    expect(await found(plan, settings, has)).toEqual(expected);
  });

  test.each([
    ['the manifest’s before the engine’s', urgent, 'low', 'high'],
    ['the engine’s where the manifest has none', plain, 'low', 'low'],
  ])('is %s', (_case, plan, own, label) => {
    const settings = { ...queued, queue_priority: own };
    const jobset = renderJobSet({ plan, settings, experimentId: EXPERIMENT, project: 'p' });
    expect(jobset?.metadata.labels).toMatchObject({
      'kueue.x-k8s.io/queue-name': 'main',
      'kueue.x-k8s.io/priority-class': label,
    });
  });
});

describe('what a queue could ever give', () => {
  const four = planWith('jobset', `{worker: {count: 4, ${RESOURCES}}}`);
  const flavors = [
    {
      name: 'small',
      resources: [
        { name: 'cpu', nominalQuota: '2' },
        { name: 'memory', nominalQuota: '1Ti' },
      ],
    },
    {
      name: 'large',
      resources: [
        { name: 'cpu', nominalQuota: '4' },
        { name: 'memory', nominalQuota: '1Ti' },
      ],
    },
  ];
  const queueWith = (spec: object) =>
    stubCluster({
      request: documents({ '/apis/kueue.x-k8s.io': { versions: [{ version: 'v1beta2' }] } }),
      get({ kind }) {
        const found =
          kind === 'LocalQueue' ? { clusterQueue: 'all' } : { resourceGroups: [{ flavors }], ...spec };
        return Promise.resolve({ spec: found } as never);
      },
    });
  async function findings(plan: typeof plain, spec: object = {}) {
    const facts = await queueFacts(queueWith(spec), { plan, settings: queued });
    return queueFindings(plan, facts, { engine: 'gpu', settings: queued, namespace: 'team' });
  }

  test('is a bound over all of its flavors', async () => {
    expect(await findings(four)).toMatchObject([
      {
        code: 'engine-quota',
        path: ['spec', 'types'],
        message:
          'the queue main has 6 of cpu in all (ClusterQueue all), and this experiment needs 8: it would never be let go',
      },
    ]);
    expect(await findings(planWith('jobset', `{worker: {count: 3, ${RESOURCES}}}`))).toEqual([]);
  });

  test('is enough where all of it is needed, in thousandths', async () => {
    const plan = planWith('jobset', '{worker: {count: 3, resources: {cpus: 0.1, memory: 8, shmSizeGB: 0}}}');
    const room = (nominalQuota: string) => ({
      resourceGroups: [{ flavors: [{ name: 'f', resources: [{ name: 'cpu', nominalQuota }] }] }],
    });
    expect(await findings(plan, room('300m'))).toEqual([]);
    expect(await findings(plan, room('299m'))).toMatchObject([{ code: 'engine-quota' }]);
  });

  test.each([
    ['it may borrow', { cohortName: 'c' }],
    ['it may borrow, as older versions say it', { cohort: 'c' }],
    [
      'it counts something else',
      {
        resourceGroups: [
          { flavors: [{ name: 'f', resources: [{ name: 'nvidia.com/gpu', nominalQuota: '0' }] }] },
        ],
      },
    ],
  ])('is none where %s', async (_, spec) => {
    expect(await findings(four, spec)).toEqual([]);
  });
});
