/** Kueue itself: what it lets go, holds back, and takes back. */
import { expect, test } from 'vitest';
import type { KubeObject, Resource } from '../../src/engines/kubernetes/api/objects.ts';
import { cluster, onCluster } from './harness/found.ts';
import { at } from './harness/kubernetes.ts';
import { inPlace, type Place } from './harness/place.ts';
import type { ClusterWork } from './harness/work.ts';

type Object = KubeObject & { spec?: object; value?: number };

const GROUP = 'kueue.x-k8s.io';
const kueue = (plural: string, kind: string, namespaced = false): Resource => ({
  group: GROUP,
  version: 'v1beta2',
  plural,
  kind,
  namespaced,
});
const FLAVORS = kueue('resourceflavors', 'ResourceFlavor');
const CLUSTER_QUEUES = kueue('clusterqueues', 'ClusterQueue');
const LOCAL_QUEUES = kueue('localqueues', 'LocalQueue', true);
const PRIORITIES = kueue('workloadpriorityclasses', 'WorkloadPriorityClass');

async function create(resource: Resource, namespace: string | null, object: Object): Promise<void> {
  const { kind, group, version } = resource;
  await at(resource, namespace).create<Object>({ apiVersion: `${group}/${version}`, kind, ...object });
}

interface Room {
  /** Pods of the suite that there is room for. */
  pods?: number;
  cpus?: string;
  /** Of the LocalQueue, and the end of the ClusterQueue's name. Default: `main`. */
  name?: string;
  cohort?: string;
  preemption?: object;
}

/** Two priorities named after the namespace, and a flavor. */
async function createFlavor(namespace: string): Promise<void> {
  await create(FLAVORS, null, { metadata: { name: namespace } });
  for (const [name, value] of [
    ['low', 1],
    ['high', 100],
  ] as const)
    await create(PRIORITIES, null, { metadata: { name: `${namespace}-${name}` }, value });
}

/** A queue with room for some pods. */
async function createRoom(namespace: string, room: Room): Promise<void> {
  const { pods = 1, cpus = `${pods * 50}m`, name = 'main', cohort, preemption } = room;
  const clusterQueue = `${namespace}-${name}`;
  const resources = [
    { name: 'cpu', nominalQuota: cpus },
    { name: 'memory', nominalQuota: '64Gi' },
  ];
  await create(CLUSTER_QUEUES, null, {
    metadata: { name: clusterQueue },
    spec: {
      namespaceSelector: {},
      ...(cohort !== undefined && { cohortName: cohort }),
      preemption: preemption ?? { withinClusterQueue: 'LowerPriority' },
      resourceGroups: [{ coveredResources: ['cpu', 'memory'], flavors: [{ name: namespace, resources }] }],
    },
  });
  await create(LOCAL_QUEUES, namespace, { metadata: { name }, spec: { clusterQueue } });
}

async function createQueue(namespace: string, room: Room = {}): Promise<void> {
  await createFlavor(namespace);
  await createRoom(namespace, room);
}

/** The engine once more, with another place in the queue, or another queue. */
async function addEngine(
  { world, namespace }: Place,
  { name, queue = 'main', more = [] }: { name: string; queue?: string; more?: string[] },
): Promise<void> {
  const { code, stderr } = await world.aichor([
    ...['engines', 'add', name, '--kubeconfig', cluster.kubeconfig],
    ...['--namespace', namespace, '--queue', queue, '--set', 'image_pull_policy=Never', ...more],
  ]);
  if (code !== 0) throw new Error(stderr);
}

/** Runs until it is told to end. */
const LOOP = 'while [ ! -e /tmp/end ]; do sleep 0.2; done';
/** Of an experiment that is suspended at least as long, so that it only holds if that time does not count. */
const TIMEOUT_S = 60;

onCluster(
  'a queue',
  () => {
    test(
      'holds back what it has no room for, says so in its words, and lets it go when there is',
      () =>
        inPlace(
          async ({ submit, until, world }) => {
            const first = await submit({ command: LOOP });
            await until(first, ({ status }) => status === 'Running');
            const second = await submit({ command: 'echo done' });
            const waiting = await until(
              second,
              ({ explanation }) => explanation?.includes('insufficient') ?? false,
            );
            expect(waiting).toMatchObject({ status: 'Submitting' });
            expect(waiting.explanation).toContain('queued in the cluster (queue main) until there is room: ');
            const { stdout } = await world.aichor(['engines', 'check', 'cluster']);
            expect(stdout.toString()).toContain('cpu 0 of 50m free');
            await world.client.cancel({ ids: [first] });
            expect(await world.end(second)).toMatchObject({ status: 'Succeeded', attempt: 1 });
          },
          { settings: { queue: 'main' }, before: (namespace) => createQueue(namespace) },
        ),
      120_000,
    );

    test(
      'takes back what runs for what is worth more, and it goes on as the next attempt',
      () =>
        inPlace(
          async (place) => {
            const { submit, until, world } = place;
            const more = ['--set', `queue_priority=${place.namespace}-high`];
            await addEngine(place, { name: 'urgent', more });
            const command = `echo run; trap "exit 143" TERM; ${LOOP}`;
            const id = await submit({ command, spec: { timeout: `${TIMEOUT_S}s` } });
            await until(id, ({ status }) => status === 'Running');
            const urgent = await submit({ command: `sleep ${TIMEOUT_S}` }, { engine: 'urgent' });
            const taken = await until(id, ({ status }) => status === 'Submitting');
            expect(taken.events.map(({ type }) => type)).toContain('suspended');
            await until(
              id,
              ({ pods, attempt }) => attempt === 2 && pods.every(({ status }) => status === 'Pending'),
            );
            expect(await world.end(urgent)).toMatchObject({ status: 'Succeeded' });
            await until(id, ({ status, attempt }) => attempt === 2 && status === 'Running');
            const words = ['experiments', 'exec', id, 'worker-0-0', '--', 'touch', '/tmp/end'];
            expect(await world.aichor(words)).toMatchObject({ code: 0 });
            const record = await world.end(id);
            expect(record).toMatchObject({ status: 'Succeeded', attempt: 2, reason: null });
            const told = record.events.filter(({ type }) => type === 'suspended' || type === 'resumed');
            expect(told.map(({ type }) => type)).toEqual(['suspended', 'resumed']);
            expect(told[0]?.message).toContain('suspended by the queue main');
            const runs = (await world.lines(id)).filter(({ text }) => text === 'run');
            expect(runs.map(({ attempt }) => attempt)).toEqual([1, 2]);
          },
          {
            settings: { queue: 'main' },
            before: (namespace) => createQueue(namespace),
            patienceMs: 150_000 + TIMEOUT_S * 1000,
          },
        ),
      170_000 + TIMEOUT_S * 1000,
    );

    test(
      'that is stopped gives all back, says so, and what waits there can be cancelled',
      () =>
        inPlace(
          async ({ submit, until, world, namespace }) => {
            const id = await submit({ command: `trap "exit 143" TERM; ${LOOP}` });
            await until(id, ({ status }) => status === 'Running');
            await at(CLUSTER_QUEUES, null).patch(`${namespace}-main`, {
              spec: { stopPolicy: 'HoldAndDrain' },
            });
            const taken = await until(
              id,
              ({ attempt, explanation }) => attempt === 2 && (explanation?.includes('is inactive') ?? false),
            );
            expect(taken).toMatchObject({ status: 'Submitting' });
            expect(taken.events.find(({ type }) => type === 'suspended')?.message).toBe(
              'suspended by the queue main: The ClusterQueue is stopped',
            );
            const { stdout } = await world.aichor(['engines', 'check', 'cluster']);
            expect(stdout.toString()).toContain('is not active');
            await world.client.cancel({ ids: [id] });
            expect(await world.end(id)).toMatchObject({ status: 'Cancelled' });
          },
          { settings: { queue: 'main' }, before: (namespace) => createQueue(namespace) },
        ),
      120_000,
    );

    test(
      'that could never give enough refuses; one that is gone is waited for until it is back',
      () =>
        inPlace(
          async ({ submit, until, world, namespace }) => {
            await expect(submit({ command: 'true', count: 3 })).rejects.toMatchObject({
              code: 'engine_unavailable',
              message: expect.stringContaining('the queue main has 0.05 of cpu in all'),
            });
            const first = await submit({ command: LOOP });
            await until(first, ({ status }) => status === 'Running');
            const id = await submit({ command: 'echo done' });
            await until(id, ({ explanation }) => explanation?.includes('insufficient') ?? false);
            await at(LOCAL_QUEUES, namespace).remove('main');
            await until(
              id,
              ({ explanation }) => explanation?.includes("LocalQueue main doesn't exist") ?? false,
            );
            await world.client.cancel({ ids: [first] });
            await world.end(first);
            const queue = { metadata: { name: 'main' }, spec: { clusterQueue: `${namespace}-main` } };
            await create(LOCAL_QUEUES, namespace, queue);
            expect(await world.end(id)).toMatchObject({ status: 'Succeeded', attempt: 1 });
          },
          { settings: { queue: 'main' }, before: (namespace) => createQueue(namespace) },
        ),
      120_000,
    );

    test(
      'says the place there, which the priority of the manifest decides',
      () =>
        inPlace(
          async ({ submit, until, world, namespace }) => {
            const first = await submit({ command: LOOP });
            await until(first, ({ status }) => status === 'Running');
            const at = (place: number) =>
              `queued in the cluster (queue main, place ${place}) until there is room`;
            const low = await submit({ command: 'true', spec: { queuePriority: `${namespace}-low` } });
            await until(low, ({ explanation }) => explanation?.startsWith(at(1)) ?? false);
            const high = await submit({ command: 'true', spec: { queuePriority: `${namespace}-high` } });
            await until(high, ({ explanation }) => explanation?.startsWith(at(1)) ?? false);
            await until(low, ({ explanation }) => explanation?.startsWith(at(2)) ?? false);
            await expect(
              submit({ command: 'true', spec: { queuePriority: 'highest' } }),
            ).rejects.toMatchObject({
              code: 'engine_unavailable',
              message: expect.stringContaining('there is no WorkloadPriorityClass highest'),
            });
            await world.client.cancel({ ids: [first] });
            const ends = await Promise.all([world.end(high), world.end(low)]);
            expect(ends.map(({ status }) => status)).toEqual(['Succeeded', 'Succeeded']);
          },
          {
            settings: { queue: 'main' },
            before: (namespace) => createQueue(namespace, { preemption: { withinClusterQueue: 'Never' } }),
          },
        ),
      120_000,
    );

    test(
      'lends what others of its cohort do not use, and takes it back when they want it',
      () =>
        inPlace(
          async (place) => {
            const { submit, until, world } = place;
            await addEngine(place, { name: 'theirs', queue: 'theirs' });
            const both = await submit({ command: LOOP, count: 2 });
            await until(both, ({ pods }) => pods.filter(({ status }) => status === 'Running').length === 2);
            const theirs = await submit({ command: 'echo theirs' }, { engine: 'theirs' });
            const taken = await until(both, ({ status }) => status === 'Submitting');
            expect(taken.events.find(({ type }) => type === 'suspended')?.message).toContain(
              'suspended by the queue main: ',
            );
            expect(await world.end(theirs)).toMatchObject({ status: 'Succeeded', attempt: 1 });
            const again = await until(both, ({ status, attempt }) => status === 'Running' && attempt === 2);
            expect(again.events.map(({ type }) => type)).toContain('resumed');
          },
          {
            settings: { queue: 'main' },
            async before(namespace) {
              const room = { cohort: namespace, preemption: { reclaimWithinCohort: 'Any' } };
              await createQueue(namespace, room);
              await createRoom(namespace, { ...room, name: 'theirs' });
            },
          },
        ),
      170_000,
    );

    test(
      'holds back, takes back and lets go the cluster of a Ray job as a whole',
      () =>
        inPlace(
          async (place) => {
            const { submit, until, world, namespace } = place;
            const resources = { cpus: 1, memory: 1 };
            const work = (seconds: number, spec: object = {}): ClusterWork => ({
              ...{ operator: 'kuberay', command: 'true', image: 'localhost/ray:test' },
              types: { Head: { resources }, Workers: [{ name: 'cpu', count: 1, resources }] },
              spec: { rayVersion: '2.52.1', env: { FAKE_SECONDS: `${seconds}s` }, ...spec },
            });
            // Long enough that it cannot be over before the other one takes its place.
            const first = await submit(work(45, { queuePriority: `${namespace}-low` }));
            await until(first, ({ status }) => status === 'Running');
            const urgent = await submit(work(3, { queuePriority: `${namespace}-high` }));
            const taken = await until(first, ({ status }) => status === 'Submitting');
            expect(taken.events.map(({ type }) => type)).toContain('suspended');
            expect(await world.end(urgent)).toMatchObject({ status: 'Succeeded', attempt: 1 });
            const record = await world.end(first);
            expect(record, JSON.stringify(record.events)).toMatchObject({ status: 'Succeeded', attempt: 2 });
          },
          {
            fake: true,
            settings: { queue: 'main' },
            before: (namespace) => createQueue(namespace, { cpus: '2500m' }),
            patienceMs: 220_000,
          },
        ),
      240_000,
    );
  },
  { own: true },
);
