import { describe, expect, test } from 'vitest';
import type { ObservedJobSet, ObservedRayJob, Pod } from '../../../../src/engines/kubernetes/api/objects.ts';
import { viewAttempt } from '../../../../src/engines/kubernetes/status/attempt-view.ts';
import { judge } from '../../../../src/engines/kubernetes/status/judge.ts';
import { NO_MEMORY, type AttemptMemory } from '../../../../src/engines/kubernetes/status/model.ts';
import { suspendedMs } from '../../../../src/engines/kubernetes/suspension/suspensions.ts';
import { workloadOf } from '../../../../src/engines/kubernetes/workload/choose-workload.ts';
import type { Observed } from '../../../../src/engines/kubernetes/watch/observed.ts';
import type { Plan } from '../../../../src/experiment/plan/plan.ts';
import { EXPERIMENT, NAME, observing, planWith, pod, RESOURCES } from './pods.ts';

const TWO = planWith('jobset', `{worker: {count: 2, ${RESOURCES}}}`);
const RAY = planWith('kuberay', `{Head: {${RESOURCES}}, Workers: []}`, ['rayVersion: "2.52.1"']);
const at = (second: number) =>
  new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString().replace('.000Z', 'Z');

function jobset({ suspend, since }: { suspend: boolean; since: number }, more: object = {}): ObservedJobSet {
  const condition = { type: 'Suspended', status: suspend ? 'True' : 'False', lastTransitionTime: at(since) };
  return {
    metadata: {
      name: NAME,
      uid: 'set',
      creationTimestamp: at(0),
      labels: { 'kueue.x-k8s.io/queue-name': 'main' },
    },
    spec: { suspend },
    status: { conditions: [condition], restarts: 0, ...more },
  };
}

interface Life {
  uid: string;
  job?: number;
  created: number;
  /** When its deletion was asked for, … */
  asked?: number;
  /** … and its command's end, with its code. */
  ended?: [second: number, code: number];
}

function life({ uid, job = 0, created, asked, ended }: Life): Pod {
  const state =
    ended === undefined
      ? { running: { startedAt: at(created + 1) } }
      : {
          terminated: {
            startedAt: at(created + 1),
            finishedAt: at(ended[0]),
            exitCode: ended[1],
            reason: 'x',
          },
        };
  const base = pod(job);
  const deletion = asked === undefined ? {} : { deletionTimestamp: at(asked), deletionGracePeriodSeconds: 0 };
  return {
    ...base,
    metadata: { ...base.metadata, uid, creationTimestamp: at(created), ...deletion },
    status: {
      phase: ended === undefined ? 'Running' : ended[1] === 0 ? 'Succeeded' : 'Failed',
      containerStatuses: [{ name: 'main', state, ready: false, restartCount: 0, image: 'i', imageID: '' }],
    },
  };
}

function look(
  observed: Observed,
  memory: AttemptMemory,
  { plan = TWO, now = 100 }: { plan?: Plan; now?: number } = {},
) {
  const input = {
    plan,
    workload: workloadOf(plan),
    experimentId: EXPERIMENT,
    observed,
    workloads: [{ uid: observed.jobset === null ? 'ray' : 'set', offset: 0 }],
    memory,
    told: null,
    now: new Date(at(now)),
  };
  const view = viewAttempt(input);
  const verdict = judge({ ...input, view, imageFailAfterS: 600, sidecarGraceS: 30 });
  const pods = view.pods.map(({ pod: name, attempt, fact }) => `${attempt} ${name} ${fact.status}`);
  return { view, verdict, pods, memory: view.memory };
}

const running = [life({ uid: 'a', job: 0, created: 1 }), life({ uid: 'b', job: 1, created: 1 })];
const began = look(observing({ jobset: jobset({ suspend: false, since: 0 }), pods: running }), NO_MEMORY);
const gone = [
  life({ uid: 'a', job: 0, created: 1, asked: 20, ended: [21, 143] }),
  life({ uid: 'b', job: 1, created: 1, asked: 20, ended: [21, 143] }),
];
const held = () => observing({ jobset: jobset({ suspend: true, since: 20 }), pods: [], gone });

describe('a JobSet that a queue takes back', () => {
  test('was not suspended while it waited for its turn', () => {
    expect(began.pods).toEqual(['1 worker-0-0 Running', '1 worker-1-0 Running']);
    expect(began.view.suspensions).toEqual([]);
  });

  test('is superseded until its pods have ended, then all wait in the next attempt', () => {
    const going = [running[0]!, gone[1]!];
    const ending = look(
      observing({ jobset: jobset({ suspend: true, since: 20 }), pods: going }),
      began.memory,
    );
    expect(ending.view).toMatchObject({ attempt: 1, superseded: true });
    expect(ending.pods).toEqual(['1 worker-0-0 Running', '1 worker-1-0 Stopped']);
    expect(ending.view.pods[1]?.fact.reason).toBe('Evicted');
    const waiting = look(held(), ending.memory);
    expect(waiting.view).toMatchObject({ attempt: 2, tries: 1, superseded: false });
    expect(waiting.pods).toEqual(['2 worker-0-0 Pending', '2 worker-1-0 Pending']);
    expect(waiting.view.waiting?.message).toBe('queued in the cluster (queue main) until there is room');
    expect(waiting.verdict.kind).toBe('go-on');
  });

  test('runs again as the next attempt, which takes no restart', () => {
    const again = [life({ uid: 'c', job: 0, created: 50 }), life({ uid: 'd', job: 1, created: 50 })];
    const resumed = observing({ jobset: jobset({ suspend: false, since: 49 }), pods: again, gone });
    const { view, pods } = look(resumed, look(held(), began.memory).memory);
    expect(pods).toEqual(['2 worker-0-0 Running', '2 worker-1-0 Running']);
    expect(view).toMatchObject({ attempt: 2, tries: 1 });
    expect(view.suspensions).toEqual([{ attempt: 1, after: at(20), from: at(20), until: at(51) }]);
    expect(suspendedMs(view.suspensions, new Date(at(99)))).toBe(31_000);
  });

  test('is seen to have been suspended, though nobody looked', () => {
    const again = [life({ uid: 'c', job: 0, created: 50 }), life({ uid: 'd', job: 1, created: 50 })];
    const resumed = observing({ jobset: jobset({ suspend: false, since: 50 }), pods: [...gone, ...again] });
    const { view, pods } = look(resumed, began.memory);
    expect(pods).toEqual(['2 worker-0-0 Running', '2 worker-1-0 Running']);
    expect(view.suspensions).toEqual([
      { attempt: 1, after: '2026-01-01T00:00:49.000Z', from: at(21), until: at(51) },
    ]);
  });

  test('keeps what had succeeded: its Job does it no second time', () => {
    const done = life({ uid: 'a', job: 0, created: 1, ended: [10, 0] });
    const first = look(
      observing({ jobset: jobset({ suspend: false, since: 0 }), pods: [done, running[1]!] }),
      NO_MEMORY,
    );
    const parts = { jobset: jobset({ suspend: true, since: 20 }), pods: [done], gone: [gone[1]!] };
    const waiting = look(observing(parts), first.memory);
    expect(waiting.pods).toEqual(['2 worker-0-0 Succeeded', '2 worker-1-0 Pending']);
    const completed = jobset({ suspend: false, since: 49 }, { terminalState: 'Completed' });
    const last = life({ uid: 'd', job: 1, created: 50, ended: [60, 0] });
    const over = look(observing({ jobset: completed, pods: [done, last], gone: [gone[1]!] }), waiting.memory);
    expect(over.verdict).toMatchObject({ kind: 'succeeded' });
  });

  test('may be restarted as often as before', () => {
    const failed = life({ uid: 'c', job: 0, created: 50, ended: [55, 3] });
    const parts = { jobset: jobset({ suspend: false, since: 49 }), pods: [failed], gone };
    const plan = { ...TWO, backoff_limit: 1 };
    const { view, verdict } = look(observing(parts), look(held(), began.memory).memory, { plan });
    expect(view).toMatchObject({ attempt: 2, tries: 1 });
    expect(verdict.kind).toBe('go-on');
  });

  test('says why in the words of the queue', () => {
    const queued = (...conditions: object[]) => ({
      ...held(),
      queued: { metadata: { name: 'w' }, status: { conditions } } as Observed['queued'],
    });
    const evicted = { type: 'Evicted', status: 'True', message: 'Preempted to accommodate a workload' };
    const short = { type: 'QuotaReserved', status: 'False', message: 'insufficient unused quota for cpu' };
    expect(look(queued(evicted, short), began.memory).view.waiting).toMatchObject({
      message: 'queued in the cluster (queue main) until there is room: insufficient unused quota for cpu',
      suspended: 'suspended by the queue main: Preempted to accommodate a workload',
    });
  });

  test('says that it was taken back before the queue says that it has to wait', () => {
    const conditions = [
      { type: 'QuotaReserved', status: 'True' },
      { type: 'Evicted', status: 'True', message: 'Preempted to accommodate a workload' },
    ];
    const queued = { metadata: { name: 'w' }, status: { conditions } } as Observed['queued'];
    expect(look({ ...held(), queued }, began.memory).view.waiting).toMatchObject({
      message: 'taken back by the queue main: Preempted to accommodate a workload',
      suspended: 'suspended by the queue main: Preempted to accommodate a workload',
    });
  });

  test.each([
    [[], 'where there is room for it now'],
    [
      [
        { name: 'other', state: 'Ready', message: '' },
        { name: 'nodes', state: 'Pending', message: 'waiting for 8 nodes' },
      ],
      'where there is room for it, until the admission check nodes agrees (Pending): waiting for 8 nodes',
    ],
    [
      [
        { name: 'nodes', state: 'Pending', message: '' },
        { name: 'budget', state: 'Retry', message: '' },
      ],
      'where there is room for it, until the admission check budget agrees (Retry)',
    ],
  ])('that has room for it, and what else has to agree: %j', (admissionChecks, said) => {
    const conditions = [{ type: 'QuotaReserved', status: 'True' }];
    const queued = { metadata: { name: 'w' }, status: { conditions, admissionChecks } } as Observed['queued'];
    const { waiting } = look({ ...held(), queued }, began.memory).view;
    expect(waiting?.message).toBe(`queued in the cluster (queue main) ${said}`);
  });

  test.each([
    [1, 'place 1'],
    [10, 'place 10'],
    [11, 'place above 10'],
    [400, 'place above 200'],
  ])('says its place there, far behind in steps only: %d', (place, said) => {
    const queued = { metadata: { name: 'w' }, place } as Observed['queued'];
    const { waiting } = look({ ...held(), queued }, began.memory).view;
    expect(waiting?.message).toBe(`queued in the cluster (queue main, ${said}) until there is room`);
  });
});

describe('a RayJob that a queue takes back', () => {
  const head = (uid: string, cluster: string, created: number): Pod => ({
    ...life({ uid, created }),
    metadata: {
      name: `${cluster}-head`,
      uid,
      creationTimestamp: at(created),
      labels: { 'ray.io/cluster': cluster, 'ray.io/node-type': 'head' },
    },
  });
  const rayjob = (status: ObservedRayJob['status'], suspend = false): ObservedRayJob => ({
    metadata: { name: NAME, uid: 'ray', creationTimestamp: at(0) },
    spec: { suspend },
    ...(status && { status }),
  });
  const ray = (status: ObservedRayJob['status'], suspend: boolean, pods: Pod[], more: Pod[] = []) =>
    observing({ jobset: null, rayjob: rayjob(status, suspend), pods, gone: more });
  const one = head('h1', `${NAME}-one`, 1);
  const first = look(
    ray({ rayClusterName: `${NAME}-one`, jobDeploymentStatus: 'Running' }, false, [one]),
    NO_MEMORY,
    {
      plan: RAY,
    },
  );

  test('goes on with another cluster, as the next attempt', () => {
    expect(first.pods[0]).toBe('1 head-0-0 Running');
    const going = look(
      ray({ rayClusterName: `${NAME}-one`, jobDeploymentStatus: 'Suspending' }, true, [one]),
      first.memory,
      {
        plan: RAY,
        now: 20,
      },
    );
    expect(going.view).toMatchObject({ attempt: 1, superseded: true });
    const waiting = look(ray({ jobDeploymentStatus: 'Suspended' }, true, [], [one]), going.memory, {
      plan: RAY,
      now: 30,
    });
    expect(waiting.pods[0]).toBe('2 head-0-0 Pending');
    const two = head('h2', `${NAME}-two`, 50);
    const again = look(
      ray({ rayClusterName: `${NAME}-two`, jobDeploymentStatus: 'Running' }, false, [two], [one]),
      waiting.memory,
      { plan: RAY },
    );
    expect(again.pods[0]).toBe('2 head-0-0 Running');
    expect(again.view).toMatchObject({ attempt: 2, tries: 1, superseded: false });
    expect(again.memory.suspensions['ray']).toMatchObject([{ attempt: 1, until: null }]);
    const later = look(
      ray({ rayClusterName: `${NAME}-two`, jobDeploymentStatus: 'Running' }, false, [two], [one]),
      again.memory,
      { plan: RAY },
    );
    expect(later.memory.suspensions['ray']).toMatchObject([{ attempt: 1, until: at(51) }]);
  });

  test('is seen to have been suspended, though nobody looked', () => {
    const two = head('h2', `${NAME}-two`, 50);
    const again = look(
      ray({ rayClusterName: `${NAME}-two`, jobDeploymentStatus: 'Running' }, false, [two], [one]),
      first.memory,
      { plan: RAY },
    );
    expect(again.pods[0]).toBe('2 head-0-0 Running');
  });

  test('a cluster that never began does not hide that the next one was suspended', () => {
    const waiting = { ...one, status: { phase: 'Pending' } };
    const never = look(
      ray({ rayClusterName: `${NAME}-one`, jobDeploymentStatus: 'Initializing' }, false, [waiting]),
      NO_MEMORY,
      { plan: RAY },
    );
    const evicted = look(ray({ jobDeploymentStatus: 'Suspended' }, true, [], [waiting]), never.memory, {
      plan: RAY,
    });
    expect(evicted.view).toMatchObject({ attempt: 1, suspensions: [] });
    const two = head('h2', `${NAME}-two`, 50);
    const runs = look(
      ray({ rayClusterName: `${NAME}-two`, jobDeploymentStatus: 'Running' }, false, [two], [waiting]),
      evicted.memory,
      { plan: RAY },
    );
    expect(runs.view).toMatchObject({ attempt: 1, suspensions: [] });
    const held = look(ray({ jobDeploymentStatus: 'Suspended' }, true, [], [waiting, two]), runs.memory, {
      plan: RAY,
    });
    expect(held.view).toMatchObject({ attempt: 2, tries: 1 });
    expect(held.view.suspensions).toMatchObject([{ attempt: 1, until: null }]);
  });

  test('since its whole cluster was taken back, not since one pod of it was evicted', () => {
    const going = (each: Pod, asked: number): Pod => ({
      ...each,
      metadata: { ...each.metadata, deletionTimestamp: at(asked), deletionGracePeriodSeconds: 0 },
    });
    const worker = (uid: string, created: number): Pod => ({
      ...life({ uid, created }),
      metadata: {
        name: uid,
        uid,
        creationTimestamp: at(created),
        labels: { 'ray.io/cluster': `${NAME}-one`, 'ray.io/node-type': 'worker', 'ray.io/group': 'cpu' },
      },
    });
    const all = [going(one, 50), going(worker('w1', 1), 10), going(worker('w2', 11), 51)];
    const { view } = look(ray({ jobDeploymentStatus: 'Suspended' }, true, [], all), first.memory, {
      plan: RAY,
      now: 60,
    });
    expect(view.suspensions.map(({ from }) => Date.parse(from))).toEqual([Date.parse(at(50))]);
  });
});
