import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFakeEngine } from '../fakes/fake-engine.ts';
import { createTestPlane, FILES, localSubmission, type TestPlane } from './control-plane.ts';

let t: TestPlane;
let snapshot: string;

beforeEach(async () => {
  t = await createTestPlane({ engine: createFakeEngine({ capacity: { max_experiments: 0 } }) });
  snapshot = await t.snapshot(FILES);
});
afterEach(() => t.close());

const submit = (more: Parameters<typeof localSubmission>[1]) =>
  t.call('POST', '/experiments', localSubmission(snapshot, more));

describe('many submissions at once', () => {
  test('become an experiment each, and are all there', async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_none, index) =>
        submit({ message: `number ${index}`, secrets: { TOKEN: `secret ${index}` } }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
    const { body } = await t.call('GET', '/experiments?limit=1000');
    expect(body.experiments).toHaveLength(50);
    for (const [index, { body: made }] of answers.entries()) {
      expect(made.message).toBe(`number ${index}`);
      const { secrets } = await t.plane.privateValues.read(made.experiment_id);
      expect(secrets).toEqual({ TOKEN: `secret ${index}` });
    }
  });

  test('with one key are one experiment; another content of that key is the only one that is refused', async () => {
    const same = Array.from({ length: 8 }, () => submit({ message: 'same', idempotency_key: 'k' }));
    const others = Array.from({ length: 8 }, (_none, index) => submit({ message: `other ${index}` }));
    const refused = submit({ message: 'another', idempotency_key: 'k' });
    const made = await Promise.all(same);
    expect(made.map(({ status }) => status).sort()).toEqual([...Array<number>(7).fill(200), 201]);
    expect(new Set(made.map(({ body }) => body.experiment_id)).size).toBe(1);
    expect((await Promise.all(others)).every(({ status }) => status === 201)).toBe(true);
    const { status, body } = await refused;
    expect([status, body.error.code]).toEqual([409, 'conflict']);
    expect((await t.call('GET', '/experiments')).body.experiments).toHaveLength(9);
  });
});

describe('many that wait', () => {
  test('are cancelled together: each has ended, nothing of them is left to be done, who follows a log is told', async () => {
    const ids: string[] = [];
    for (let batch = 0; batch < 5; batch++) {
      const made = await Promise.all(Array.from({ length: 60 }, () => submit({})));
      ids.push(...made.map(({ body }) => body.experiment_id));
    }
    const followed = await t.stream(`/experiments/${ids[7]}/logs?follow=true`);
    const { status, body } = await t.call('POST', '/experiments/cancel', { all: true });
    expect(status).toBe(200);
    expect(body.errors).toEqual([]);
    expect(body.experiments.map((one: { status: string }) => one.status)).toEqual(ids.map(() => 'Cancelled'));
    expect(body.experiments.map((one: { experiment_id: string }) => one.experiment_id).sort()).toEqual(
      ids.toSorted(),
    );
    expect(await followed.text()).toBe('{"end":0}\n');
    expect(t.plane.supervisor.liveCount()).toBe(0);
    expect(t.plane.store.untidied()).toEqual([]);
    expect(t.engine.discarded).toEqual([]);
  });
});
