import { expect, test } from 'vitest';
import { viewAttempt } from '../../../../src/engines/kubernetes/status/attempt-view.ts';
import { explainWithOutput, judge } from '../../../../src/engines/kubernetes/status/judge.ts';
import { NO_MEMORY, type AttemptMemory } from '../../../../src/engines/kubernetes/status/model.ts';
import type { Judgement } from '../../../../src/engines/kubernetes/status/verdict.ts';
import { workloadOf } from '../../../../src/engines/kubernetes/workload/choose-workload.ts';
import type { Job, ObservedRayJob, Pod } from '../../../../src/engines/kubernetes/api/objects.ts';
import type { Observed } from '../../../../src/engines/kubernetes/watch/observed.ts';
import type { Plan } from '../../../../src/experiment/plan/plan.ts';
import type { Reason } from '../../../../src/experiment/status.ts';
import {
  completed,
  container,
  ended,
  EXPERIMENT,
  failedJobSet,
  jobset,
  NAME,
  observing,
  planWith,
  pod,
  RESOURCES,
  running,
  second,
  type Told,
} from './pods.ts';

const two = planWith('jobset', `{worker: {count: 2, ${RESOURCES}}}`);
const torch = planWith('pytorch', `{worker: {count: 2, ${RESOURCES}}}`, ['restartPolicy: {backoffLimit: 2}']);
const OURS = [{ uid: 'jobset-1', offset: 0 }];
const SOON = new Date(second(31));
const LATE = new Date('2026-01-01T01:00:00Z');

interface Situation {
  plan?: Plan;
  memory?: AttemptMemory;
  told?: Reason | null;
  now?: Date;
  workloads?: { uid: string; offset: number }[];
}

function look(
  observed: Observed,
  { plan = two, memory = NO_MEMORY, told = null, now = LATE, workloads = OURS }: Situation = {},
) {
  const known = { plan, workload: workloadOf(plan), experimentId: EXPERIMENT, observed, workloads, now };
  const view = viewAttempt({ ...known, memory, told });
  return { view, verdict: judge({ ...known, view, imageFailAfterS: 600, sidecarGraceS: 30 }) };
}

function verdictOf(observed: Observed, situation: Situation = {}): Judgement {
  return look(observed, situation).verdict;
}

/** Deleted at second `at`; the kubelet has done with it. */
function deleted(at: number): Pod['metadata'] {
  return { deletionTimestamp: second(at), deletionGracePeriodSeconds: 0 };
}

function withMeta(of: Pod, meta: Pod['metadata']): Pod {
  return { ...of, metadata: { ...of.metadata, ...meta } };
}

function disrupted(of: Pod, reason: string, at = 15): Pod {
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason,
    message: 'why',
    lastTransitionTime: second(at),
  };
  return { ...of, status: { ...of.status, conditions: [condition] } };
}

test.each<[string, Pod['status'], RegExp, Reason]>([
  ['a code', ended(3), /^worker-1-0 exited with code 3; its log says why/, 'NonZeroExit'],
  ['126', ended(126), /^worker-1-0: a command cannot be executed \(exit 126\)/, 'CommandNotExecutable'],
  ['127', ended(127), /^worker-1-0: a command was not found \(exit 127\)/, 'CommandNotFound'],
  ['137', ended(137), /^worker-1-0 was killed by signal 9 \(SIGKILL\); it asked for 8 GB$/, 'Killed'],
  ['139', ended(139), /^worker-1-0 was killed by signal 11 \(SIGSEGV\)$/, 'Killed'],
  ['143', ended(143), /^worker-1-0 was killed by signal 15 \(SIGTERM\)$/, 'Killed'],
  [
    'OOM',
    ended(137, 20, 'OOMKilled'),
    /^worker-1-0 ran out of memory \(exit 137\): it asked for 8 GB; raise spec\.types\.worker\.resources\.memory$/,
    'OutOfMemory',
  ],
  [
    'no such program',
    notStarted('exec: "/bin/sh": stat /bin/sh: no such file or directory'),
    /^worker-1-0: the image has no \/bin\/sh/,
    'CommandNotFound',
  ],
  [
    'not executable',
    notStarted('exec: "/bin/sh": permission denied'),
    /^worker-1-0: \/bin\/sh of the image.* cannot be executed/,
    'CommandNotExecutable',
  ],
  [
    'a full disk',
    notStarted('mkdir: no space left on device'),
    /^worker-1-0 could not be started: the disk is full/,
    'DiskFull',
  ],
  [
    'anything else',
    notStarted('the runtime is gone'),
    /^worker-1-0 could not be started: the runtime is gone$/,
    'StartFailed',
  ],
])('%s is said as the embedded engine says it', (_, status, says, reason) => {
  const pods = [pod(0, { status: running }), pod(1, { status: status ?? {} })];
  const verdict = verdictOf(observing({ jobset: failedJobSet('worker-1'), pods }));
  expect(verdict).toMatchObject({ kind: 'failed', reason, explanation: expect.stringMatching(says) });
});

function notStarted(message: string): Pod['status'] {
  const terminated = {
    exitCode: 128,
    reason: 'StartError',
    message,
    startedAt: '1970-01-01T00:00:00Z',
    finishedAt: second(20),
  };
  return { phase: 'Failed', containerStatuses: [container({ terminated })] };
}

test.each<[string, Pod['status'], RegExp]>([
  [
    'memory',
    { reason: 'Evicted', message: 'The node was low on resource: memory. ' },
    /evicted by node n1: The node was low on resource: memory; raise spec\.types\.worker\.resources\.memory/,
  ],
  [
    'disk',
    { reason: 'Evicted', message: 'The node was low on resource: ephemeral-storage.' },
    /ephemeral-storage; write less/,
  ],
  [
    'processes',
    { reason: 'Evicted', message: 'The node had condition: [PIDPressure].' },
    /start fewer processes/,
  ],
  [
    'a lost node',
    { reason: 'NodeLost', message: 'Node n1 which was running pod is unresponsive' },
    /^worker-1-0 was lost with node n1: Node n1 which was/,
  ],
  [
    'a shutdown',
    { reason: 'Terminated', message: 'Pod was terminated in response to imminent node shutdown.' },
    /^worker-1-0 was ended by the shutdown of node n1/,
  ],
  [
    'a deadline that somebody gave the pod',
    {
      reason: 'DeadlineExceeded',
      message: 'Pod was active on the node longer than the specified deadline',
      containerStatuses: ended(137).containerStatuses ?? [],
    },
    /^worker-1-0 was ended by node n1 when the deadline of the pod was over, which somebody in the cluster has set \(activeDeadlineSeconds\) \(exit 137\)/,
  ],
])('a node that gives a pod up says why: %s', (_, status, says) => {
  const pods = [pod(0, { status: running }), pod(1, { status: { phase: 'Failed', ...status } })];
  const verdict = verdictOf(observing({ jobset: failedJobSet('worker-1'), pods }));
  expect(verdict).toMatchObject({
    kind: 'failed',
    reason: 'Evicted',
    explanation: expect.stringMatching(says),
  });
});

test.each([
  ['PreemptionByScheduler', /was preempted on node n1/],
  ['DeletionByTaintManager', /node n1 was tainted/],
  ['EvictionByEvictionAPI', /was evicted from node n1/],
  ['DeletionByPodGC', /was lost with node n1/],
  ['TerminationByKubelet', /was evicted by node n1/],
])('%s is an eviction, whatever the command ended with', (reason, says) => {
  for (const code of [0, 137, 3]) {
    const pods = [pod(0, { status: running }), disrupted(pod(1, { status: ended(code) }), reason)];
    const state = code === 0 ? completed : failedJobSet('worker-1', 'FailJobSetFailurePolicyAction');
    const verdict = verdictOf(observing({ jobset: state, pods }), { plan: torch });
    expect(verdict).toMatchObject({
      kind: 'failed',
      reason: 'Evicted',
      explanation: expect.stringMatching(says),
    });
  }
});

test('a pod tells the node that it runs on, from when it has begun', () => {
  const placed = { nodeName: 'gpu-1', containers: [] };
  const [runs, waits] = [running, { phase: 'Pending' }].map((status, index) => ({
    ...pod(index, { status }),
    spec: placed,
  }));
  const { view } = look(observing({ pods: [runs, waits].filter((each) => each !== undefined) }));
  expect(view.pods.map(({ fact }) => [fact.status, fact.node])).toEqual([
    ['Running', 'gpu-1'],
    ['Pending', null],
  ]);
});

test('what happens to a pod after its end changes nothing', () => {
  const pods = [0, 1].map((index) =>
    withMeta(disrupted(pod(index, { status: ended(0) }), 'EvictionByEvictionAPI', 50), deleted(50)),
  );
  expect(verdictOf(observing({ jobset: completed, pods })).kind).toBe('succeeded');
});

test('an operator that restarts evicted pods does so by itself when the cluster calls it done', () => {
  const plan = planWith('jobset', `{worker: {count: 1, ${RESOURCES}}}`, ['restartPolicy: {backoffLimit: 1}']);
  const pods = [disrupted(pod(0, { status: ended(0) }), 'EvictionByEvictionAPI')];
  expect(verdictOf(observing({ jobset: completed, pods }), { plan }).kind).toBe('again');
  const last = verdictOf(observing({ jobset: completed, pods }), {
    plan,
    workloads: [{ uid: 'jobset-1', offset: 1 }],
  });
  expect(last).toMatchObject({
    kind: 'failed',
    reason: 'BackoffLimitExceeded',
    explanation: expect.stringContaining('attempt 2 of 2'),
  });
});

test('success waits for the pods: what the JobSet says is not enough', () => {
  const pods = [pod(0, { status: ended(0) }), pod(1, { status: running })];
  expect(verdictOf(observing({ jobset: completed, pods }), { now: SOON })).toEqual({
    kind: 'go-on',
    until: '2026-01-01T00:01:30.000Z',
  });
  const verdict = verdictOf(observing({ jobset: completed, pods }));
  expect(verdict).toMatchObject({
    kind: 'failed',
    reason: 'EngineLost',
    explanation: expect.stringContaining('worker-1-0'),
  });
});

test('the earliest failure is the root, the others are its consequence', () => {
  const pods = [pod(0, { status: ended(1, 25) }), pod(1, { status: ended(9, 21) })];
  expect(verdictOf(observing({ jobset: failedJobSet('worker-1'), pods }))).toMatchObject({
    explanation: expect.stringMatching(/^worker-1-0 exited with code 9/),
  });
});

test('a failed JobSet waits a moment for the pod that it names', () => {
  const pods = [pod(0, { status: ended(1, 25) }), pod(1, { status: running })];
  const observed = observing({ jobset: failedJobSet('worker-1'), pods });
  expect(verdictOf(observed, { now: SOON })).toEqual({ kind: 'go-on', until: '2026-01-01T00:00:32.000Z' });
  expect(verdictOf(observed)).toMatchObject({
    explanation: expect.stringMatching(/^worker-0-0 exited with code 1/),
  });
});

test("the Jobs' own deadline is a deadline", () => {
  const plan = planWith('jobset', `{worker: {count: 1, ${RESOURCES}}}`, ['timeout: 1h']);
  const condition = { type: 'Failed', status: 'True', reason: 'DeadlineExceeded' };
  const job: Job = {
    metadata: { ownerReferences: [{ kind: 'JobSet', name: NAME, uid: 'jobset-1', apiVersion: 'x' }] },
    status: { conditions: [condition] },
  };
  const observed = observing({
    jobset: failedJobSet('worker-0', 'FailJobSetFailurePolicyAction'),
    jobs: [job],
    pods: [pod(0, { status: running })],
  });
  expect(verdictOf(observed, { plan, now: SOON })).toMatchObject({
    reason: 'DeadlineExceeded',
    explanation: expect.stringContaining('3600 s'),
  });
  expect(verdictOf({ ...observed, jobs: [] }, { plan })).toMatchObject({ reason: 'DeadlineExceeded' });
});

test('the build of the image is no part of the run', () => {
  const condition = { type: 'Failed', status: 'True', reason: 'DeadlineExceeded' };
  const build: Job = { metadata: { name: `${NAME}-build` }, status: { conditions: [condition] } };
  expect(verdictOf(observing({ jobs: [build], pods: [pod(0, { status: running })] })).kind).toBe('go-on');
});

test.each<[string, Partial<Told>, string]>([
  ['gone', { jobset: null }, 'was deleted from outside'],
  [
    'going',
    { jobset: jobset({}, { metadata: { name: NAME, uid: 'jobset-1', deletionTimestamp: second(40) } }) },
    'was deleted from outside',
  ],
  [
    'another one',
    { jobset: jobset({}, { metadata: { name: NAME, uid: 'jobset-9' } }) },
    'was deleted and made again from outside',
  ],
])('a JobSet that is %s without our doing ends the experiment', (_, more, says) => {
  const observed = observing({ ...more, pods: [pod(0, { status: ended(0) }), pod(1, { status: running })] });
  expect(verdictOf(observed)).toMatchObject({
    kind: 'failed',
    reason: 'RemovedOutside',
    explanation: expect.stringContaining(says),
  });
  expect(verdictOf(observed, { told: 'CancelledByUser' }).kind).toBe('go-on');
});

test('nothing is missing before it was created', () => {
  expect(verdictOf(observing({ jobset: null }), { workloads: [] }).kind).toBe('go-on');
});

test('a JobSet that went after its pods had ended leaves their verdict', () => {
  const over = [0, 1].map((index) => withMeta(pod(index, { status: ended(0) }), deleted(50)));
  expect(verdictOf(observing({ jobset: null, gone: over, pods: [] })).kind).toBe('succeeded');
  const failed = [pod(0, { status: ended(0) }), pod(1, { status: ended(5) })];
  expect(verdictOf(observing({ jobset: null, pods: failed }))).toMatchObject({
    kind: 'failed',
    reason: 'NonZeroExit',
  });
});

test('what we told to end was stopped, not evicted', () => {
  const pods = [0, 1].map((index) => withMeta(pod(index, { status: ended(143) }), deleted(20)));
  const { view, verdict } = look(observing({ jobset: null, pods }), { told: 'CancelledByUser' });
  expect(view.pods.map(({ fact }) => [fact.status, fact.reason, fact.exit_code])).toEqual([
    ['Stopped', 'CancelledByUser', 143],
    ['Stopped', 'CancelledByUser', 143],
  ]);
  expect(verdict.kind).toBe('go-on');
});

test('a success is a success even when we were about to end it', () => {
  const pods = [0, 1].map((index) => pod(index, { status: ended(0) }));
  expect(verdictOf(observing({ jobset: completed, pods }), { told: 'CancelledByUser' }).kind).toBe(
    'succeeded',
  );
});

test('who saw the end before the deletion knows that the one did not cause the other', () => {
  const seen = pod(0, { status: ended(0) });
  const plan = planWith('jobset', `{worker: {count: 1, ${RESOURCES}}}`);
  const { memory } = look(observing({ pods: [seen] }), { plan }).view;
  const now = withMeta(seen, deleted(21));
  expect(verdictOf(observing({ jobset: completed, pods: [now] }), { plan, memory }).kind).toBe('succeeded');
  expect(verdictOf(observing({ jobset: completed, pods: [now] }), { plan }).kind).toBe('failed');
});

test('who sees a completed JobSet only when it is being deleted believes it: it had completed before', () => {
  const over = (at: number) =>
    [0, 1].map((index) => withMeta(pod(index, { status: ended(0, 29) }), deleted(at)));
  const going = { ...completed, metadata: { ...completed.metadata, deletionTimestamp: second(33) } };
  expect(verdictOf(observing({ jobset: going, pods: over(33) })).kind).toBe('succeeded');
  // Before the JobSet was: by somebody who wanted that pod gone.
  expect(verdictOf(observing({ jobset: going, pods: over(30) }))).toMatchObject({
    reason: 'Evicted',
    explanation: expect.stringContaining('deleted from outside'),
  });
});

test.each([
  [
    'and is made again by its Job, which somebody suspended: told of',
    { job: 'job-1', jobset: 'jobset-1' },
    [
      'worker-0-0 was ended from outside and made again by its Job: what ran there began anew, within attempt 1',
    ],
  ],
  ['and that of another JobSet has its name: none of ours', { job: 'job-2', jobset: 'jobset-2' }, []],
])('a pod that ends %s', (_, next, told) => {
  const of = (uid: string, { job, jobset: set }: typeof next, status: Pod['status']) => {
    const made = pod(0, { status });
    const labels = { ...made.metadata?.labels, 'jobset.sigs.k8s.io/jobset-uid': set };
    const owner = { apiVersion: 'batch/v1', kind: 'Job', name: 'j', uid: job, controller: true };
    return withMeta(made, { uid, labels, ownerReferences: [owner] });
  };
  const first = withMeta(of('a', { job: 'job-1', jobset: 'jobset-1' }, ended(143)), deleted(20));
  const { view } = look(observing({ gone: [first], pods: [of('b', next, running)] }));
  expect(view.notices.map(({ message }) => message)).toEqual(told);
});

test('a Job that somebody removed and JobSet made again is told of', () => {
  const ofJob = (of: Pod, uid: string, job: string) => {
    const owner = { apiVersion: 'batch/v1', kind: 'Job', name: 'j', uid: job, controller: true };
    return withMeta(of, { uid, ownerReferences: [owner] });
  };
  const first = ofJob(withMeta(pod(0, { status: ended(143) }), deleted(20)), 'a', 'job-1');
  const next = ofJob(pod(0, { status: running }), 'b', 'job-2');
  const other = ofJob(pod(1, { status: running }), 'c', 'job-3');
  const { view, verdict } = look(observing({ gone: [first], pods: [next, other] }));
  expect(verdict.kind).toBe('go-on');
  expect(view.notices).toEqual([
    {
      code: 'job_made_anew',
      message:
        'the Job of worker-0-0 was removed from outside and made again by JobSet: what ran there began anew, within attempt 1',
    },
  ]);
  expect(look(observing({ pods: [next, other] })).view.notices).toEqual([]);
});

test('a node that does not end a pod is not what another pod failed of', () => {
  const plan = planWith('jobset', `{worker: {count: 2, ${RESOURCES}}}`, ['restartPolicy: {backoffLimit: 1}']);
  const silent = withMeta(pod(1, { status: running }), {
    deletionTimestamp: second(45),
    deletionGracePeriodSeconds: 30,
  });
  const observed = observing({ pods: [pod(0, { status: ended(3) }), silent] });
  expect(verdictOf(observed, { plan })).toMatchObject({
    kind: 'again',
    explanation: expect.stringMatching(/^worker-0-0 exited with code 3/),
  });
  expect(verdictOf(observed)).toMatchObject({ kind: 'failed', reason: 'NonZeroExit' });
});

test('a pod whose node never says that it has ended it is lost', () => {
  const silent = withMeta(disrupted(pod(1, { status: running }), 'DeletionByTaintManager'), {
    deletionTimestamp: second(45),
    deletionGracePeriodSeconds: 30,
  });
  const observed = observing({ pods: [pod(0, { status: running }), silent] });
  expect(verdictOf(observed, { now: new Date(second(50)) })).toEqual({
    kind: 'go-on',
    until: '2026-01-01T00:02:45.000Z',
  });
  expect(verdictOf(observed)).toMatchObject({
    kind: 'failed',
    reason: 'Evicted',
    explanation: expect.stringMatching(/^worker-1-0 was lost with node n1: it does not answer/),
  });
});

test('an image is given its time', () => {
  const status: Pod['status'] = {
    startTime: second(0),
    containerStatuses: [container({ waiting: { reason: 'ImagePullBackOff', message: 'gone' } })],
  };
  const observed = observing({ pods: [pod(0, { status }), pod(1, { status: running })] });
  expect(verdictOf(observed, { now: SOON })).toEqual({ kind: 'go-on', until: '2026-01-01T00:10:00.000Z' });
  expect(verdictOf(observed)).toMatchObject({
    kind: 'failed',
    reason: 'ImageNotFound',
    explanation: expect.stringMatching(/worker-0-0 cannot start: its image/),
  });
});

test('a failure is said in the terms of its framework when its output tells', () => {
  const pods = [pod(0, { status: running }), pod(1, { status: ended(1) })];
  const verdict = verdictOf(
    observing({
      jobset: { ...failedJobSet('worker-1'), status: { ...failedJobSet('worker-1').status, restarts: 2 } },
      pods: pods.map(inAttempt(2)),
    }),
    { plan: torch },
  );
  if (verdict.kind !== 'failed') throw new Error(verdict.kind);
  expect(verdict.root?.end).toMatchObject({ rank: 1, code: 1, running: [0], finished: [] });
  const said = explainWithOutput(verdict, "ModuleNotFoundError: No module named 'einops'");
  expect(said.reason).toBe('BackoffLimitExceeded');
  expect(said.explanation).toMatch(/^worker-1-0 imports einops, .*\(attempt 3 of 3;/);
  expect(explainWithOutput(verdict, '').explanation).toMatch(
    /^rank 1 \(worker-1-0\) ended with code 1 while rank 0 ran on/,
  );
});

function inAttempt(restarts: number) {
  return (of: Pod): Pod =>
    withMeta(of, {
      labels: { ...of.metadata?.labels, 'jobset.sigs.k8s.io/restart-attempt': String(restarts) },
    });
}

const ray = planWith('kuberay', `{Head: {${RESOURCES}}, Workers: [{name: cpus, count: 1, ${RESOURCES}}]}`, [
  'rayVersion: "2.52.1"',
  'restartPolicy: {backoffLimit: 1}',
]);
const CLUSTER = `${NAME}-abcde`;

function rayjob(status: ObservedRayJob['status']): ObservedRayJob {
  return {
    metadata: { name: NAME, uid: 'jobset-1' },
    status: { rayClusterName: CLUSTER, endTime: second(30), ...status },
  };
}

function rayPod(
  type: 'head' | 'worker' | 'submitter',
  status: Pod['status'],
  meta: Pod['metadata'] = {},
): Pod {
  const names = { head: 'ray-head', worker: 'ray-worker', submitter: 'ray-job-submitter' };
  const containerStatuses = status?.containerStatuses?.map((each) => ({ ...each, name: names[type] }));
  const labels =
    type === 'submitter'
      ? { 'aichor.io/type': 'submitter' }
      : {
          'ray.io/cluster': CLUSTER,
          'ray.io/node-type': type,
          'ray.io/group': type === 'head' ? 'headgroup' : 'cpus',
        };
  const env =
    type === 'submitter'
      ? [{ name: 'RAY_DASHBOARD_ADDRESS', value: `${CLUSTER}-head-svc.ns.svc.cluster.local:8265` }]
      : [];
  return {
    metadata: { name: type, uid: type, labels, creationTimestamp: second(1), ...meta },
    spec: {
      restartPolicy: type === 'submitter' ? 'Never' : 'Always',
      nodeName: 'n1',
      containers: [{ name: names[type], env }],
    },
    status: { ...status, ...(containerStatuses === undefined ? {} : { containerStatuses }) },
  };
}

const nodes = [rayPod('head', running), rayPod('worker', running)];

function rayVerdict(status: ObservedRayJob['status'], pods: Pod[]): Judgement {
  return verdictOf(observing({ jobset: null, rayjob: rayjob(status), pods }), { plan: ray });
}

const failed = { jobStatus: 'FAILED', jobDeploymentStatus: 'Failed', reason: 'AppFailed', failed: 2 };

test("the driver's exit code is the one that Ray names, not the submitter's", () => {
  const message = 'Job entrypoint command failed with exit code 127, last available logs (truncated): …';
  const verdict = rayVerdict({ ...failed, message }, [...nodes, rayPod('submitter', ended(1))]);
  expect(verdict).toMatchObject({
    kind: 'failed',
    reason: 'BackoffLimitExceeded',
    explanation: expect.stringMatching(
      /^submitter-0-0: a command was not found \(exit 127\).*attempt 2 of 2/,
    ),
  });
});

test('a submitter that fails is no failure of a job that succeeded', () => {
  const status = {
    jobStatus: 'SUCCEEDED',
    jobDeploymentStatus: 'Failed',
    reason: 'SubmissionFailed',
    failed: 1,
  };
  expect(rayVerdict(status, [...nodes, rayPod('submitter', ended(1))]).kind).toBe('succeeded');
});

test('a head that went before the job ended took the driver with it', () => {
  const lost = disrupted(rayPod('head', ended(0), deleted(20)), 'EvictionByEvictionAPI');
  expect(
    rayVerdict({ jobStatus: 'SUCCEEDED', jobDeploymentStatus: 'Complete' }, [lost, rayPod('worker', running)])
      .kind,
  ).toBe('again');
  const killed = disrupted(rayPod('head', ended(137), deleted(20)), 'PreemptionByScheduler');
  const verdict = rayVerdict({ ...failed, reason: 'JobStatusCheckTimeoutExceeded', jobStatus: 'RUNNING' }, [
    killed,
    rayPod('worker', running),
  ]);
  expect(verdict).toMatchObject({
    kind: 'failed',
    explanation: expect.stringMatching(/^head-0-0 was preempted/),
  });
});

test('a head that somebody deleted is what the job failed of', () => {
  const lost = rayPod('head', ended(137), deleted(20));
  const status = { ...failed, reason: 'SubmissionFailed', jobStatus: 'RUNNING', message: 'gave up' };
  const pods = [lost, rayPod('worker', running), rayPod('submitter', ended(0))];
  expect(rayVerdict(status, pods)).toMatchObject({
    kind: 'failed',
    explanation: expect.stringMatching(/^head-0-0 was deleted from outside before its command had ended/),
  });
});

test('a worker that ran out of memory stands beside what the driver died of', () => {
  const worker = rayPod('worker', ended(137, 20, 'OOMKilled'));
  const verdict = rayVerdict({ ...failed, message: 'failed with exit code 1' }, [
    rayPod('head', running),
    worker,
    rayPod('submitter', ended(1)),
  ]);
  expect(verdict).toMatchObject({
    explanation: expect.stringMatching(
      /^submitter-0-0 exited with code 1; .*\. Before that: cpus-0-0 ran out of memory/,
    ),
  });
});

test.each([
  [
    'JobStatusCheckTimeoutExceeded',
    'Job status checks have been failing since 2026-01-01 00:00:00; exceeded timeout of 300s',
    'EngineLost',
    /^KubeRay could no longer learn from the Ray cluster how the job stands, and gave up \(Job status checks have been failing since .* 300s\); whether it went on is not known: .*--pod head-0-0, or resubmit$/,
  ],
  [
    'PreRunningDeadlineExceeded',
    'The RayJob has passed the preRunningDeadlineSeconds. StartTime: x. PreRunningDeadlineSeconds: 60',
    'StartFailed',
    /^the Ray job had not begun when KubeRay gave it up \(The RayJob has passed the preRunningDeadlineSeconds\..*\)/,
  ],
  ['SomethingNew', 'never heard of', 'NonZeroExit', /^the Ray job failed: never heard of; /],
])('a RayJob that its operator gives up (%s) is told as that, with no restart counted', (...told) => {
  const [reason, message, said, explanation] = told;
  const status = { jobStatus: 'RUNNING', jobDeploymentStatus: 'Failed', reason, message, failed: 1 };
  const verdict = rayVerdict(status, [...nodes, rayPod('submitter', running)]);
  expect(verdict).toMatchObject({
    kind: 'failed',
    reason: said,
    explanation: expect.stringMatching(explanation),
  });
});

test('a Ray job that passes its deadline is late', () => {
  const plan = { ...ray, timeout_s: 60 };
  const observed = observing({
    jobset: null,
    rayjob: rayjob({ ...failed, reason: 'DeadlineExceeded' }),
    pods: nodes,
  });
  expect(verdictOf(observed, { plan })).toMatchObject({ kind: 'failed', reason: 'DeadlineExceeded' });
});
