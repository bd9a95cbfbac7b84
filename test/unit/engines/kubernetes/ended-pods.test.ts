import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openEndedPods, withEnded } from '../../../../src/engines/kubernetes/run/ended-pods.ts';
import { containerViews } from '../../../../src/engines/kubernetes/pod/containers.ts';
import { see, type SeenPod } from '../../../../src/engines/kubernetes/pod/seen-pod.ts';
import type { Pod } from '../../../../src/engines/kubernetes/api/objects.ts';
import type { Observed } from '../../../../src/engines/kubernetes/watch/observed.ts';

const NOTHING: Observed = {
  jobset: null,
  rayjob: null,
  queued: null,
  jobs: [],
  pods: [],
  gone: [],
  events: [],
};

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'aichor-pods-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

function pod(uid: string, exitCode = 0, spec: Partial<Pod['spec']> = {}): SeenPod {
  const object: Pod = {
    metadata: { uid, name: `pod-${uid}`, managedFields: [{ manager: 'kubelet' }] },
    spec: {
      nodeName: 'node1',
      containers: [{ name: 'main', env: [{ name: 'TOKEN', value: 'x' }] }],
      ...spec,
    },
    status: {
      phase: 'Failed',
      containerStatuses: [
        {
          ...{ name: 'main', ready: false, restartCount: 0, image: '', imageID: '' },
          state: { terminated: { exitCode } },
        },
      ],
    },
  };
  return see(object);
}

test('ended pods are there for the next process, each once', async () => {
  const ended = await openEndedPods(directory);
  await ended.add([pod('a', 3)]);
  await ended.add([pod('a', 3), pod('b')]);
  const again = await openEndedPods(directory);
  expect(again.pods.map(({ uid }) => uid)).toEqual(['a', 'b']);
  expect(again.pods).toEqual([pod('a', 3), pod('b')]);
});

test('nothing is kept of what a pod was given', async () => {
  const ended = await openEndedPods(directory);
  await ended.add([pod('a')]);
  const text = await readFile(join(directory, 'pods.jsonl'), 'utf8');
  expect(text).not.toContain('TOKEN');
  expect(text).not.toContain('managedFields');
});

test('a line that was being written when somebody died is left out, and what comes after it is not', async () => {
  await (await openEndedPods(directory)).add([pod('a')]);
  await appendFile(join(directory, 'pods.jsonl'), '{"uid":"b"');
  await (await openEndedPods(directory)).add([pod('c')]);
  const { pods } = await openEndedPods(directory);
  expect(pods.map(({ uid }) => uid)).toEqual(['a', 'c']);
});

test('what the watch still knows comes from the watch', async () => {
  const ended = await openEndedPods(directory);
  await ended.add([pod('a'), pod('b'), pod('c')]);
  const observed = { ...NOTHING, pods: [pod('a')], gone: [pod('b')] };
  const merged = withEnded(observed, ended);
  expect(merged.pods).toEqual(observed.pods);
  expect(merged.gone.map(({ uid }) => uid)).toEqual(['c', 'b']);
});

test("what was somebody else's container stays that for the next process", async () => {
  const sidecar = Object.assign({ name: 'istio-proxy' }, { restartPolicy: 'Always' });
  const ended = pod('a', 0, { initContainers: [{ name: 'fetch' }, sidecar] });
  await (await openEndedPods(directory)).add([ended]);
  const [again] = (await openEndedPods(directory)).pods;
  expect(again).toEqual(ended);
  const names = containerViews(again ?? pod('none'), true).map(({ name }) => name);
  expect(names).toEqual(['fetch', 'main']);
});

test('what an earlier version wrote is read', async () => {
  const line = { metadata: { uid: 'a', name: 'pod-a' }, spec: { containers: [{ name: 'main' }] } };
  await writeFile(join(directory, 'pods.jsonl'), `${JSON.stringify(line)}\n`);
  expect((await openEndedPods(directory)).pods).toEqual([see(line)]);
});
