import { expect, test } from 'vitest';
import { viewAttempt } from '../../../../src/engines/kubernetes/status/attempt-view.ts';
import { NO_MEMORY } from '../../../../src/engines/kubernetes/status/model.ts';
import { workloadOf } from '../../../../src/engines/kubernetes/workload/choose-workload.ts';
import type { Event, ObservedRayJob, Pod } from '../../../../src/engines/kubernetes/api/objects.ts';
import type { Observed } from '../../../../src/engines/kubernetes/watch/observed.ts';
import {
  container,
  EXPERIMENT,
  jobset,
  NAME,
  observing,
  planWith,
  pod,
  RESOURCES,
  running,
  second,
  warning,
} from './pods.ts';

const three = planWith('jobset', `{worker: {count: 3, ${RESOURCES}}}`);
const ray = planWith('kuberay', `{Head: {${RESOURCES}}, Workers: [{name: cpus, count: 2, ${RESOURCES}}]}`, [
  'rayVersion: "2.52.1"',
]);

function waiting(observed: Observed, plan = three) {
  const workloads = [{ uid: 'jobset-1', offset: 0 }];
  const input = {
    plan,
    workload: workloadOf(plan),
    experimentId: EXPERIMENT,
    observed,
    workloads,
    memory: NO_MEMORY,
    told: null,
    now: new Date(0),
  };
  return viewAttempt(input).waiting;
}

function waits(reason: string, message?: string): Pod['status'] {
  return {
    phase: 'Pending',
    startTime: second(3),
    containerStatuses: [container({ waiting: { reason, ...(message === undefined ? {} : { message }) } })],
  };
}

const aboutPod = (index: number) => ({
  kind: 'Pod',
  uid: `pod-${index}`,
  name: `${NAME}-worker-${index}-0-abcde`,
});

test.each<[string, Pod['status'], string, string | null, string]>([
  [
    'ErrImagePull',
    waits('ErrImagePull', 'not found'),
    'its image cannot be pulled: not found; check',
    'ImageNotFound',
    'limited',
  ],
  [
    'ImagePullBackOff',
    waits('ImagePullBackOff', 'Back-off'),
    'its image cannot be pulled: Back-off; check',
    'ImageNotFound',
    'limited',
  ],
  [
    'ErrImageNeverPull',
    waits('ErrImageNeverPull', 'absent'),
    'absent; put the image on the nodes',
    'ImageNotFound',
    'none',
  ],
  [
    'InvalidImageName',
    waits('InvalidImageName', 'bad'),
    'host/i:1 is no name of an image: bad',
    'ImageNotFound',
    'none',
  ],
  [
    'CreateContainerConfigError',
    waits('CreateContainerConfigError', 'secret "s" not found'),
    'its container cannot be made: secret "s" not found',
    'StartFailed',
    'limited',
  ],
  [
    'CreateContainerConfigError, of a user by name',
    waits('CreateContainerConfigError', 'container has runAsNonRoot and image has non-numeric user (app)'),
    'its container cannot be made: container has runAsNonRoot and image has non-numeric user (app); give the image a user with a number other than 0 (USER 1000), or set spec.securityContext.runAsUser',
    'StartFailed',
    'limited',
  ],
  [
    'CreateContainerError',
    waits('CreateContainerError', 'no such user'),
    'its container cannot be made: no such user',
    'StartFailed',
    'limited',
  ],
  [
    'RunContainerError',
    waits('RunContainerError', 'x'),
    'its container cannot be made: x',
    'StartFailed',
    'limited',
  ],
])('%s is said verbatim, with what it leads to', (_, status, text, reason, patience) => {
  const others = [pod(1, { status: running }), pod(2, { status: running })];
  const found = waiting(observing({ pods: [pod(0, { status: status ?? {} }), ...others] }));
  expect(found).toMatchObject({ reason, patience, since: '2026-01-01T00:00:03Z', pod: 'worker-0-0' });
  expect(found?.message).toContain(`2 of 3 pods running; worker-0-0 waits: ${text}`);
});

test.each(['FailedMount', 'FailedAttachVolume', 'FailedCreatePodSandBox'])(
  '%s is why a pod with a node does not start',
  (reason) => {
    const events: Event[] = [
      warning(reason, 'first', aboutPod(0)),
      warning(reason, 'latest', aboutPod(0)),
      warning(reason, 'of another', aboutPod(9)),
    ];
    const pods = [
      pod(0, { status: waits('ContainerCreating') ?? {} }),
      pod(1, { status: running }),
      pod(2, { status: running }),
    ];
    expect(waiting(observing({ pods, events }))?.message).toMatch(
      /^2 of 3 pods running; worker-0-0 waits: .*: latest$/,
    );
  },
);

test('the worst is told, with how many there are of it', () => {
  const pods = [
    pod(0, { status: waits('ContainerCreating') ?? {} }),
    pod(1, { status: waits('ErrImagePull', 'gone') ?? {} }),
    pod(2, { status: waits('ImagePullBackOff', 'gone') ?? {} }),
  ];
  expect(waiting(observing({ pods }))?.message).toMatch(
    /^2 of 3 pods wait \(worker-1-0, …\): its image cannot be pulled: gone;/,
  );
});

test('the usual start is said calmly', () => {
  const pods = [pod(0, { status: running }), pod(1, { status: waits('ContainerCreating') ?? {} })];
  expect(waiting(observing({ pods }))?.message).toBe(
    '1 of 3 pods running; for the rest the image is pulled and volumes are prepared',
  );
  expect(waiting(observing({ pods: [] }))?.message).toBe('0 of 3 pods running');
});

test('pods of a later wave wait for nothing', () => {
  const plan = planWith('jobset', `{worker: {count: 1, completions: 4, parallelisms: 1, ${RESOURCES}}}`);
  expect(waiting(observing({ pods: [pod(0, { status: running })] }), plan)).toBeNull();
});

test('a workload that a queue holds back is queued there', () => {
  const held = jobset({
    conditions: [{ type: 'Suspended', status: 'True', message: 'jobset is suspended' }],
  });
  held.spec = { suspend: true };
  expect(waiting(observing({ jobset: held }))?.message).toMatch(/^the workload is suspended/);
  held.metadata = { ...held.metadata, labels: { 'kueue.x-k8s.io/queue-name': 'research' } };
  expect(waiting(observing({ jobset: held }))?.message).toBe(
    'queued in the cluster (queue research) until there is room',
  );
});

test.each([
  [
    'FailedCreate',
    { kind: 'Job', name: `${NAME}-worker-0` },
    'pods "x" is forbidden: violates PodSecurity "baseline:latest"',
    'StartFailed',
    'limited',
  ],
  [
    'JobCreationFailed',
    { kind: 'JobSet', name: NAME },
    'admission webhook "v.example.com" denied the request: no',
    'StartFailed',
    'limited',
  ],
  [
    'FailedCreate',
    { kind: 'Job', name: `${NAME}-worker-0` },
    'exceeded quota: q, requested: cpu=2',
    'Unschedulable',
    'endless',
  ],
])(
  '%s: the refusal stands there word for word, and who can grant it',
  (reason, about, message, because, patience) => {
    const found = waiting(observing({ events: [warning(reason, message, about)] }));
    expect(found).toMatchObject({ reason: because, patience });
    expect(found?.message).toContain(message);
    expect(found?.message).toMatch(/administrator/);
  },
);

test('a refusal that was overcome is not told', () => {
  const events = [warning('FailedCreate', 'exceeded quota: q', { kind: 'Job', name: `${NAME}-worker-0` })];
  const pods = [0, 1, 2].map((index) => pod(index, { status: running }));
  expect(waiting(observing({ pods, events }))).toBeNull();
});

/** Pods as KubeRay makes them. */
function rayPod(type: 'head' | 'worker', index: number, status: Pod['status']): Pod {
  const name = type === 'head' ? 'ray-head' : 'ray-worker';
  const labels = {
    'ray.io/cluster': `${NAME}-abcde`,
    'ray.io/node-type': type,
    'ray.io/group': type === 'head' ? 'headgroup' : 'cpus',
    ...(type === 'worker' ? { 'ray.io/worker-group-replica-index': String(index) } : {}),
  };
  const named = status?.containerStatuses?.map((each) => ({ ...each, name }));
  return {
    metadata: { name: `${type}-${index}`, uid: `${type}-${index}`, labels, creationTimestamp: second(1) },
    spec: {
      restartPolicy: 'Always',
      nodeName: 'n1',
      containers: [{ name }],
      initContainers: type === 'head' ? [] : [{ name: 'wait-gcs-ready' }],
    },
    status: { ...status, ...(named === undefined ? {} : { containerStatuses: named }) },
  };
}

const rayjob: ObservedRayJob = {
  metadata: { name: NAME, uid: 'jobset-1' },
  status: { jobDeploymentStatus: 'Initializing', rayClusterName: `${NAME}-abcde` },
};

test('waiting for the head of a Ray cluster is part of its start', () => {
  const gcs: Pod['status'] = {
    phase: 'Pending',
    initContainerStatuses: [{ ...container({ running: { startedAt: second(2) } }), name: 'wait-gcs-ready' }],
    containerStatuses: [container({ waiting: { reason: 'PodInitializing' } })],
  };
  const pods = [rayPod('head', 0, running), rayPod('worker', 0, gcs), rayPod('worker', 1, running)];
  expect(waiting(observing({ jobset: null, rayjob, pods }), ray)?.message).toBe(
    'the Ray cluster starts: 2 of 3 nodes',
  );
});

test('an init container that fails is named', () => {
  const failing: Pod['status'] = {
    phase: 'Pending',
    initContainerStatuses: [
      {
        ...container(
          { waiting: { reason: 'CrashLoopBackOff' } },
          { restartCount: 2, lastState: { terminated: { exitCode: 1 } } },
        ),
        name: 'wait-gcs-ready',
      },
    ],
  };
  const pods = [rayPod('head', 0, running), rayPod('worker', 0, failing), rayPod('worker', 1, running)];
  expect(waiting(observing({ jobset: null, rayjob, pods }), ray)?.message).toBe(
    '2 of 4 pods running; cpus-0-0 waits: its init container wait-gcs-ready ended with code 1, 3 times so far; its log says why',
  );
});

test.each([
  [
    { exitCode: 3, reason: 'Error' },
    'its sidecar agent, which the cluster added, ended with code 3, 2 times so far; kubectl logs worker-0 -c agent says why',
  ],
  [
    { exitCode: 128, reason: 'StartError', message: 'exec: "/no/such": no such file or directory' },
    'its sidecar agent, which the cluster added, cannot be started: exec: "/no/such": no such file or directory, 2 times so far',
  ],
])('a sidecar that the cluster added and that does not come up is told: %j', (terminated, said) => {
  const crashing = container(
    { waiting: { reason: 'CrashLoopBackOff' } },
    { restartCount: 1, lastState: { terminated } },
  );
  const of = pod(0, {
    meta: { ...pod(0).metadata, name: 'worker-0' },
    spec: { initContainers: [Object.assign({ name: 'agent' }, { restartPolicy: 'Always' })] },
    status: { phase: 'Pending', initContainerStatuses: [{ ...crashing, name: 'agent' }] },
  });
  expect(waiting(observing({ pods: [of] }))?.message).toContain(`worker-0-0 waits: ${said}`);
});

test.each([
  [1, 'endless'],
  [3, 'none'],
])(
  'a Ray node that ends again and again is given up after some times (%i restarts)',
  (restartCount, patience) => {
    const state = container(
      { waiting: { reason: 'CrashLoopBackOff' } },
      { restartCount, lastState: { terminated: { exitCode: 1, startedAt: second(5) } } },
    );
    const pods = [rayPod('head', 0, { phase: 'Running', containerStatuses: [state] })];
    const found = waiting(observing({ jobset: null, rayjob, pods }), ray);
    expect(found).toMatchObject({ reason: 'NonZeroExit', patience, pod: 'head-0-0' });
    expect(found?.message).toContain(`its container ended with code 1, ${restartCount + 1} times so far`);
  },
);

test('a Ray node that started, and cannot go on, is not counted as running', () => {
  const state = container(
    { waiting: { reason: 'CrashLoopBackOff' } },
    { lastState: { terminated: { exitCode: 127, startedAt: second(5) } } },
  );
  const pods = [rayPod('head', 0, { phase: 'Running', containerStatuses: [state] })];
  expect(waiting(observing({ jobset: null, rayjob, pods }), ray)?.message).toMatch(
    /^head-0-0 waits: its image has no ray/,
  );
});

test('once the job runs, Ray copes with nodes that end', () => {
  const state = container(
    { waiting: { reason: 'CrashLoopBackOff' } },
    { restartCount: 9, lastState: { terminated: { exitCode: 1, startedAt: second(5) } } },
  );
  const pods = [
    rayPod('head', 0, running),
    rayPod('worker', 0, { phase: 'Running', containerStatuses: [state] }),
    rayPod('worker', 1, running),
  ];
  const live = { ...rayjob, status: { ...rayjob.status, jobStatus: 'RUNNING' } };
  expect(waiting(observing({ jobset: null, rayjob: live, pods }), ray)?.patience).toBe('endless');
});
