import { expect, test } from 'vitest';
import { createLooker, createWorld, LATER, readRecording, recordingNames, type Looked } from './recorded.ts';

interface Expected {
  verdict: Looked['verdict']['kind'];
  reason?: string;
  /** Of the explanation; for `go-on` of what it waits for. */
  says?: RegExp;
  attempt?: number;
  /** `name status reason exit-code`, as far as it matters. */
  pods: string[];
}

const ALWAYS: Record<string, Expected> = {
  success: {
    verdict: 'succeeded',
    pods: [
      'trainer-0-0 Succeeded 0',
      'trainer-1-0 Succeeded 0',
      'eval-0-0 Succeeded 0',
      'eval-0-1 Succeeded 0',
    ],
  },
  restart: {
    verdict: 'succeeded',
    attempt: 2,
    pods: ['worker-0-0 Succeeded 0', 'worker-1-0 Succeeded 0', 'worker-2-0 Succeeded 0'],
  },
  exhausted: {
    verdict: 'failed',
    reason: 'BackoffLimitExceeded',
    says: /^worker-2-0 exited with code 7; its log says why: .* \(attempt 2 of 2; spec\.restartPolicy\.backoffLimit is 1\)$/,
    attempt: 2,
    pods: [
      'worker-0-0 Stopped StoppedWithExperiment 137',
      'worker-1-0 Stopped StoppedWithExperiment 137',
      'worker-2-0 Failed NonZeroExit 7',
    ],
  },
  'evicted-exit-0': {
    verdict: 'failed',
    reason: 'Evicted',
    says: /^worker-0-0 was evicted from node node1.*\(exit 0\); jax restarts only what fails by itself/,
    pods: ['worker-0-0 Failed Evicted 0', 'worker-1-0 Failed Evicted 0'],
  },
  'evicted-killed': {
    verdict: 'failed',
    reason: 'Evicted',
    says: /^worker-1-0 was evicted from node node1.*\(exit 137\)/,
    pods: ['worker-0-0 Running', 'worker-1-0 Failed Evicted 137'],
  },
  'evicted-restarted': {
    verdict: 'succeeded',
    attempt: 2,
    pods: ['worker-0-0 Succeeded 0', 'worker-1-0 Succeeded 0'],
  },
  'out-of-memory': {
    verdict: 'failed',
    reason: 'OutOfMemory',
    says: /^worker-0-0 ran out of memory \(exit 137\): it asked for 0\.0625 GB; raise spec\.types\.worker\.resources\.memory$/,
    pods: ['worker-0-0 Failed OutOfMemory 137'],
  },
  'out-of-memory-exit-0': { verdict: 'succeeded', pods: ['worker-0-0 Succeeded 0'] },
  'never-pull': {
    verdict: 'failed',
    reason: 'ImageNotFound',
    says: /^2 of 2 pods cannot start \(worker-0-0, …\): Container image "localhost\/absent:1" is not present with pull policy of Never; put the image/,
    pods: ['worker-0-0 Pending ImageNotFound', 'worker-1-0 Pending ImageNotFound'],
  },
  'invalid-image': {
    verdict: 'failed',
    reason: 'ImageNotFound',
    says: /^worker-0-0 cannot start: UPPER\/:: is no name of an image: /,
    pods: ['worker-0-0 Pending ImageNotFound'],
  },
  'unresolvable-registry': {
    verdict: 'failed',
    reason: 'ImageNotFound',
    says: /^worker-0-0 cannot start: its image cannot be pulled: .*no such host; check that it was pushed.*given up after 600 s/,
    pods: ['worker-0-0 Pending ImageNotFound'],
  },
  'config-error': {
    verdict: 'failed',
    reason: 'StartFailed',
    says: /its container cannot be made: secret "experiment-\S+-secrets" not found/,
    pods: ['worker-0-0 Pending StartFailed', 'worker-1-0 Pending StartFailed'],
  },
  'command-not-found': {
    verdict: 'failed',
    reason: 'CommandNotFound',
    says: /^worker-0-0: a command was not found \(exit 127\); check spec\.command/,
    pods: ['worker-0-0 Failed CommandNotFound 127'],
  },
  'start-error': {
    verdict: 'failed',
    reason: 'CommandNotFound',
    says: /^worker-0-0: the image has no \/no\/such\/shell, .*\(exit 128\)/,
    pods: ['worker-0-0 Failed CommandNotFound'],
  },
  'unschedulable-gpu': {
    verdict: 'go-on',
    says: /^2 of 2 pods wait \(worker-0-0, …\): 0\/4 nodes are available: .* \(no node it may use has the GPU product NVIDIA-H200; see spec\.types\.worker\.resources\.accelerators\.gpu\.product/,
    pods: ['worker-0-0 Pending Unschedulable', 'worker-1-0 Pending Unschedulable'],
  },
  'unschedulable-cpu': {
    verdict: 'go-on',
    says: /^worker-0-0 waits: 0\/4 nodes are available: 1 Insufficient cpu.*\(it asks for 5000 CPUs, no node has them free; lower spec\.types\.worker\.resources\.cpus\)$/,
    pods: ['worker-0-0 Pending Unschedulable'],
  },
  'claim-missing': {
    verdict: 'go-on',
    says: /persistentvolumeclaim "datasets" not found.*\(create the claim datasets in the namespace/,
    pods: ['worker-0-0 Pending Unschedulable'],
  },
  'mount-failed': {
    verdict: 'go-on',
    says: /^worker-0-0 waits: a volume cannot be mounted: MountVolume\.SetUp failed for volume "x"/,
    pods: ['worker-0-0 Pending'],
  },
  quota: {
    verdict: 'go-on',
    says: /^worker-0-0 waits: the cluster does not create it: .*exceeded quota: no-pods.*ask the namespace's administrator/,
    pods: ['worker-0-0 Pending Unschedulable'],
  },
  gated: {
    verdict: 'go-on',
    says: /^worker-0-0 waits: held back by the scheduling gate example\.com\/quota/,
    pods: ['worker-0-0 Pending'],
  },
  suspended: { verdict: 'succeeded', pods: ['worker-0-0 Succeeded 0'] },
  'pod-deleted-exit-0': {
    verdict: 'again',
    says: /^worker-0-0 was deleted from outside before its command had ended \(exit 0\)/,
    pods: ['worker-0-0 Failed Evicted 0'],
  },
  'pod-deleted-killed': {
    verdict: 'failed',
    reason: 'Evicted',
    says: /^worker-0-0 was deleted from outside before its command had ended \(exit 137\); jax restarts only/,
    pods: ['worker-0-0 Failed Evicted 137', 'worker-1-0 Running'],
  },
  'jobset-deleted': {
    verdict: 'failed',
    reason: 'RemovedOutside',
    says: /^the JobSet experiment-\S+ was deleted from outside/,
    pods: ['worker-0-0 Stopped StoppedWithExperiment 0', 'worker-1-0 Stopped StoppedWithExperiment 0'],
  },
  'jobset-deleted-after': {
    verdict: 'succeeded',
    pods: ['worker-0-0 Succeeded 0', 'worker-1-0 Succeeded 0'],
  },
  'job-deadline': {
    verdict: 'failed',
    reason: 'DeadlineExceeded',
    says: /^ran longer than spec\.timeout \(3600 s\)/,
    pods: ['worker-0-0 Stopped DeadlineExceeded 137', 'worker-1-0 Stopped DeadlineExceeded 137'],
  },
  'disk-eviction': {
    verdict: 'failed',
    reason: 'Evicted',
    says: /^worker-0-0 was evicted by node node1: Usage of EmptyDir volume "x" exceeds the limit "1Mi"; raise spec\.types\.worker\.resources\.shmSizeGB/,
    pods: ['worker-0-0 Failed Evicted'],
  },
  preempted: {
    verdict: 'failed',
    reason: 'Evicted',
    says: /^worker-0-0 was preempted on node small-node: a pod of higher priority needed the room/,
    pods: ['worker-0-0 Failed Evicted 143'],
  },
  tainted: {
    verdict: 'failed',
    reason: 'Evicted',
    says: /^worker-0-0 was evicted: node tainted-node was tainted.*set spec\.restartPolicy\.backoffLimit/,
    pods: ['worker-0-0 Failed Evicted 143'],
  },
  'node-gone': {
    verdict: 'failed',
    reason: 'Evicted',
    says: /^worker-0-0 was lost with node gone-node/,
    pods: ['worker-0-0 Failed Evicted'],
  },
  'ray-success': {
    verdict: 'succeeded',
    pods: ['head-0-0 Succeeded', 'cpus-0-0 Succeeded', 'cpus-1-0 Succeeded', 'submitter-0-0 Succeeded 0'],
  },
  'ray-failed': {
    verdict: 'failed',
    reason: 'NonZeroExit',
    says: /^the Ray job failed: fake dashboard: failed; its log says why: .* --pod submitter-0-0$/,
    pods: ['head-0-0 Running', 'cpus-0-0 Running', 'cpus-1-0 Running', 'submitter-0-0 Failed NonZeroExit'],
  },
  'ray-stopped': {
    verdict: 'failed',
    reason: 'Killed',
    says: /^the Ray job was stopped from outside/,
    pods: [
      'head-0-0 Running',
      'cpus-0-0 Running',
      'cpus-1-0 Running',
      'submitter-0-0 Stopped StoppedWithExperiment 0',
    ],
  },
  'ray-retried': {
    verdict: 'failed',
    reason: 'BackoffLimitExceeded',
    says: /\(attempt 2 of 2; /,
    attempt: 2,
    pods: ['head-0-0 Running', 'cpus-0-0 Running', 'cpus-1-0 Running', 'submitter-0-0 Failed NonZeroExit'],
  },
  'ray-invalid': {
    verdict: 'failed',
    reason: 'StartFailed',
    says: /^the cluster's Ray operator refuses the RayJob: The RayJob spec is invalid: /,
    pods: ['head-0-0 Pending', 'cpus-0-0 Pending', 'cpus-1-0 Pending', 'submitter-0-0 Pending'],
  },
  'ray-deleted': {
    verdict: 'failed',
    reason: 'RemovedOutside',
    says: /^the RayJob experiment-\S+ was deleted from outside/,
    pods: ['head-0-0', 'cpus-0-0', 'cpus-1-0', 'submitter-0-0'].map(
      (pod) => `${pod} Stopped StoppedWithExperiment`,
    ),
  },
  'ray-worker-lost': {
    verdict: 'succeeded',
    pods: ['head-0-0 Succeeded', 'cpus-0-0 Succeeded', 'cpus-1-0 Succeeded', 'submitter-0-0 Succeeded 0'],
  },
};

test('every recording has an expectation', () => {
  expect(recordingNames().toSorted()).toEqual(Object.keys(ALWAYS).toSorted());
});

test.each(Object.entries(ALWAYS))('%s ends as it did', (name, expected) => {
  const recording = readRecording(name);
  const world = createWorld();
  const look = createLooker(recording);
  let waited: string[] = [];
  for (const event of recording.events) {
    world.apply(event);
    const { view } = look(world.observed(), new Date(event.at));
    if (view.waiting !== null) waited = [view.waiting.message];
  }
  const { view, verdict } = look(world.observed(), LATER);
  const said =
    verdict.kind === 'failed' || verdict.kind === 'again' ? verdict.explanation : (waited[0] ?? '');
  expect(verdict.kind).toBe(expected.verdict);
  expect(verdict.kind === 'failed' ? verdict.reason : undefined).toBe(expected.reason);
  if (expected.says !== undefined) expect(said).toMatch(expected.says);
  expect(view.attempt).toBe(expected.attempt ?? 1);
  expect(view.pods.map(({ fact }) => tell(fact))).toEqual(expected.pods);
});

test('memory that ran out although the command ended with 0 is told beside the success', () => {
  const { verdict } = endOf('out-of-memory-exit-0');
  expect(verdict).toMatchObject({
    kind: 'succeeded',
    notices: [
      { code: 'out_of_memory', message: expect.stringContaining('raise spec.types.worker.resources.memory') },
    ],
  });
});

test('the pods of an earlier attempt can still be told of when the next one is there', () => {
  const recording = readRecording('exhausted');
  const world = createWorld();
  for (const event of recording.events) world.apply(event);
  const look = createLooker(recording);
  look(world.observed(), LATER);
  const { view } = look(world.observed(), LATER, 1);
  expect(view.attempt).toBe(1);
  expect(view.pods.map(({ fact }) => tell(fact))).toEqual([
    'worker-0-0 Stopped StoppedWithExperiment 137',
    'worker-1-0 Stopped StoppedWithExperiment 137',
    'worker-2-0 Failed NonZeroExit 7',
  ]);
});

test('a worker that was made anew has the name of the one it replaces, and is told beside the success', () => {
  const { view, verdict } = endOf('ray-worker-lost');
  const objects = view.objects.filter(({ pod }) => pod === 'cpus-0-0');
  expect(objects.map(({ gone }) => gone)).toEqual([true, false]);
  expect(verdict).toMatchObject({ kind: 'succeeded', notices: [{ code: 'pod_replaced' }] });
});

function endOf(name: string): Looked {
  const recording = readRecording(name);
  const world = createWorld();
  for (const event of recording.events) world.apply(event);
  return createLooker(recording)(world.observed(), LATER);
}

function tell({ pod, status, reason, exit_code: code }: Looked['view']['pods'][number]['fact']): string {
  return [pod, status, reason, code].filter((part) => part !== null).join(' ');
}
