import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFakeEngine } from '../fakes/fake-engine.ts';
import { makeReceiver } from '../unit/server/told/receiver.ts';
import {
  createTestPlane,
  FILES,
  localSubmission,
  type TestPlane,
  type TestPlaneOptions,
} from './control-plane.ts';

let t: TestPlane;
let snapshot: string;
let receiver: Awaited<ReturnType<typeof makeReceiver>>;

const SECRET = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
/** 10.0.0.1 as IPv6. */
const MAPPED = '[::ffff:10.0.0.1]';
const KEY = 'k'.repeat(40);
const headers = { authorization: `Bearer ${KEY}` };

async function open(options: TestPlaneOptions = {}) {
  t = await createTestPlane({ engine: createFakeEngine({ capacity: { max_experiments: 0 } }), ...options });
  snapshot = await t.snapshot(FILES);
}

beforeEach(async () => {
  receiver = await makeReceiver();
});
afterEach(async () => {
  await t.close();
  await receiver.close();
});

const webhook = (path = '') => ({ kind: 'url' as const, url: `${receiver.url}${path}`, secret: SECRET });
const submit = (more: Parameters<typeof localSubmission>[1], path = '/experiments') =>
  t.call('POST', path, localSubmission(snapshot, more), headers);
const toldOf = () => receiver.received.map(({ body }) => JSON.parse(body).data.experiment_id).sort();
async function untilTold(ids: string[]): Promise<void> {
  await expect.poll(toldOf, { timeout: 10_000 }).toEqual(ids.toSorted());
}

describe('the end of an experiment', () => {
  beforeEach(() => open());

  test('is told; of one that is submitted again too, unless it says otherwise', async () => {
    const { body: first } = await submit({ notify: [webhook()] });
    const again = (more: object) =>
      t.call('POST', `/experiments/${first.experiment_id}/resubmit`, more).then(({ body }) => body);
    const second = await again({});
    await again({ notify: [] });
    await t.call('POST', '/experiments/cancel', { all: true });
    await untilTold([first.experiment_id, second.experiment_id]);
    const listed = await t.call('GET', `/experiments/${first.experiment_id}`);
    expect(JSON.stringify(listed.body)).not.toContain(SECRET);
  });

  test('of a sweep is each told, and of what it resumes', async () => {
    const source = { kind: 'local', snapshot };
    const sweep = { name: 's', source, points: [{ A: '1' }, { A: '2' }], notify: [webhook()] };
    const { body } = await t.call('POST', '/sweeps', sweep);
    const ids = body.experiments.map((one: { experiment_id: string }) => one.experiment_id);
    await t.call('POST', '/experiments/cancel', { all: true });
    await untilTold(ids);
    const { body: resumed } = await t.call('POST', '/sweeps/s/resume', {});
    const more = resumed.experiments.map((one: { experiment_id: string }) => one.experiment_id);
    await t.call('POST', '/experiments/cancel', { all: true });
    await untilTold([...ids, ...more]);
  });

  test('is told of one that is deleted right away', async () => {
    const { body } = await submit({ notify: [webhook()] });
    await t.call('POST', '/experiments/cancel', { all: true });
    await expect.poll(() => receiver.received.length, { timeout: 10_000 }).toBe(1);
    await t.call('POST', '/experiments/delete', { ids: [body.experiment_id] });
    expect(t.plane.notifier.targets(body.experiment_id)).toEqual([]);
  });

  test('is not told to what is no address, no secret, or too many', async () => {
    const bad = [
      [{ kind: 'url', url: 'ftp://example.com', secret: SECRET }],
      [{ kind: 'url', url: receiver.url, secret: 'short' }],
      [{ kind: 'command', command: [] }],
      Array.from({ length: 6 }, () => webhook()),
    ];
    for (const notify of bad) {
      const { status } = await t.call('POST', '/experiments', { ...localSubmission(snapshot), notify });
      expect(status).toBe(400);
    }
  });
});

describe('somebody who comes over the network', () => {
  test('has no command run, and no inner address told', async () => {
    await open({ apiKey: KEY });
    const command = { kind: 'command' as const, command: ['true'] };
    for (const target of [command, webhook(), { ...webhook(), url: `http://${MAPPED}/` }]) {
      const { status, body } = await submit({ notify: [target] });
      expect([status, body.error.code]).toEqual([403, 'forbidden']);
    }
    expect((await submit({ notify: [{ ...webhook(), url: 'https://hooks.example.com/x' }] })).status).toBe(
      201,
    );
  });

  test('has inner addresses told where the server allows them', async () => {
    await open({ apiKey: KEY, env: { AICHOR_NOTIFY_INNER: '1' } });
    const { body } = await submit({ notify: [webhook()] });
    await t.call('POST', '/experiments/cancel', { all: true }, headers);
    await untilTold([body.experiment_id]);
  });
});
