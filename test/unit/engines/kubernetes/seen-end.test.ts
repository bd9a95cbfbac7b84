/** When the end of an experiment in a cluster is looked at, and told. */
import { expect, test } from 'vitest';
import { createEndTeller } from '../../../../src/engines/kubernetes/end/tell-end.ts';
import { createEndWatch } from '../../../../src/engines/kubernetes/run/watch-run.ts';
import { createFactQueue } from '../../../../src/engines/facts.ts';
import type { ObservedWorkload } from '../../../../src/engines/kubernetes/watch/observed.ts';
import { JOBSET } from '../../../../src/engines/kubernetes/workload/jobset.ts';
import { RAYJOB } from '../../../../src/engines/kubernetes/workload/ray/rayjob.ts';

const NONE: ObservedWorkload = { jobset: null, rayjob: null };
const metadata = (uid: string) => ({ name: 'a', uid });
const jobset = (uid: string, terminalState?: string): ObservedWorkload => ({
  ...NONE,
  jobset: { metadata: metadata(uid), status: terminalState === undefined ? {} : { terminalState } },
});
const rayjob = (uid: string, jobDeploymentStatus: string): ObservedWorkload => ({
  ...NONE,
  rayjob: { metadata: metadata(uid), status: { jobDeploymentStatus, jobStatus: 'SUCCEEDED' } },
});

test.each([
  ['a JobSet', JOBSET, [NONE, jobset('1'), jobset('1', 'Completed'), jobset('1', 'Completed')], 1],
  ['one that failed', JOBSET, [jobset('1'), jobset('1', 'Failed')], 1],
  ['the one after it', JOBSET, [jobset('1', 'Failed'), NONE, jobset('2'), jobset('2', 'Completed')], 2],
  ['a Ray job', RAYJOB, [rayjob('1', 'Running'), rayjob('1', 'Complete')], 1],
  ['what has not ended', JOBSET, [NONE, jobset('1'), jobset('1')], 0],
])('the end of %s is not gathered with other changes, once', (_, workload, seen, count) => {
  let now: ObservedWorkload = NONE;
  let calls = 0;
  const look = createEndWatch({
    workload,
    view: { workload: () => now },
    urgent: { call: () => void calls++ },
  });
  for (const state of seen) {
    now = state;
    look();
  }
  expect(calls).toBe(count);
});

test.each([
  ['of a few pods are waited for', 3, []],
  ['of very many are not', 3000, [{ type: 'ended' }]],
])('logs %s before the end is told', async (_, left, told) => {
  const facts = createFactQueue();
  const run = {
    kept: { run: { stop: { cause: 'done' } } },
    keeper: { left: () => Array.from({ length: left }) },
    links: { end: () => undefined },
    facts,
  };
  const due = createEndTeller(Object(run), { isOver: () => true }).look(Object({}));
  expect(Number.isFinite(due)).toBe(told.length === 0);
  facts.end();
  const seen = [];
  for await (const fact of facts.facts()) seen.push(fact);
  expect(seen).toEqual(told);
});
