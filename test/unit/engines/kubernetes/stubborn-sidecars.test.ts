import { describe, expect, test } from 'vitest';
import type { ObservedRayJob, Pod } from '../../../../src/engines/kubernetes/api/objects.ts';
import { isWorkOver } from '../../../../src/engines/kubernetes/pod/containers.ts';
import { see } from '../../../../src/engines/kubernetes/pod/seen-pod.ts';
import { viewAttempt } from '../../../../src/engines/kubernetes/status/attempt-view.ts';
import { judge } from '../../../../src/engines/kubernetes/status/judge.ts';
import { NO_MEMORY } from '../../../../src/engines/kubernetes/status/model.ts';
import { workloadOf } from '../../../../src/engines/kubernetes/workload/choose-workload.ts';
import {
  container,
  ended,
  EXPERIMENT,
  NAME,
  observing,
  planWith,
  pod,
  RESOURCES,
  running,
  second,
  type Told,
} from './pods.ts';

/** Containers that the cluster adds and that do not end although they are told to. */

const one = planWith('jobset', `{worker: {count: 1, ${RESOURCES}}}`);
const ray = planWith('kuberay', `{Head: {${RESOURCES}}, Workers: []}`, ['rayVersion: "2.52.1"']);
const rayAgain = planWith('kuberay', `{Head: {${RESOURCES}}, Workers: []}`, [
  'rayVersion: "2.52.1"',
  'restartPolicy: {backoffLimit: 1}',
]);
const runs = { running: { startedAt: second(9) } };

function look(told: Partial<Told>, { plan = one, now = second(22) } = {}) {
  const known = {
    plan,
    workload: workloadOf(plan),
    experimentId: EXPERIMENT,
    observed: observing(told),
    workloads: [{ uid: 'jobset-1', offset: 0 }],
    now: new Date(now),
  };
  const view = viewAttempt({ ...known, memory: NO_MEMORY, told: null });
  return { view, verdict: judge({ ...known, view, imageFailAfterS: 600, sidecarGraceS: 30 }) };
}

/** A native sidecar that goes on after its command. */
function withSidecar(status: Pod['status']): Pod {
  const agent = { name: 'agent', image: 'agent' };
  return pod(0, {
    spec: { initContainers: [Object.assign(agent, { restartPolicy: 'Always' })] },
    status: {
      ...status,
      phase: 'Running',
      initContainerStatuses: [{ ...container(runs), name: 'agent' }],
    },
  });
}

describe('a native sidecar that does not end with the command', () => {
  const pods = [withSidecar(ended(0))];

  test('is not mentioned while Kubernetes ends it', () => {
    expect(look({ pods }, { now: second(21) }).view.waiting).toBeNull();
  });

  test('is named, has its grace, and is ended with the workload', () => {
    expect(look({ pods }, { now: second(22) }).view.waiting?.message).toBe(
      'worker-0-0 waits: its command has ended with 0; container agent, which the cluster added, still runs',
    );
    expect(look({ pods }, { now: second(49) }).verdict).toEqual({
      kind: 'go-on',
      until: '2026-01-01T00:00:50.000Z',
    });
    expect(look({ pods }, { now: second(50) }).verdict).toMatchObject({
      kind: 'succeeded',
      notices: [{ code: 'sidecar_ended' }],
    });
  });

  test('hides no failure', () => {
    expect(look({ pods: [withSidecar(ended(5))] }, { now: second(23) }).verdict).toMatchObject({
      kind: 'failed',
      reason: 'NonZeroExit',
    });
  });
});

test.each([
  ['whose command runs', running, {}, false],
  ['whose command has ended, while nobody has told it to end', ended(0), {}, false],
  ['whose command runs, told to end', running, { deletionTimestamp: second(60) }, false],
  ['whose command has ended, told to end', ended(0), { deletionTimestamp: second(60) }, true],
])('nothing of ours runs in a pod with a sidecar, %s: %s', (_, status, meta, isOver) => {
  const held = withSidecar(status);
  expect(isWorkOver(see({ ...held, metadata: { ...held.metadata, ...meta } }))).toBe(isOver);
});

describe('a container beside the submitter of a Ray job that does not end', () => {
  const CLUSTER = `${NAME}-abcde`;
  const rayjob = (jobStatus: string, meta: ObservedRayJob['metadata'] = {}): ObservedRayJob => ({
    metadata: { name: NAME, uid: 'jobset-1', ...meta },
    status: {
      rayClusterName: CLUSTER,
      jobStatus,
      jobDeploymentStatus: 'Running',
      message: 'Job entrypoint command failed with exit code 5',
    },
  });
  const named = (name: string, status: Pod['status']) =>
    status?.containerStatuses?.map((each) => ({ ...each, name })) ?? [];
  const head: Pod = {
    metadata: {
      name: 'head',
      uid: 'head',
      labels: { 'ray.io/cluster': CLUSTER, 'ray.io/node-type': 'head' },
      creationTimestamp: second(1),
    },
    spec: { restartPolicy: 'Always', nodeName: 'n1', containers: [{ name: 'ray-head' }] },
    status: { phase: 'Running', containerStatuses: named('ray-head', running) },
  };
  const submitter = (code: number): Pod => ({
    metadata: {
      name: 'submitter',
      uid: 'submitter',
      labels: { 'aichor.io/type': 'submitter' },
      creationTimestamp: second(2),
    },
    spec: {
      restartPolicy: 'Never',
      nodeName: 'n1',
      containers: [
        { name: 'aaa-proxy' },
        {
          name: 'ray-job-submitter',
          env: [{ name: 'RAY_DASHBOARD_ADDRESS', value: `${CLUSTER}-head-svc.ns.svc.cluster.local:8265` }],
        },
      ],
    },
    status: {
      phase: 'Running',
      containerStatuses: [
        { ...container(runs), name: 'aaa-proxy' },
        ...named('ray-job-submitter', ended(code)),
      ],
    },
  });
  const lookAtRay = (jobStatus: string, code: number, { plan = ray, now = second(22) } = {}) =>
    look({ jobset: null, rayjob: rayjob(jobStatus), pods: [head, submitter(code)] }, { plan, now });

  test('is named, has its grace, and is ended with the workload', () => {
    expect(lookAtRay('SUCCEEDED', 0).view.waiting?.message).toContain(
      'submitter-0-0 waits: its command has ended with 0; container aaa-proxy, which the cluster added, still runs',
    );
    expect(lookAtRay('SUCCEEDED', 0, { now: second(49) }).verdict).toEqual({
      kind: 'go-on',
      until: '2026-01-01T00:00:50.000Z',
    });
    expect(lookAtRay('SUCCEEDED', 0, { now: second(50) }).verdict).toMatchObject({
      kind: 'succeeded',
      notices: [{ code: 'sidecar_ended', message: expect.stringContaining('in submitter-0-0 30 s after') }],
    });
  });

  test('hides no failure, and keeps no job from its next attempt', () => {
    expect(lookAtRay('FAILED', 1, { now: second(50) }).verdict).toMatchObject({
      kind: 'failed',
      reason: 'NonZeroExit',
      explanation: expect.stringMatching(/^submitter-0-0 exited with code 5/),
    });
    expect(lookAtRay('FAILED', 1, { now: second(50), plan: rayAgain }).verdict).toEqual({
      kind: 'again',
      explanation:
        'the Ray job ended as FAILED, and container aaa-proxy, which the cluster added, kept submitter-0-0 from ending',
    });
  });

  test('settles nothing while the job goes on', () => {
    expect(lookAtRay('RUNNING', 1, { now: second(50) }).verdict).toEqual({ kind: 'go-on', until: null });
  });

  test('a Ray job that had succeeded before its RayJob was removed has succeeded', () => {
    const going = rayjob('SUCCEEDED', { deletionTimestamp: second(55) });
    const { view, verdict } = look(
      { jobset: null, rayjob: going, pods: [head, submitter(0)] },
      { plan: ray, now: second(56) },
    );
    expect(verdict).toEqual({ kind: 'succeeded', notices: [] });
    expect(view.pods.map(({ fact }) => fact.status)).toEqual(['Succeeded', 'Succeeded']);
    expect(view.memory.ended?.state).toBe('completed');
  });
});
