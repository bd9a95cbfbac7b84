import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NO_MEMORY, type AttemptMemory } from '../../../../src/engines/kubernetes/status/model.ts';
import { workloadOf } from '../../../../src/engines/kubernetes/workload/choose-workload.ts';
import { placePods } from '../../../../src/engines/kubernetes/status/place-pods.ts';
import type { ObservedRayJob, Pod } from '../../../../src/engines/kubernetes/api/objects.ts';
import { NAME, observing, planWith, RESOURCES, second } from './pods.ts';

const plan = planWith('kuberay', `{Head: {${RESOURCES}}, Workers: [{name: cpus, count: 3, ${RESOURCES}}]}`, [
  'rayVersion: "2.52.1"',
]);

function worker(
  uid: string,
  made: number,
  more: { cluster?: string; index?: number; deleting?: boolean } = {},
): Pod {
  const { cluster = `${NAME}-one`, index, deleting = false } = more;
  const labels = {
    ...{ 'ray.io/cluster': cluster, 'ray.io/node-type': 'worker', 'ray.io/group': 'cpus' },
    ...(index === undefined ? {} : { 'ray.io/worker-group-replica-index': String(index) }),
  };
  const deletion = deleting ? { deletionTimestamp: second(50) } : {};
  return { metadata: { name: uid, uid, labels, creationTimestamp: second(made), ...deletion } };
}

function rayjob(status: NonNullable<ObservedRayJob['status']>): ObservedRayJob {
  return { metadata: { name: NAME, uid: 'rayjob-1' }, status };
}

const NOW = new Date('2026-01-01T01:00:00Z');

interface Placing {
  gone?: Pod[];
  memory?: AttemptMemory;
  status?: NonNullable<ObservedRayJob['status']>;
}

function place(
  pods: Pod[],
  { gone = [], memory = NO_MEMORY, status = { rayClusterName: `${NAME}-one` } }: Placing = {},
) {
  const observed = observing({ jobset: null, rayjob: rayjob(status), pods, gone });
  const found = placePods({
    ...{ plan, workload: workloadOf(plan), observed, memory },
    workloads: [{ uid: 'rayjob-1', offset: 0 }],
    now: NOW,
  });
  const names = Object.fromEntries(
    found.placed.map(({ object }) => [object.uid, `${object.attempt} ${object.pod}`]),
  );
  return { names, memory: found.memory };
}

test('workers have the numbers that KubeRay gave them', () => {
  const { names } = place([worker('a', 1, { index: 2 }), worker('b', 1, { index: 0 })]);
  expect(names).toEqual({ a: '1 cpus-2-0', b: '1 cpus-0-0' });
});

test('hosts of a slice are told apart', () => {
  const tpu = 'accelerators: {tpu: {type: tpu-v4-podslice, topology: 2x2x2, tpuChipsCount: 4}}';
  const slices = planWith(
    'kuberay',
    `{Head: {${RESOURCES}}, Workers: [{name: cpus, count: 2, resources: {cpus: 2, memory: 8, shmSizeGB: 0, ${tpu}}}]}`,
    ['rayVersion: "2.52.1"'],
  );
  const host = worker('a', 1, { index: 1 });
  host.metadata = {
    ...host.metadata,
    labels: { ...host.metadata?.labels, 'ray.io/replica-host-index': '1' },
  };
  const observed = observing({
    jobset: null,
    rayjob: rayjob({ rayClusterName: `${NAME}-one` }),
    pods: [host],
  });
  const { placed } = placePods({
    ...{ plan: slices, workload: workloadOf(slices), observed },
    ...{ workloads: [], memory: NO_MEMORY, now: NOW },
  });
  expect(placed.map(({ object }) => object.pod)).toEqual(['cpus-1-1']);
});

test('without numbers they are counted by creation, and keep their number while others come and go', () => {
  const first = place([worker('b', 2), worker('a', 1), worker('c', 3)]);
  expect(first.names).toEqual({ a: '1 cpus-0-0', b: '1 cpus-1-0', c: '1 cpus-2-0' });
  const later = place([worker('c', 3), worker('d', 4)], { gone: [worker('b', 2)], memory: first.memory });
  expect(later.names).toEqual({ b: '1 cpus-1-0', c: '1 cpus-2-0', d: '1 cpus-0-0' });
});

test('no two pods that are there ever have one name, in whatever order they come and go', () => {
  const steps = fc.array(fc.record({ leaves: fc.nat(2), told: fc.boolean() }), { maxLength: 12 });
  fc.assert(
    fc.property(steps, (turns) => {
      let pods = ['a', 'b', 'c'].map((uid, made) => worker(uid, made));
      let memory: AttemptMemory = NO_MEMORY;
      const known = new Map<string, string>();
      for (const [turn, { leaves, told }] of turns.entries()) {
        const found = place(told ? pods : pods.toReversed(), { memory });
        memory = found.memory;
        const names = Object.entries(found.names);
        expect(new Set(names.map(([, name]) => name)).size).toBe(names.length);
        for (const [uid, name] of names) expect(known.get(uid) ?? name).toBe(name);
        for (const [uid, name] of names) known.set(uid, name);
        pods = [...pods.filter((_, index) => index !== leaves), worker(`n${turn}`, turn + 10)];
      }
    }),
  );
});

test('each cluster is an attempt of its own; one that the RayJob does not name yet is the next', () => {
  const first = place([worker('a', 1, { index: 0 })]);
  const retrying = { rayClusterName: `${NAME}-one`, jobDeploymentStatus: 'Retrying', failed: 1 };
  const pods = [
    worker('a', 1, { index: 0, deleting: true }),
    worker('z', 9, { index: 0, cluster: `${NAME}-two` }),
  ];
  const early = place(pods, { memory: first.memory, status: retrying });
  expect(early.names).toEqual({ a: '1 cpus-0-0', z: '2 cpus-0-0' });
  const named = place(pods, { memory: early.memory, status: { rayClusterName: `${NAME}-two`, failed: 1 } });
  expect(named.names).toEqual({ a: '1 cpus-0-0', z: '2 cpus-0-0' });
});

test('a server that knows nothing any more finds the attempts again', () => {
  const pods = [
    worker('a', 1, { index: 0, deleting: true }),
    worker('z', 9, { index: 0, cluster: `${NAME}-two` }),
  ];
  const found = place(pods, { status: { rayClusterName: `${NAME}-two`, failed: 1 } });
  expect(found.names).toEqual({ a: '1 cpus-0-0', z: '2 cpus-0-0' });
});

/** The pod that hands the job in: it has no label of its cluster. */
function submitter(uid: string, made: number, cluster: string): Pod {
  const value = `http://${cluster}-head-svc.team.svc.cluster.local:8265`;
  return {
    metadata: { name: uid, uid, labels: { 'aichor.io/type': 'submitter' }, creationTimestamp: second(made) },
    spec: {
      containers: [{ name: 'ray-job-submitter', env: [{ name: 'RAY_DASHBOARD_ADDRESS', value }] }],
    },
  };
}

test('a submitter is of the attempt of the cluster that it speaks to, whenever it was created', () => {
  const pods = [
    worker('a', 1, { index: 0, deleting: true }),
    worker('z', 9, { index: 0, cluster: `${NAME}-two` }),
    submitter('late', 10, `${NAME}-one`),
    submitter('own', 11, `${NAME}-two`),
  ];
  const first = place([worker('a', 1, { index: 0 })]);
  const status = { rayClusterName: `${NAME}-two`, failed: 1 };
  const { names } = place(pods, { memory: first.memory, status });
  expect(names).toEqual({
    a: '1 cpus-0-0',
    z: '2 cpus-0-0',
    late: '1 submitter-0-0',
    own: '2 submitter-0-0',
  });
});
