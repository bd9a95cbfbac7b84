import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createHouse, jobset, lastOf, type House } from './house.ts';

let house: House;
beforeEach(async () => {
  house = await createHouse();
});
afterEach(() => house.leave());

describe('a jobset', () => {
  test('runs its pods with their place in the run, and keeps what they print', async () => {
    const command = 'echo $REPLICATED_JOB_NAME $JOB_INDEX $JOB_COMPLETION_INDEX $HOSTNAME; cat main.py >&2';
    const experiment = await house.submit(
      jobset(command, { master: { count: 1 }, worker: { count: 2, completions: 2 } }),
    );
    const facts = await experiment.run().done;
    const pods = lastOf(facts);
    expect(Object.keys(pods).sort()).toEqual([
      'master-0-0',
      'worker-0-0',
      'worker-0-1',
      'worker-1-0',
      'worker-1-1',
    ]);
    expect(Object.values(pods).map(({ status, exit_code }) => [status, exit_code])).toEqual(
      Array(5).fill(['Succeeded', 0]),
    );
    expect(await experiment.printed('worker-1-1')).toBe('worker 1 1 worker-1-1');
    expect(await experiment.printed('worker-1-1', 'stderr')).toBe('print("hello")');
    expect(facts.filter((fact) => fact.type === 'failure')).toEqual([]);
  });
});
