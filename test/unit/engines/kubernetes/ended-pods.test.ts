import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openEndedPods, withEnded } from '../../../../src/engines/kubernetes/pod/ended-pods.ts';
import type { Observed, Pod } from '../../../../src/engines/kubernetes/api/objects.ts';

const NOTHING: Observed = { jobset: null, rayjob: null, jobs: [], pods: [], gone: [], events: [] };

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'aichor-pods-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

function pod(uid: string, exitCode = 0): Pod {
  return {
    metadata: { uid, name: `pod-${uid}`, managedFields: [{ manager: 'kubelet' }] },
    spec: { nodeName: 'node1', containers: [{ name: 'main', env: [{ name: 'TOKEN', value: 'x' }] }] },
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
}

test('ended pods are there for the next process, each once', async () => {
  const ended = await openEndedPods(directory);
  await ended.add([pod('a', 3)]);
  await ended.add([pod('a', 3), pod('b')]);
  const again = await openEndedPods(directory);
  expect(again.pods.map(({ metadata }) => metadata?.uid)).toEqual(['a', 'b']);
  expect(again.pods[0]?.status).toEqual(pod('a', 3).status);
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
  await appendFile(join(directory, 'pods.jsonl'), '{"metadata":{"uid":"b"');
  await (await openEndedPods(directory)).add([pod('c')]);
  const { pods } = await openEndedPods(directory);
  expect(pods.map(({ metadata }) => metadata?.uid)).toEqual(['a', 'c']);
});

test('what the watch still knows comes from the watch', async () => {
  const ended = await openEndedPods(directory);
  await ended.add([pod('a'), pod('b'), pod('c')]);
  const observed = { ...NOTHING, pods: [pod('a')], gone: [pod('b')] };
  const merged = withEnded(observed, ended);
  expect(merged.pods).toEqual(observed.pods);
  expect(merged.gone.map(({ metadata }) => metadata?.uid)).toEqual(['c', 'b']);
});
