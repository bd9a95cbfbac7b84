import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { TensorBoardContext } from '../../../../src/engines/engine.ts';
import type { WatchEvent } from '../../../../src/engines/kubernetes/api/cluster.ts';
import type { ClusterDeps } from '../../../../src/engines/kubernetes/deps.ts';
import type { Pod } from '../../../../src/engines/kubernetes/api/objects.ts';
import { openTensorBoardAgain } from '../../../../src/engines/kubernetes/links/tensorboard-again.ts';
import { REACHED } from '../../../../src/experiment/link.ts';
import { planManifest } from '../../../../src/operators/plan.ts';
import { DEFAULT_SETTINGS } from '../../../../src/render/kubernetes/settings/settings.ts';
import { jobset, NO_SUBMISSION, podType } from '../../operators/manifests.ts';
import { schemaErrors } from '../../render/kubernetes/schemas.ts';
import { stubCluster } from './stub-cluster.ts';
import { createReadingPlaces } from '../../../../src/engines/kubernetes/logs/places.ts';

const ID = '6f4a850d-2281-4c1e-9a55-0123456789ab';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'aichor-board-'));
  mkdirSync(join(directory, 'engine'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function pod(uid: string, status: NonNullable<Pod['status']>): Pod {
  return { metadata: { name: uid, uid, labels: { 'aichor.io/component': 'tensorboard' } }, status };
}
const READY: NonNullable<Pod['status']> = { conditions: [{ type: 'Ready', status: 'True' }] };
const ended = (exitCode: number, message: string): NonNullable<Pod['status']> => ({
  phase: 'Failed',
  containerStatuses: [
    {
      ...{ name: 'tensorboard', image: 'i', imageID: '', ready: false, restartCount: 0 },
      state: { terminated: { exitCode, message } },
    },
  ],
});

interface Scene {
  /** A Job is there already. */
  job?: boolean;
  pods?: Pod[];
  events?: Pod[];
}

function open({ job = false, pods = [], events = [] }: Scene) {
  const applied: unknown[] = [];
  const cluster = stubCluster({
    get: async <T>() => (job ? ({} as T) : null),
    apply: async (_, object) => {
      applied.push(object);
      return object;
    },
    list: async <T>() => ({ items: pods as T[], resourceVersion: '1' }),
    async *watch<T>(): AsyncGenerator<WatchEvent<T>> {
      for (const object of events) yield { type: 'MODIFIED', object: object as T };
    },
  });
  const deps: Partial<ClusterDeps> = {
    settings: DEFAULT_SETTINGS,
    connected: async () => ({
      cluster,
      observatory: stubCluster({}) as never,
      places: { of: () => null },
      reading: createReadingPlaces(),
    }),
  };
  const plan = planManifest(
    jobset([podType('w')], { tensorboard: { enabled: true, pvc: null } }),
    NO_SUBMISSION,
  );
  const context: TensorBoardContext = {
    ...{ experimentId: ID, project: 'p', plan, directory, events: 's3://p/x', build: null, shell: {} },
    signal: new AbortController().signal,
  };
  return { applied, opened: openTensorBoardAgain(deps as ClusterDeps, context) };
}

test('is a Job that ends by itself; opened when it is ready', async () => {
  const { applied, opened } = open({ events: [pod('a', {}), pod('a', READY)] });
  expect(await opened).toBe(REACHED);
  expect(applied).toMatchObject([
    {
      kind: 'Job',
      metadata: { name: 'experiment-6f4a850d-2281-tensorboard' },
      spec: { activeDeadlineSeconds: 43_200, ttlSecondsAfterFinished: 0 },
    },
  ]);
  expect(applied.flatMap((job) => schemaErrors(job as Parameters<typeof schemaErrors>[0]))).toEqual([]);
  // So that deleting the experiment removes it.
  expect(existsSync(join(directory, 'engine/tensorboard-again'))).toBe(true);
});

test('one that runs is opened as it is', async () => {
  const { applied, opened } = open({ job: true, pods: [pod('a', READY)] });
  expect(await opened).toBe(REACHED);
  expect(applied).toEqual([]);
});

test.each<[string, Scene, RegExp]>([
  ['it ends', { events: [pod('a', ended(1, 'no such bucket\n'))] }, /ended with code 1: no such bucket$/],
  ['it takes its time', { events: [pod('a', { phase: 'Pending' })] }, /not up yet: for a node$/],
])('says why it cannot be opened: %s', async (_, scene, message) => {
  await expect(open(scene).opened).rejects.toMatchObject({
    code: 'engine_unavailable',
    message: expect.stringMatching(message),
  });
});
