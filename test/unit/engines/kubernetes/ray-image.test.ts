import { expect, test } from 'vitest';
import { see } from '../../../../src/engines/kubernetes/pod/seen-pod.ts';
import { whyImageLacks } from '../../../../src/engines/kubernetes/waiting/ray-image.ts';
import type { Pod } from '../../../../src/engines/kubernetes/api/objects.ts';
import { container, second, warning } from './pods.ts';

const BACK_OFF = { waiting: { reason: 'CrashLoopBackOff' } };

/** A node of KubeRay's, with the states of its one container. */
function node({ state, last, name = 'ray-head', ready = false }: Node) {
  const of = { ...container(state, last === undefined ? {} : { lastState: { terminated: last } }), name };
  const conditions = [{ type: 'Ready', status: ready ? 'True' : 'False' }];
  const pod: Pod = {
    metadata: { name: 'head', uid: 'head', labels: {} },
    spec: { restartPolicy: 'Always', nodeName: 'n1', containers: [{ name }] },
    status: { phase: 'Running', conditions, containerStatuses: [of] },
  };
  return see(pod);
}

interface Node {
  state: object;
  last?: object;
  name?: string;
  ready?: boolean;
}

const RUNS = { running: { startedAt: second(5) } };
const about = (uid: string) => ({ kind: 'Pod', uid, name: uid });
const says = (text: string) => [warning('Unhealthy', text, about('head'))];

/** As kubelets and runtimes word it. */
const NO_WGET = 'Readiness probe failed: bash: line 1: wget: command not found\n';
const NO_BASH =
  'failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: exec: "/bin/bash": stat /bin/bash: no such file or directory: unknown';

test('without `ray` its container ends with 127, and never does anything else', () => {
  for (const state of [BACK_OFF, { terminated: { exitCode: 127, finishedAt: second(6) } }]) {
    const last = { exitCode: 127, finishedAt: second(6) };
    const found = whyImageLacks(node({ state, last, name: 'ray-worker' }), []);
    expect(found).toMatchObject({ reason: 'CommandNotFound', patience: 'none', since: second(6) });
    expect(found?.text).toMatch(/^its image has no ray on its PATH \(exit 127\); install ray\[default\]/);
  }
});

test('without `bash` it does not even start', () => {
  const last = { exitCode: 128, reason: 'StartError', message: NO_BASH, finishedAt: second(6) };
  const found = whyImageLacks(node({ state: BACK_OFF, last }), []);
  expect(found).toMatchObject({ reason: 'CommandNotFound', patience: 'none' });
  expect(found?.text).toMatch(/^its image has no \/bin\/bash, with which KubeRay starts Ray; install bash/);
});

test('without `wget` it runs and is never ready: the probe says so', () => {
  const found = whyImageLacks(node({ state: RUNS }), says(NO_WGET));
  expect(found).toMatchObject({ reason: 'CommandNotFound', patience: 'none', since: second(5) });
  expect(found?.text).toMatch(
    /^its image has no wget, by which .* install wget in the image \(apt-get install wget\), or use Ray 2\.53/,
  );
  const grep = whyImageLacks(node({ state: RUNS }), says('Readiness probe failed: sh: 1: grep: not found'));
  expect(grep?.text).toMatch(/^its image has no grep, .* \(apt-get install grep\)$/);
});

test.each<[string, Node, string]>([
  ['a node that is ready', { state: RUNS, ready: true }, NO_WGET],
  ['a node that is slow', { state: RUNS }, 'Readiness probe failed: '],
  ['one that does not listen yet', { state: RUNS }, 'Readiness probe failed: dial tcp 10.0.0.1:52365: connection refused'],
  ['a file that is not there', { state: RUNS }, 'Readiness probe failed: HTTP probe failed with statuscode: 404'],
  ['a container that ended otherwise', { state: BACK_OFF, last: { exitCode: 1 } }, ''],
  ['a start that failed otherwise', { state: BACK_OFF, last: { exitCode: 128, message: 'no space left' } }, ''],
  ['a pod of ours', { state: BACK_OFF, last: { exitCode: 127 }, name: 'main' }, ''],
])('nothing is said of %s', (_, of, message) => {
  expect(whyImageLacks(node(of), says(message))).toBeNull();
}); // prettier-ignore

test('what is said of another pod is not this one’s', () => {
  const events = [
    warning('Unhealthy', NO_WGET, about('another')),
    warning('BackOff', NO_WGET, about('head')),
  ];
  expect(whyImageLacks(node({ state: RUNS }), events)).toBeNull();
});
