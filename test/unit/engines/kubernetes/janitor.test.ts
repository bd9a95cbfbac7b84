import { describe, expect, test } from 'vitest';
import { ClusterError } from '../../../../src/engines/kubernetes/api/cluster-error.ts';
import {
  isForsaken,
  isPast,
  tidyCluster,
  type Following,
} from '../../../../src/engines/kubernetes/end/janitor.ts';
import type { KubeObject, Pod } from '../../../../src/engines/kubernetes/api/objects.ts';
import { isOver } from '../../../../src/engines/kubernetes/pod/over.ts';
import { see } from '../../../../src/engines/kubernetes/pod/seen-pod.ts';
import { OBSERVED_FINALIZER } from '../../../../src/render/kubernetes/pod/pod-template.ts';
import { documents, stubCluster } from './stub-cluster.ts';

const NOW = new Date('2026-01-02T12:00:00Z');
const minutesAgo = (minutes: number) => new Date(NOW.getTime() - minutes * 60_000).toISOString();

interface Shape {
  name?: string;
  id?: string;
  phase?: string;
  deleted?: number;
  ended?: number;
  held?: boolean;
}

/** As the API server's JSON has it: times are texts. */
function pod({ name = 'p', id = 'x', phase = 'Failed', deleted, ended, held = true }: Shape): Pod {
  const terminated = ended === undefined ? null : { exitCode: 0, finishedAt: minutesAgo(ended) };
  const object = {
    metadata: {
      ...{ name, uid: `uid-${name}`, labels: { 'aichor.io/experiment-id': id } },
      ...(held ? { finalizers: ['other', OBSERVED_FINALIZER] } : {}),
      ...(deleted === undefined ? {} : { deletionTimestamp: minutesAgo(deleted) }),
    },
    spec: { nodeName: 'node1', containers: [] },
    status: {
      phase,
      containerStatuses: terminated === null ? [] : [{ name: 'main', state: { terminated } }],
    },
  };
  return JSON.parse(JSON.stringify(object));
}

describe('a pod with our finalizer', () => {
  const old = { deleted: 15, ended: 14 };
  test.each<[string, Shape, Following, boolean]>([
    ['of an ended experiment', {}, 'ended', true],
    ['that somebody here follows', old, 'followed', false],
    ['of an experiment that goes on', old, 'live', false],
    ['of an unknown one, long over', old, 'unknown', true],
    ['of an unknown one, over for less than ten minutes', { deleted: 15, ended: 9 }, 'unknown', false],
    ['of an unknown one that nobody deletes', { ended: 60 }, 'unknown', false],
    ['of an unknown one that still runs', { ...old, phase: 'Running' }, 'unknown', false],
    ['of an unknown one that never started', { deleted: 11 }, 'unknown', true],
    ['of an unknown one that never started, lately', { deleted: 5 }, 'unknown', false],
  ])('%s', (_, shape, standing, expected) => {
    expect(isForsaken(see(pod(shape)), standing, NOW)).toBe(expected);
  });
});

describe('nothing of a pod runs any more', () => {
  const running = { phase: 'Running', deleted: 1 };
  const forced = (shape: Shape, state: object) => {
    const { metadata, ...rest } = pod(shape);
    const statuses = [{ name: 'main', state }];
    const object = { ...rest, status: { phase: 'Running', containerStatuses: statuses } };
    return { ...object, metadata: { ...metadata, deletionGracePeriodSeconds: 0 } } as Pod;
  };
  test.each([
    ['it failed', pod({}), true],
    ['it succeeded', pod({ phase: 'Succeeded' }), true],
    ['it is being deleted', pod(running), false],
    ['it is deleted by force, and still runs', forced(running, { running: {} }), false],
    ['it is deleted by force, and has ended', forced(running, { terminated: { exitCode: 1 } }), true],
    ['it is deleted before a node had it', { ...pod(running), spec: { containers: [] } }, true],
    ['it waits for a node', { ...pod({ phase: 'Pending' }), spec: { containers: [] } }, false],
  ])('when %s', (_, each, expected) => {
    expect(isOver(see(each))).toBe(expected);
  });
});

test.each([
  ['Complete', 61, true],
  ['Failed', 61, true],
  ['Complete', 59, false],
  ['Running', 61, false],
])(
  'the time of a Ray job that is %s since %i minutes is over: %s',
  (jobDeploymentStatus, ended, expected) => {
    expect(isPast({ status: { jobDeploymentStatus, endTime: minutesAgo(ended) } }, 3600, NOW)).toBe(expected);
  },
);

test('the janitor lets go of forsaken pods and removes Ray jobs whose time is over, and nothing else', async () => {
  const pods = [
    pod({ name: 'ended', id: 'e' }),
    pod({ name: 'followed', id: 'f' }),
    pod({ name: 'free', id: 'e', held: false }),
  ];
  const jobOf = (name: string, id: string) => ({
    metadata: { name, uid: `uid-${name}`, labels: { 'aichor.io/experiment-id': id } },
    status: { jobDeploymentStatus: 'Complete', endTime: minutesAgo(120) },
  });
  const lists: Record<string, KubeObject[]> = { pods, rayjobs: [jobOf('old', 'e'), jobOf('seen', 'f')] };
  const patched: string[] = [];
  const removed: unknown[] = [];
  const request = documents({ '/api/v1/namespaces/team/pods/ended': {} });
  const cluster = stubCluster({
    list: async ({ plural }) => ({ items: (lists[plural] ?? []) as never[], resourceVersion: '1' }),
    request: (path, options) => {
      patched.push(`${options?.method} ${path} ${JSON.stringify(options?.body)}`);
      return request(path, options);
    },
    remove: async ({ kind }, name, options) => removed.push([kind, name, options?.uid]) > 0,
  });
  const following = async (id: string) => (id === 'e' ? 'ended' : 'followed') as Following;
  const log = { info: () => undefined, warn: () => undefined };
  await tidyCluster({ cluster, ttlS: 3600, following, now: () => NOW, log });
  expect(patched).toHaveLength(1);
  expect(patched[0]).toContain('PATCH /api/v1/namespaces/team/pods/ended');
  expect(patched[0]).toContain('uid-ended');
  expect(removed).toEqual([['RayJob', 'old', 'uid-old']]);
});

test('a cluster without KubeRay has no Ray jobs', async () => {
  const cluster = stubCluster({
    list: async ({ plural }) => {
      if (plural === 'rayjobs') throw new ClusterError(404, 'NoSuchKind', '404 page not found');
      return { items: [], resourceVersion: '1' };
    },
  });
  const log = { info: () => undefined, warn: () => undefined };
  const following = async () => 'unknown' as const;
  await expect(tidyCluster({ cluster, ttlS: 1, following, now: () => NOW, log })).resolves.toBeUndefined();
});
