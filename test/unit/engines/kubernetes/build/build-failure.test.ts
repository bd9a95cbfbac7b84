import { expect, test } from 'vitest';
import { explainBuildFailure } from '../../../../../src/engines/kubernetes/build/build-failure.ts';
import { digestOf, viewBuild } from '../../../../../src/engines/kubernetes/build/build-view.ts';
import { buildWaiting } from '../../../../../src/engines/kubernetes/build/build-waiting.ts';
import type { Pod } from '../../../../../src/engines/kubernetes/api/objects.ts';
import type { Observed } from '../../../../../src/engines/kubernetes/watch/observed.ts';
import { buildJob, buildPod, DIGEST, EXPERIMENT_ID, JOB, METADATA, observed, warning } from './objects.ts';

const NOW = new Date('2026-01-01T01:00:00Z');

function waitOf(seen: Observed) {
  return buildWaiting(viewBuild(seen, JOB), seen, { now: NOW, imageFailAfterS: 600 });
}

function failureOf(seen: Observed, output = '') {
  return explainBuildFailure({
    view: viewBuild(seen, JOB),
    waiting: waitOf(seen),
    experimentId: EXPERIMENT_ID,
    deadlineS: 7200,
    output,
  });
}

const DONE = { exitCode: 0 };

function deleted(pod: Pod): Pod {
  return { ...pod, metadata: { ...pod.metadata, deletionTimestamp: '2026-01-01T00:00:30Z' } };
}

test.each<[string, Observed]>([
  [
    'its pod is being deleted, and its Job has not said why',
    observed({ pods: [deleted(buildPod(DONE, { exitCode: 143 }))] }),
  ],
  ['nothing but the Job', observed()],
  ['waits for its files', observed({ pods: [buildPod('running', 'waiting')] })],
  ['is building', observed({ pods: [buildPod(DONE, 'running')] })],
  ['has built', observed({ pods: [buildPod(DONE, { exitCode: 0, message: METADATA })] })],
  [
    'its pod cannot be created yet: a quota may have room later',
    observed({ events: [warning('FailedCreate', 'exceeded quota', 'job-uid')] }),
  ],
])('goes on: %s', (_, seen) => {
  expect(failureOf(seen)).toBeNull();
});

test.each<[string, Observed, RegExp]>([
  [
    'the build failed',
    observed({ pods: [buildPod(DONE, { exitCode: 1, message: 'error: failed to solve: a: not found' })] }),
    /^the image could not be built: a: not found; all it printed: aichor experiments logs 6f4a850d-\S+ --step build$/,
  ],
  [
    'it said nothing that looks like an error',
    observed({
      pods: [buildPod(DONE, { exitCode: 127, message: 'sh: buildctl-daemonless.sh: not found\n' })],
    }),
    /exit code 127: sh: buildctl-daemonless\.sh: not found/,
  ],
  [
    'the container for the files ended',
    observed({ pods: [buildPod({ exitCode: 2, message: 'no space left' }, 'waiting')] }),
    /exit code 2: no space left/,
  ],
  [
    'out of memory',
    observed({ pods: [buildPod(DONE, { exitCode: 137, reason: 'OOMKilled' })] }),
    /^the build ran out of memory \(exit 137\)/,
  ],
  [
    'evicted',
    observed({
      pods: [
        buildPod(
          DONE,
          { exitCode: 137 },
          { status: { reason: 'Evicted', message: 'The node was low on resource: ephemeral-storage.' } },
        ),
      ],
    }),
    /ended by the cluster: The node was low on resource: ephemeral-storage\.; resubmit/,
  ],
  [
    'no digest',
    observed({ pods: [buildPod(DONE, { exitCode: 0, message: '{}' })] }),
    /did not say which it is: \{\}/,
  ],
  [
    'its limit, while it never started',
    observed({
      jobs: [buildJob({ reason: 'DeadlineExceeded' })],
      events: [warning('FailedCreate', 'exceeded quota: q', 'job-uid')],
    }),
    /longer than 7200 s.*build\.deadline_s.*never started: its pod cannot be created: exceeded quota: q/,
  ],
  [
    'its limit, while it was building',
    observed({
      jobs: [buildJob({ reason: 'DeadlineExceeded' })],
      pods: [deleted(buildPod(DONE, { exitCode: 143 }))],
    }),
    /longer than 7200 s[^;]*$/,
  ],
  [
    'its pod was deleted while it ran',
    observed({
      jobs: [buildJob({ reason: 'BackoffLimitExceeded' })],
      pods: [deleted(buildPod(DONE, { exitCode: 143 }))],
    }),
    /deleted by somebody else.*resubmit/,
  ],
  [
    'its pod was deleted',
    observed({ jobs: [buildJob({ reason: 'BackoffLimitExceeded' })] }),
    /deleted by somebody else.*resubmit/,
  ],
  [
    'its own image never pulled',
    observed({
      pods: [
        buildPod('waiting', 'waiting', {
          status: {
            phase: 'Pending',
            initContainerStatuses: [
              {
                ...{ name: 'upload', image: 'b', imageID: '', ready: false, restartCount: 0 },
                state: {
                  waiting: { reason: 'ErrImageNeverPull', message: 'Container image "b" is not present' },
                },
              },
            ],
          },
        }),
      ],
    }),
    /^the build cannot start: Container image "b" is not present/,
  ],
])('fails: %s', (_, seen, explanation) => {
  expect(failureOf(seen)).toEqual({ reason: 'BuildFailed', explanation: expect.stringMatching(explanation) });
});

test('a Job that is gone was removed by somebody', () => {
  expect(failureOf(observed({ jobs: [], pods: [] }))?.reason).toBe('RemovedOutside');
});

test('what BuildKit printed says more than the end that the cluster keeps of it', () => {
  const seen = observed({ pods: [buildPod(DONE, { exitCode: 1, message: 'cut off' })] });
  expect(failureOf(seen, 'error: failed to solve: whole')?.explanation).toContain(
    'could not be built: whole;',
  );
});

test('waits say what for, in the words of the cluster', () => {
  const message = '0/4 nodes are available: 4 Insufficient cpu.';
  const pod = buildPod('waiting', 'waiting', {
    status: {
      phase: 'Pending',
      conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }],
      initContainerStatuses: [],
      containerStatuses: [],
    },
  });
  expect(waitOf(observed({ pods: [pod] }))).toEqual({ message, hopeless: false });
});

test.each([
  [METADATA, DIGEST],
  [`${METADATA.slice(0, -20)}`, DIGEST],
  ['{"containerimage.digest": "sha256:short"}', null],
  ['', null],
])('digest of %j', (metadata, digest) => {
  expect(digestOf(metadata)).toBe(digest);
});

test('a pod of an earlier Job of that name is not looked at', () => {
  const old = buildPod(DONE, { exitCode: 1 });
  Object.assign(old.metadata ?? {}, {
    ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: JOB, uid: 'old' }],
  });
  expect(viewBuild(observed({ pods: [old] }), JOB).pod).toBeNull();
});
