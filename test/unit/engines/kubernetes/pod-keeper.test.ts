import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { createPodKeeper } from '../../../../src/engines/kubernetes/run/pod-keeper.ts';
import { viewAttempt } from '../../../../src/engines/kubernetes/status/attempt-view.ts';
import { NO_MEMORY, type Look } from '../../../../src/engines/kubernetes/status/model.ts';
import { workloadOf } from '../../../../src/engines/kubernetes/workload/choose-workload.ts';
import { OBSERVED_FINALIZER } from '../../../../src/render/kubernetes/pod/pod-template.ts';
import { ended, EXPERIMENT, observing, planWith, pod, RESOURCES } from './pods.ts';
import { stubCluster } from './stub-cluster.ts';

/** Logs and records are at hand; only the cluster takes its time. */

const plan = planWith('jobset', `{worker: {count: 1, ${RESOURCES}}}`);

/** One pod that has ended and has our finalizer. */
function endedPod(): Look {
  const observed = observing({ pods: [pod(0, { status: ended(0), meta: { ...pod(0).metadata, finalizers: [OBSERVED_FINALIZER] } })] }); // prettier-ignore
  const workload = workloadOf(plan);
  const known = { plan, workload, experimentId: EXPERIMENT, observed, now: new Date('2026-01-01T00:01:00Z') };
  const workloads = [{ uid: 'jobset-1', offset: 0 }];
  return { observed, view: viewAttempt({ ...known, workloads, memory: NO_MEMORY, told: null }) };
}

interface Answer {
  status: number;
  body: string;
}

function open<T>() {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** A keeper whose cluster answers each release when the test says so. */
function keeping() {
  const asked = open<void>();
  const answer = open<Answer>();
  const changed = { next: open<void>() };
  const refusals: string[] = [];
  const counted = { asked: 0 };
  const cluster = stubCluster({
    async request() {
      asked.resolve();
      counted.asked += 1;
      const { status, body } = await answer.promise;
      return Object.assign(Readable.from([Buffer.from(body)]), { statusCode: status, headers: {} }) as never;
    },
  });
  const keeper = createPodKeeper({
    cluster,
    logs: {
      follow: () => undefined,
      isOpened: () => true,
      settle: () => Promise.resolve(),
      close: () => Promise.resolve(),
      end: () => Promise.resolve(),
    },
    ended: { pods: [], add: () => Promise.resolve() },
    repeating: new Set(),
    detach: new AbortController().signal,
    onChange() {
      changed.next.resolve();
      changed.next = open<void>();
    },
    onError: (error) => {
      throw error;
    },
    unreachable: () => undefined,
    refused: (message) => refusals.push(message),
  });
  return { keeper, asked: asked.promise, answer: answer.resolve, refusals, changed, counted };
}

describe('a pod that is being let go of', () => {
  test.each([
    ['is let go of', { status: 200, body: '{}' }, []],
    ['is gone', { status: 404, body: '{}' }, []],
    ['must not be touched', { status: 403, body: '{"kind":"Status","message":"no"}' }, ['no']],
  ])('is left until the cluster has said that it %s', async (_said, said, told) => {
    const look = endedPod();
    const { keeper, asked, answer, refusals, changed } = keeping();
    const read = changed.next.promise;
    await keeper.update(look);
    await read;
    await keeper.update(look);
    await asked;
    expect(keeper.left(look)).toHaveLength(1);
    const { promise } = changed.next;
    answer(said);
    await promise;
    expect(keeper.left(look)).toEqual([]);
    expect(refusals).toEqual(told);
  });

  test('has it said once, however often it is looked at meanwhile', async () => {
    const look = endedPod();
    const { keeper, asked, changed, counted } = keeping();
    const read = changed.next.promise;
    await keeper.update(look);
    await read;
    await keeper.update(look);
    await asked;
    await keeper.update(look);
    expect(keeper.left(look).map(({ uid }) => uid)).toEqual(['pod-0']);
    expect(counted.asked).toBe(1);
  });

  test('keeps its keeper busy until the cluster has answered', async () => {
    const look = endedPod();
    const { keeper, asked, answer, changed } = keeping();
    await keeper.idle();
    const read = changed.next.promise;
    await keeper.update(look);
    const readIdle = keeper.idle();
    await read;
    await readIdle;
    await keeper.update(look);
    await asked;
    let isIdle = false;
    const idle = keeper.idle().then(() => {
      isIdle = true;
    });
    await new Promise(setImmediate);
    expect(isIdle).toBe(false);
    answer({ status: 200, body: '{}' });
    await idle;
    expect(keeper.left(look)).toEqual([]);
  });
});
