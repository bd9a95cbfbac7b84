import type { LayOutOptions } from '../../src/engines/engine.ts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ExperimentFact } from '../../src/experiment/event.ts';
import { planPeak } from '../../src/experiment/plan/totals.ts';
import { createHouse, jobset, lastOf, type House, type Submitted } from './house.ts';

let house: House;
beforeEach(async () => {
  house = await createHouse();
});
afterEach(() => house.leave());

/** Runs with a repository so large that laying it out ends only when it is given up. */
async function runEndlessly(experiment: Submitted) {
  const context = await experiment.context();
  const build = { message: '', data: { programs: [], environment: null }, notices: [] };
  let begin: (signal: AbortSignal) => void;
  const begun = new Promise<AbortSignal>((resolve) => (begin = resolve));
  const layOut = (_directory: string, { signal }: LayOutOptions = {}) =>
    new Promise<void>((_resolve, reject) => {
      if (signal === undefined) throw new Error('nobody could give it up');
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      begin(signal);
    });
  const snapshot = { ...context.snapshot, layOut };
  const run = house.engine.run({ ...context, snapshot, build, admitted: planPeak(experiment.plan) });
  const done = (async () => {
    const facts: ExperimentFact[] = [];
    for await (const fact of run) facts.push(fact);
    return facts;
  })();
  return { done, signal: await begun };
}

test('is given up when the experiment is cancelled; its pods never start', async () => {
  const experiment = await house.submit(jobset('echo started', { worker: { count: 2 } }));
  const { done } = await runEndlessly(experiment);
  experiment.stop.abort();
  const facts = await done;
  for (const pod of ['worker-0-0', 'worker-1-0']) {
    expect(lastOf(facts)[pod]).toMatchObject({ status: 'Stopped', exit_code: null });
  }
  expect(facts.some((fact) => fact.type === 'failure')).toBe(false);
  expect(await experiment.lines()).toEqual([]);
});

test('is given up when the server leaves, and begun anew by the next', async () => {
  const experiment = await house.submit(jobset('echo started'));
  const { done, signal } = await runEndlessly(experiment);
  experiment.detach.abort();
  expect(lastOf(await done)['worker-0-0']).toBeUndefined();
  expect(signal.aborted).toBe(true);
  const again = { ...(await experiment.context()), detach: new AbortController().signal };
  const build = { message: '', data: { programs: [], environment: null }, notices: [] };
  const facts: ExperimentFact[] = [];
  const run = house.restarted().run({ ...again, build, admitted: planPeak(experiment.plan) });
  for await (const fact of run) facts.push(fact);
  expect(lastOf(facts)['worker-0-0']).toMatchObject({ status: 'Succeeded' });
  expect(await experiment.printed('worker-0-0')).toBe('started');
});
