/**
 * Ends for want of memory as nodes with cgroup v1 and v2 tell them. With v2 the kernel kills a container as a whole, unless the kubelet's
 * `singleProcessOOMKill` is set, and containerd and CRI-O go by a counter that never goes back (kubernetes/kubernetes#126096, #131530,
 * #140716).
 */
import { describe, expect, test } from 'vitest';
import type { Pod } from '../../../../src/engines/kubernetes/api/objects.ts';
import { viewAttempt } from '../../../../src/engines/kubernetes/status/attempt-view.ts';
import { judge } from '../../../../src/engines/kubernetes/status/judge.ts';
import { NO_MEMORY } from '../../../../src/engines/kubernetes/status/model.ts';
import { workloadOf } from '../../../../src/engines/kubernetes/workload/choose-workload.ts';
import { completed, ended, EXPERIMENT, failedJobSet, observing, planWith, pod, RESOURCES, second, type Told } from './pods.ts'; // prettier-ignore

const plan = planWith('jobset', `{worker: {count: 2, ${RESOURCES}}}`);

function look(told: Partial<Told>) {
  const known = { plan, workload: workloadOf(plan), experimentId: EXPERIMENT, observed: observing(told) };
  const at = { workloads: [{ uid: 'jobset-1', offset: 0 }], now: new Date(second(40)) };
  const view = viewAttempt({ ...known, ...at, memory: NO_MEMORY, told: null });
  const verdict = judge({ ...known, ...at, view, imageFailAfterS: 600, sidecarGraceS: 30 });
  return { verdict, pods: view.pods.map(({ fact }) => `${fact.status} ${fact.reason} ${fact.exit_code}`) };
}

/** Its deletion was asked for at second 21, and it is done. */
const stopped = (of: Pod): Pod => ({
  ...of,
  metadata: { ...of.metadata, deletionTimestamp: second(21), deletionGracePeriodSeconds: 0 },
});

function evicted(of: Pod): Pod {
  const condition = { type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI', lastTransitionTime: second(15) }; // prettier-ignore
  return { ...of, status: { ...of.status, conditions: [condition] } };
}

describe('a container that a node calls OOMKilled', () => {
  test.each([
    ['all of it was killed (v2)', 137, 'ran out of memory (exit 137): it asked for 8 GB; raise spec.types.worker.resources.memory'],
    ['a process of it was, and the command failed of that (v1, singleProcessOOMKill)', 7, 'ran out of memory (exit 7): it asked for 8 GB'],
    ['a process of it was, in the shell that tells its code (v1, singleProcessOOMKill)', 1, 'ran out of memory (exit 1): it asked for 8 GB'],
  ])('%s: it failed of that', (_how, code, says) => {
    const pods = [pod(0, { status: ended(0, 25) }), pod(1, { status: ended(code, 20, 'OOMKilled') })];
    const { verdict } = look({ jobset: failedJobSet('worker-1'), pods });
    expect(verdict).toMatchObject({ kind: 'failed', reason: 'OutOfMemory' });
    expect(verdict.kind === 'failed' && verdict.explanation).toContain(`worker-1-0 ${says}`);
  }); // prettier-ignore

  test('a process of it was, and the command ended well: a success, with a notice', () => {
    const pods = [pod(0, { status: ended(0) }), pod(1, { status: ended(0, 20, 'OOMKilled') })];
    expect(look({ jobset: completed, pods }).verdict).toMatchObject({
      kind: 'succeeded',
      notices: [{ code: 'out_of_memory', message: expect.stringContaining('worker-1-0 ended with 0') }],
    });
  });

  test('a process of it had been, long before it was evicted: it was evicted', () => {
    const pods = [pod(0, { status: ended(0) }), evicted(pod(1, { status: ended(143, 20, 'OOMKilled') }))];
    expect(look({ jobset: failedJobSet('worker-1'), pods }).verdict).toMatchObject({
      kind: 'failed',
      reason: 'Evicted',
    });
  });

  test('a process of it had been, long before it was stopped with the others: it is not the cause', () => {
    const cause = pod(0, { status: ended(3, 20) });
    const bystander = stopped(pod(1, { status: ended(143, 22, 'OOMKilled') }));
    const { verdict, pods } = look({ jobset: failedJobSet('worker-0'), pods: [cause, bystander] });
    expect(verdict).toMatchObject({ kind: 'failed', reason: 'NonZeroExit' });
    expect(pods).toEqual(['Failed NonZeroExit 3', 'Stopped StoppedWithExperiment 143']);
  });

  test('nobody saw the kernel’s event: what it asked for is said, without a claim', () => {
    const pods = [pod(0, { status: ended(0) }), pod(1, { status: ended(137) })];
    expect(look({ jobset: failedJobSet('worker-1'), pods }).verdict).toMatchObject({
      reason: 'Killed',
      explanation: expect.stringContaining('killed by signal 9 (SIGKILL); it asked for 8 GB'),
    });
  });
});
