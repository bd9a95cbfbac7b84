import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ExperimentFact } from '../../src/experiment/event.ts';
import { createHouse, type House } from '../engine/house.ts';
import { frameworkEnvironment } from './environment.ts';
import { measured } from './measured.ts';
import { failureOf, submission, type Ranks } from './ranks.ts';
import { STEPPING } from './scripts.ts';

let house: House;
let programs: string;

beforeAll(async () => {
  programs = await frameworkEnvironment('jax-xgboost-tensorboard');
  house = await createHouse();
});
afterAll(() => house.leave());

/** What is told of two ranks that run `STEPPING` with these variables. */
async function told(
  what: string,
  env: Record<string, string>,
): Promise<{ explanation: string; facts: ExperimentFact[] }> {
  // prettier-ignore
  const ranks: Ranks = { operator: 'jax', count: 2, script: STEPPING, programs, env };
  const submitted = await house.submit(submission(ranks));
  const facts = await measured(`jax: ${what}`, submitted.run().done);
  return { explanation: failureOf(facts)?.explanation ?? 'it did not fail', facts };
}

describe.concurrent('JAX', () => {
  test.each(['0', '1'])('an exception in rank %s names it, and what it raised', async (rank) => {
    const { explanation, facts } = await told(`rank ${rank} raises`, { RAISES: rank });
    expect(explanation).toContain(`rank ${rank} (worker-${rank}-0)`);
    expect(explanation).toContain('ValueError: bad batch');
    // While it still waited for the other.
    const progress = facts.flatMap((fact) => (fact.type === 'progress' ? [fact.message] : []));
    expect(progress).toContainEqual(expect.stringMatching(new RegExp(`^worker-${rank}-0 printed ValueError: bad batch.* and waits at its end$`))); // prettier-ignore
  });

  test('a rank that has less to do is told to have ended earlier', async () => {
    const { explanation } = await told('rank 1 has less to do', { SHORTER: '1' });
    expect(explanation).toMatch(/rank 1 \(worker-1-0\) had finished its work/);
    expect(explanation).not.toContain('jax.distributed.initialize');
  });

  test('a rank that went away is told by the one that lost it', async () => {
    const { explanation } = await told('rank 1 leaves', { LEAVES: '1' });
    expect(explanation).toMatch(/worker-0-0 \(rank 0\) lost .*rank 1 had ended already, with code 0/);
  });

  test('initialize() without arguments is told with the call that is right', async () => {
    const { explanation } = await told('initialize() without arguments', { BARE: '1' });
    expect(explanation).toContain('without saying what it is (ValueError: coordinator_address should be defined)'); // prettier-ignore
    expect(explanation).toContain('int(os.environ["JAXOPERATOR_PROCESS_ID"])');
    expect(explanation).not.toContain('can only wait');
  });
});
