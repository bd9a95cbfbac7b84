import { describe, expect, test } from 'vitest';
import type { Pod } from '../../../../src/engines/kubernetes/api/objects.ts';
import { viewAttempt } from '../../../../src/engines/kubernetes/status/attempt-view.ts';
import { explainWithOutput, judge } from '../../../../src/engines/kubernetes/status/judge.ts';
import { NO_MEMORY, type AttemptMemory } from '../../../../src/engines/kubernetes/status/model.ts';
import { workloadOf } from '../../../../src/engines/kubernetes/workload/choose-workload.ts';
import {
  completed,
  container,
  ended,
  EXPERIMENT,
  failedJobSet,
  NAME,
  jobset,
  observing,
  planWith,
  pod,
  RESOURCES,
  running,
  second,
  type Told,
} from './pods.ts';

/** What clusters put into pods, seen through their states: as sidecars, agents and policies do. */

const two = planWith('jobset', `{worker: {count: 2, ${RESOURCES}}}`);
const again = planWith('jobset', `{worker: {count: 2, ${RESOURCES}}}`, ['restartPolicy: {backoffLimit: 1}']);
const runs = { running: { startedAt: second(9) } };

/** A pod whose phase is `Running` because of a container beside ours. */
function held(job: number, status: Pod['status'], state: object = runs, first = true): Pod {
  const proxy = { name: 'aaa-proxy', image: 'proxy' };
  const main = { name: 'main', image: 'host/i:1' };
  const statuses = [...(status?.containerStatuses ?? []), { ...container(state), name: 'aaa-proxy' }];
  return pod(job, {
    spec: { containers: first ? [proxy, main] : [main, proxy] },
    status: { ...status, phase: 'Running', containerStatuses: statuses },
  });
}

function look(told: Partial<Told>, { plan = two, now = second(22), memory = NO_MEMORY } = {}) {
  const known = {
    plan,
    workload: workloadOf(plan),
    experimentId: EXPERIMENT,
    observed: observing(told),
    workloads: [{ uid: 'jobset-1', offset: 0 }],
    now: new Date(now),
  };
  const view = viewAttempt({ ...known, memory, told: null });
  return { view, verdict: judge({ ...known, view, imageFailAfterS: 600, sidecarGraceS: 30 }) };
}

describe('a container beside the command that does not end', () => {
  test.each([
    ['before it', true],
    ['after it', false],
  ])('is named, has its grace, and is ended with the workload (%s)', (_, first) => {
    const pods = [held(0, ended(0), runs, first), held(1, ended(0, 21), runs, first)];
    const { view, verdict } = look({ pods });
    expect(view.pods.map(({ fact }) => [fact.status, fact.exit_code])).toEqual([
      ['Succeeded', 0],
      ['Succeeded', 0],
    ]);
    expect(view.waiting?.message).toBe(
      '2 of 2 pods wait (worker-0-0, …): its command has ended with 0; container aaa-proxy, which the cluster added, still runs',
    );
    expect(verdict).toEqual({ kind: 'go-on', until: '2026-01-01T00:00:51.000Z' });
    expect(look({ pods }, { now: second(52) }).verdict).toEqual({
      kind: 'succeeded',
      notices: [
        {
          code: 'sidecar_ended',
          message:
            'container aaa-proxy, which the cluster added, still ran in 2 pods 30 s after the command had ended, and was ended (sidecar_grace_s of the engine)',
        },
      ],
    });
  });

  test('hides no failure: for good, it is one at once', () => {
    const pods = [held(0, ended(5)), held(1, running)];
    expect(look({ pods }, { now: second(21) }).verdict).toMatchObject({ kind: 'go-on' });
    expect(look({ pods }, { now: second(23) }).verdict).toMatchObject({
      kind: 'failed',
      reason: 'NonZeroExit',
      explanation: expect.stringMatching(/^worker-0-0 exited with code 5/),
    });
  });

  test('does not keep a failed pod from its next attempt', () => {
    const pods = [held(0, ended(5)), held(1, running)];
    expect(look({ pods }, { plan: again, now: second(40) }).verdict).toMatchObject({ kind: 'go-on' });
    expect(look({ pods }, { plan: again, now: second(51) }).verdict).toEqual({
      kind: 'again',
      explanation:
        'worker-0-0 exited with code 5, and container aaa-proxy, which the cluster added, kept it from ending',
    });
  });

  test('has no say in the end: not by its exit code, not by the deadline that it made the Job miss', () => {
    const bad = { terminated: { exitCode: 1, finishedAt: second(25) } };
    const over = [0, 1].map((job) => held(job, ended(0), bad));
    const pods = over.map((each) => ({ ...each, status: { ...each.status, phase: 'Failed' } }));
    expect(look({ jobset: failedJobSet('worker-0'), pods }, { now: second(59) }).verdict.kind).toBe(
      'succeeded',
    );
    const late = failedJobSet(null, 'FailJobSetFailurePolicyAction');
    const deleted = [0, 1].map((job) => held(job, ended(0)));
    const { memory } = look({ pods: deleted }).view;
    expect(look({ jobset: late, pods: deleted }, { memory, now: second(59) }).verdict.kind).toBe('succeeded');
    expect(look({ jobset: completed, pods }).verdict.kind).toBe('succeeded');
  });

  /** As the pod is once a container beside a command that ended with 0 has ended with 1. */
  const spoilt = (job: number): Pod => {
    const bad = { terminated: { exitCode: 1, finishedAt: second(25) } };
    const over = held(job, ended(0), bad);
    return { ...over, status: { ...over.status, phase: 'Failed' } };
  };
  const attempt2 = (job: number): Pod => {
    const labels = { ...pod(job).metadata?.labels, 'jobset.sigs.k8s.io/restart-attempt': '1' };
    return pod(job, {
      meta: { name: `b-${job}`, uid: `pod-${job}-b`, labels, creationTimestamp: second(27) },
      status: running,
    });
  };

  test('and that ends badly after all is done makes nothing start again', () => {
    const pods = [spoilt(0), spoilt(1)];
    const first = look({ pods }, { plan: again, now: second(26) });
    expect(first.verdict).toEqual({ kind: 'succeeded', notices: [] });
    const restarted = jobset({ restarts: 1 });
    const { view, verdict } = look(
      { jobset: restarted, pods: [...pods, attempt2(0)] },
      { plan: again, now: second(28), memory: first.view.memory },
    );
    expect(view).toMatchObject({ attempt: 1, superseded: false });
    expect(verdict).toEqual({ kind: 'succeeded', notices: [] });
  });

  test('and that ends badly while others are at work is the cause, by its name; who was ended for it is none', () => {
    const told = { terminated: { exitCode: 143, startedAt: second(10), finishedAt: second(28) } };
    const stopped = pod(1, {
      meta: { ...pod(1).metadata, deletionTimestamp: second(56), deletionGracePeriodSeconds: 30 },
      status: { phase: 'Failed', containerStatuses: [container(told)] },
    });
    const pods = [spoilt(0), stopped];
    const { view, verdict } = look({ jobset: failedJobSet('worker-0'), pods }, { now: second(31) });
    expect(verdict).toMatchObject({
      kind: 'failed',
      reason: 'NonZeroExit',
      explanation: expect.stringMatching(
        /^container aaa-proxy, which the cluster added, ended with code 1 in worker-0-0, whose command had ended with 0: /,
      ),
    });
    expect(view.pods.map(({ fact }) => [fact.status, fact.reason])).toEqual([
      ['Succeeded', null],
      ['Stopped', 'StoppedWithExperiment'],
    ]);
    const restarted = look(
      { jobset: jobset({ restarts: 1 }), pods: [...pods, attempt2(0), attempt2(1)] },
      { plan: again },
    );
    expect(restarted.view).toMatchObject({ attempt: 2 });
  });

  test('and that was told to end with its pod has failed nothing', () => {
    const told = { terminated: { exitCode: 143, finishedAt: second(29) } };
    const over = held(0, ended(0), told);
    const gone = {
      ...over,
      metadata: { ...over.metadata, deletionTimestamp: second(57), deletionGracePeriodSeconds: 30 },
      status: { ...over.status, phase: 'Failed' },
    };
    const { memory } = look({ pods: [held(0, ended(0)), held(1, ended(5, 26))] }).view;
    const { view, verdict } = look(
      { jobset: failedJobSet('worker-1'), pods: [gone, held(1, ended(5, 26))] },
      { memory, now: second(31) },
    );
    expect(verdict).toMatchObject({ explanation: expect.stringMatching(/^worker-1-0 exited with code 5/) });
    expect(view.pods[0]?.fact.status).toBe('Succeeded');
  });

  test.each([
    ['the deadline of the pod was over', { reason: 'DeadlineExceeded', message: 'longer than the deadline' }],
    [
      'the node was short of memory',
      {
        reason: 'Evicted',
        message: 'The node was low on resource: memory.',
        conditions: [
          {
            type: 'DisruptionTarget',
            status: 'True',
            reason: 'TerminationByKubelet',
            lastTransitionTime: second(25),
          },
        ],
      },
    ],
  ])('and with which its pod was ended after the command (%s) has no say', (_, status) => {
    const killed = { terminated: { exitCode: 137, finishedAt: second(26) } };
    const pods = [0, 1].map((job) => {
      const over = held(job, ended(0), killed);
      return { ...over, status: { ...over.status, phase: 'Failed', ...status } };
    });
    const { verdict } = look({ jobset: failedJobSet('worker-0'), pods }, { now: second(59) });
    expect(verdict).toEqual({ kind: 'succeeded', notices: [] });
  });

  test('that cannot be pulled is why its pod is not whole', () => {
    const waits = { waiting: { reason: 'ErrImageNeverPull', message: 'absent' } };
    const pending = held(0, running, waits);
    const pods = [
      { ...pending, status: { ...pending.status, phase: 'Pending' } },
      pod(1, { status: running }),
    ];
    const { view, verdict } = look({ pods });
    expect(view.waiting?.message).toContain(
      'worker-0-0 waits: container aaa-proxy, which the cluster added: absent',
    );
    expect(verdict, 'its command runs').toEqual({ kind: 'go-on', until: null });
  });

  test('that was never started is ended with the workload, too', () => {
    const waits = { waiting: { reason: 'ImagePullBackOff', message: 'absent' } };
    const pods = [0, 1].map((job) => {
      const over = held(job, ended(0), waits);
      return { ...over, status: { ...over.status, phase: 'Pending' } };
    });
    expect(look({ pods }).view.waiting?.message).toContain(
      'its command has ended with 0; container aaa-proxy, which the cluster added, is still to start',
    );
    expect(look({ pods }, { now: second(51) }).verdict).toMatchObject({
      kind: 'succeeded',
      notices: [
        { message: expect.stringContaining('had not started in 2 pods 30 s after the command had ended') },
      ],
    });
  });
});

test('one pod that fails for good ends the experiment, though its Job waits for others of its', () => {
  const pods = [pod(0, { status: ended(3) }), pod(1, { status: running })];
  expect(look({ pods }, { now: second(23) }).verdict).toMatchObject({
    kind: 'failed',
    reason: 'NonZeroExit',
    explanation: expect.stringMatching(/^worker-0-0 exited with code 3/),
  });
  expect(look({ pods }, { plan: again, now: second(59) }).verdict.kind).toBe('go-on');
});

/** A pod with an init container that the cluster added. */
function initial(state: object, more: Pod['status'] = {}, always = false): Pod {
  const agent = { name: 'agent', image: 'registry/agent:9' };
  return pod(0, {
    spec: { initContainers: [always ? Object.assign(agent, { restartPolicy: 'Always' }) : agent] },
    status: {
      phase: 'Pending',
      initContainerStatuses: [{ ...container(state), name: 'agent' }],
      containerStatuses: [container({ waiting: { reason: 'PodInitializing' } })],
      ...more,
    },
  });
}

describe('an init container that the cluster added', () => {
  const failed = { terminated: { exitCode: 3, startedAt: second(5), finishedAt: second(6) } };

  test.each<[string, Pod['metadata'], AttemptMemory]>([
    ['as it happens', {}, NO_MEMORY],
    [
      'seen only after its JobSet had deleted it',
      { deletionTimestamp: second(31), deletionGracePeriodSeconds: 0 },
      NO_MEMORY,
    ],
  ])('and that fails is the cause, with its code and what it printed last (%s)', (_, meta, memory) => {
    const broken = initial(failed, { phase: 'Failed' });
    const pods = [{ ...broken, metadata: { ...broken.metadata, ...meta } }, pod(1, { status: running })];
    const { view, verdict } = look({ jobset: failedJobSet('worker-0'), pods }, { now: second(59), memory });
    expect(view.pods[0]?.fact).toMatchObject({ status: 'Failed', reason: 'StartFailed', exit_code: null });
    if (verdict.kind !== 'failed') throw new Error(verdict.kind);
    const said =
      'worker-0-0 could not be started: its init container agent, which the cluster added, ended with code 3';
    expect(verdict).toMatchObject({ reason: 'StartFailed', explanation: said });
    expect(explainWithOutput(verdict, 'hello\nINIT broken\n').explanation).toBe(`${said}: INIT broken`);
    expect(explainWithOutput(verdict, '').explanation).toBe(said);
  });

  test('and that runs out of memory is told as that', () => {
    const killed = {
      terminated: { exitCode: 137, reason: 'OOMKilled', startedAt: second(5), finishedAt: second(6) },
    };
    const pods = [initial(killed, { phase: 'Failed' }), pod(1, { status: running })];
    expect(look({ jobset: failedJobSet('worker-0'), pods }, { now: second(59) }).verdict).toMatchObject({
      explanation:
        'worker-0-0 could not be started: its init container agent, which the cluster added, ended with code 137 (out of memory)',
    });
  });

  test('and that there is no program for is told as that', () => {
    const message = 'exec: "/no/such": stat /no/such: no such file or directory';
    const absent = { terminated: { exitCode: 128, reason: 'StartError', message, finishedAt: second(6) } };
    const pods = [initial(absent, { phase: 'Failed' }), pod(1, { status: running })];
    const { verdict } = look({ jobset: failedJobSet('worker-0'), pods }, { now: second(59) });
    expect(verdict).toMatchObject({
      reason: 'StartFailed',
      explanation: `worker-0-0 could not be started: its init container agent, which the cluster added, cannot be started: ${message}`,
    });
  });

  test('and that goes on is told', () => {
    const pods = [initial({ running: { startedAt: second(5) } }), pod(1, { status: running })];
    expect(look({ pods }).view.waiting?.message).toBe(
      '1 of 2 pods running; worker-0-0 waits: its init container agent, which the cluster added, runs',
    );
  });

  test('and that cannot be pulled is told, as a sidecar too', () => {
    const waits = { waiting: { reason: 'ErrImageNeverPull', message: 'no such image on the node' } };
    for (const always of [false, true]) {
      const pods = [initial(waits, {}, always), pod(1, { status: running })];
      expect(look({ pods }).view.waiting?.message).toContain(
        'worker-0-0 waits: container agent, which the cluster added: no such image on the node',
      );
    }
  });
});

test.each([
  [1, 'go-on'],
  [3, 'failed'],
])('one that ends badly in a Ray node, again and again (%i restarts)', (restartCount, kind) => {
  const ray = planWith('kuberay', `{Head: {${RESOURCES}}, Workers: []}`);
  const state = container(
    { waiting: { reason: 'CrashLoopBackOff' } },
    { restartCount, lastState: { terminated: { exitCode: 3, finishedAt: second(20) } } },
  );
  const labels = { 'ray.io/cluster': `${NAME}-one`, 'ray.io/node-type': 'head' };
  const head: Pod = {
    metadata: { name: `${NAME}-one-head`, uid: 'head', labels, creationTimestamp: second(2) },
    spec: {
      restartPolicy: 'Always',
      nodeName: 'n1',
      initContainers: [{ name: 'agent' }],
      containers: [{ name: 'ray-head' }],
    },
    status: {
      phase: 'Pending',
      initContainerStatuses: [{ ...state, name: 'agent' }],
      containerStatuses: [{ ...container({ waiting: { reason: 'PodInitializing' } }), name: 'ray-head' }],
    },
  };
  const rayjob = {
    metadata: { name: NAME, uid: 'jobset-1', creationTimestamp: second(0) },
    status: { jobDeploymentStatus: 'Initializing', rayClusterName: `${NAME}-one` },
  };
  const { verdict } = look({ jobset: null, rayjob, pods: [head] }, { plan: ray });
  expect(verdict.kind).toBe(kind);
  if (verdict.kind !== 'failed') return;
  expect(verdict.reason).toBe('StartFailed');
  expect(explainWithOutput(verdict, 'hello\nINIT broken\n').explanation).toBe(
    'head-0-0 cannot start: its init container agent, which the cluster added, ended with code 3, 4 times so far: INIT broken',
  );
});
