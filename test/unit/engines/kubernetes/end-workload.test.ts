import { expect, test } from 'vitest';
import type { Reason } from '../../../../src/experiment/status.ts';
import { createEnding } from '../../../../src/engines/kubernetes/end/end-workload.ts';
import type { ClusterRun } from '../../../../src/engines/kubernetes/run/run-state.ts';
import type { Look } from '../../../../src/engines/kubernetes/status/model.ts';
import { DEFAULT_SETTINGS } from '../../../../src/render/kubernetes/settings/settings.ts';
import { createWake } from '../../../../src/base/async/wake.ts';
import { EXPERIMENT, observing, planWith, RESOURCES } from './pods.ts';
import { stubCluster } from './stub-cluster.ts';

const plan = planWith('kuberay', `{Head: {${RESOURCES}}}`, ['rayVersion: "2.52.1"']);
const NOW = new Date('2026-01-01T00:00:20Z');

/** A workload that goes on, with a pod that failed, of an experiment that was just found to have failed of this. */
function failedOf(reason: Reason) {
  const removed: string[] = [];
  const cluster = stubCluster({
    remove: async (resource) => {
      removed.push(resource.plural);
      return true;
    },
  });
  const stop = { cause: 'fail', failure: { reason, explanation: 'why' }, at: NOW.toISOString() };
  const run = {
    ...{ cluster, wake: createWake(), failed: null, context: { plan, detach: new AbortController().signal } },
    ...{ deps: { now: () => NOW }, tell: { unanswered: () => undefined } },
    rendering: { plan, settings: DEFAULT_SETTINGS, experimentId: EXPERIMENT, project: 'p' },
    kept: { run: { stop, workloads: [{ offset: 0, uid: 'ours', complete: true }] } },
    keeper: { untilSafe: () => 0, left: () => [{ pod: 'head-0-0' }] },
  } as unknown as ClusterRun;
  const view = {
    workload: { state: 'live', deleting: false },
    tries: 1,
    pods: [{ fact: { status: 'Failed' } }],
  };
  const look = { observed: observing({ jobset: null }), view } as unknown as Look;
  return { removed, advance: () => createEnding(run).advance(look) };
}

test('a workload whose controller is about to end it is left to that for a while', async () => {
  const { removed, advance } = failedOf('NonZeroExit');
  expect(await advance()).toBe(false);
  expect(removed).toEqual([]);
});

test('one of which somebody has taken something away is ended at once: no controller calls that a failure soon', async () => {
  const { removed, advance } = failedOf('RemovedOutside');
  expect(await advance()).toBe(false);
  await expect.poll(() => removed).toEqual(['rayjobs']);
});
