import { expect, test } from 'vitest';
import type { Pod } from '../../../../src/engines/kubernetes/api/objects.ts';
import { see } from '../../../../src/engines/kubernetes/pod/seen-pod.ts';

const NOTHING = { state: null, lastState: null, restarts: 0 };

const full: Pod = {
  metadata: {
    name: 'experiment-1-worker-0-0-abcde',
    uid: 'u',
    resourceVersion: '7',
    creationTimestamp: '2026-01-01T00:00:00Z',
    deletionTimestamp: '2026-01-01T00:01:00Z',
    deletionGracePeriodSeconds: 30,
    labels: { l: '1', 'ray.io/group': 'cpus' },
    annotations: {
      'jobset.sigs.k8s.io/job-index': '3',
      'kubectl.kubernetes.io/last-applied-configuration': 'x'.repeat(1000),
    },
    finalizers: ['f'],
    ownerReferences: [
      { apiVersion: 'v1', kind: 'X', name: 'x', uid: 'other' },
      { apiVersion: 'batch/v1', kind: 'Job', name: 'j', uid: 'job', controller: true },
    ],
    managedFields: [{ manager: 'aichor' }],
  },
  spec: {
    nodeName: 'n',
    restartPolicy: 'Always',
    nodeSelector: { disk: 'ssd' },
    volumes: [{ name: 'v' }],
    containers: [
      { name: 'proxy', image: 'p' },
      { name: 'main', image: 'i', env: [{ name: 'TOKEN', value: 'hidden' }] },
    ],
    initContainers: [
      Object.assign({ name: 'agent', command: ['x'] }, { restartPolicy: 'Always' }),
      { name: 'fetch' },
    ],
  },
  status: {
    phase: 'Running',
    containerStatuses: [
      { name: 'main', image: '', imageID: '', ready: true, restartCount: 2, state: { running: {} } },
    ],
  },
};

test('of a pod is kept what is asked for, and nothing of what it was given', () => {
  expect(see(full)).toEqual({
    uid: 'u',
    name: 'experiment-1-worker-0-0-abcde',
    version: '7',
    createdAt: '2026-01-01T00:00:00Z',
    labels: { l: '1', 'ray.io/group': 'cpus', 'jobset.sigs.k8s.io/job-index': '3' },
    finalizers: ['f'],
    controller: 'job',
    deletion: { at: '2026-01-01T00:01:00Z', graceS: 30 },
    node: 'n',
    restartPolicy: 'Always',
    selectors: { disk: 'ssd' },
    gates: [],
    phase: 'Running',
    reason: null,
    message: null,
    startedAt: null,
    conditions: [],
    main: { name: 'main', image: 'i', state: { running: {} }, lastState: null, restarts: 2 },
    init: [{ name: 'fetch', image: null, ...NOTHING }],
    sidecars: [{ name: 'agent', image: null, ...NOTHING }],
    beside: [{ name: 'proxy', image: 'p', ...NOTHING }],
    dashboardAddress: null,
  });
  expect(JSON.stringify(see(full))).not.toMatch(/hidden|aichor|xxx/);
});

test.each([
  ['ours, wherever it stands', ['proxy', 'ray-worker'], 'ray-worker'],
  ['ours, though another one has a name that we use elsewhere', ['main', 'ray-head'], 'ray-head'],
  ['the command, though something beside it is called so', ['build', 'tensorboard', 'main'], 'main'],
  ['the first, where none has a name of ours', ['a', 'b'], 'a'],
])('the container that does the work is %s', (_, names, expected) => {
  expect(see({ spec: { containers: names.map((name) => ({ name })) } }).main.name).toBe(expected);
});

test('a submitter of Ray knows where its cluster is', () => {
  const env = [{ name: 'RAY_DASHBOARD_ADDRESS', value: 'http://a-head-svc:8265' }];
  const pod = { spec: { containers: [{ name: 'ray-job-submitter', env }] } };
  expect(see(pod).dashboardAddress).toBe('http://a-head-svc:8265');
});

test('is plain data: written and read again it is the same', () => {
  expect(JSON.parse(JSON.stringify(see(full)))).toEqual(see(full));
});
