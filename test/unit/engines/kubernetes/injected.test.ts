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

  test('that cannot be pulled is why its pod is not whole', () => {
    const waits = { waiting: { reason: 'ErrImageNeverPull', message: 'absent' } };
    const pending = held(0, running, waits);
    const pods = [
      { ...pending, status: { ...pending.status, phase: 'Pending' } },
      pod(1, { status: running }),
    ];
    expect(look({ pods }).view.waiting?.message).toContain(
      'worker-0-0 waits: container aaa-proxy, which the cluster added: absent',
    );
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
