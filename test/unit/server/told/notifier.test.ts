import { createHmac } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { NotifyTarget } from '../../../../src/experiment/told/target.ts';
import { openSqliteStore } from '../../../../src/server/store/sqlite.ts';
import type { ExperimentStore } from '../../../../src/server/store/store.ts';
import { createNotifier, type Notifier } from '../../../../src/server/told/notifier.ts';
import { openOutbox, type Outbox } from '../../../../src/server/told/outbox.ts';
import { NEW } from '../../experiment/facts.ts';
import { makeReceiver } from './receiver.ts';

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const ID = NEW.experiment_id;

let folder: string;
let store: ExperimentStore;
let outbox: Outbox;
let notifier: Notifier;
let time: number;
const logged: object[] = [];
const receivers: { close(): Promise<void> }[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aichor-notifier-'));
  time = Date.parse(NEW.created_at);
  store = await openSqliteStore({
    file: join(folder, 'store.sqlite'),
    now: () => new Date(time),
    onChange: (state) => notifier.changed(state),
    isWatched: () => false,
  });
  await open();
});

afterEach(async () => {
  await notifier.close();
  store.close();
  for (const receiver of receivers.splice(0)) await receiver.close();
  await rm(folder, { recursive: true, force: true });
});

async function open({
  innerAllowed = false,
  waitingMs = 1_800_000,
  delays = (_failures: number): number | null => 1,
} = {}) {
  outbox = await openOutbox(join(folder, 'outbox.sqlite'));
  const note = (facts: object) => void logged.push(facts);
  notifier = createNotifier({
    ...{ store, outbox, env: {}, version: '1', innerAllowed, waitingMs, delays },
    log: { info: note, warn: note, error: note },
    now: () => new Date(),
    writeStatus: async () => null,
    environmentOf: async () => ({ PATH: process.env['PATH'] ?? '', HOME: folder }),
  });
}

async function receiver(...args: Parameters<typeof makeReceiver>) {
  const made = await makeReceiver(...args);
  receivers.push(made);
  return made;
}

function create(target: NotifyTarget, isTrusted = true): void {
  notifier.put(new Map([[ID, [{ target, isTrusted }]]]));
  const submission = { manifest: '', plan: null, keep: false, vcs: {} };
  store.create([{ experiment: NEW, submission, facts: [], idempotency: null }]);
}

const urlTarget = (url: string): NotifyTarget => ({ kind: 'url', url, secret: SECRET });
const end = () => store.append(ID, [{ type: 'ended' }]);
async function told(): Promise<void> {
  await expect.poll(() => notifier.pending(), { timeout: 10_000 }).toBe(0);
}
const notices = () => store.state(ID)?.record.notices;

describe('an end', () => {
  test('is posted once, signed over the very bytes, with the record', async () => {
    const { url, received } = await receiver();
    create(urlTarget(`${url}/hook?token=secret`));
    end();
    await told();
    expect(received).toHaveLength(1);
    const [{ url: path, headers, body } = { url: '', headers: {}, body: '' }] = received;
    expect(path).toBe('/hook?token=secret');
    expect(JSON.parse(body)).toMatchObject({
      type: 'experiment.ended',
      data: { experiment_id: ID, status: 'Failed', events: [{ type: 'ended' }] },
    });
    const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`;
    const signature = createHmac('sha256', Buffer.alloc(32, 7)).update(signed).digest('base64');
    expect(headers['webhook-signature']).toBe(`v1,${signature}`);
    expect(Math.abs(Number(headers['webhook-timestamp']) - Date.now() / 1000)).toBeLessThan(60);
  });

  test('is told again after a failure, under the same id, and not again once it was taken', async () => {
    const { url, received } = await receiver([500, 429]);
    create(urlTarget(url));
    end();
    await told();
    expect(received.map(({ headers }) => headers['webhook-id'])).toEqual(Array(3).fill(`${ID}.ended`));
    expect(notices()).toEqual([]);
  });

  test('that nobody takes becomes a notice without the address, and changes nothing else', async () => {
    await notifier.close();
    await open({ delays: (failures) => (failures < 3 ? 1 : null) });
    const { url, received } = await receiver([500, 500, 500]);
    create(urlTarget(`${url}/hook?token=secret`));
    const { record } = end();
    await told();
    expect(received).toHaveLength(3);
    expect(notices()).toEqual([
      {
        code: 'notification_failed',
        message: `${url}/*** was not told, 3 attempts: 127.0.0.1 answered 500`,
      },
    ]);
    expect(store.state(ID)?.record.status).toBe(record.status);
    expect(JSON.stringify([logged, notices()])).not.toMatch(/token|whsec/);
  });

  test('does not follow a redirect', async () => {
    const other = await receiver();
    const { url, received } = await receiver([307], `${other.url}/`);
    create(urlTarget(url));
    end();
    await told();
    expect([received.length, other.received.length]).toEqual([1, 0]);
    expect(notices()?.[0]?.message).toContain('redirect (307), which is not followed');
  });

  test('is handed to a command on stdin; words are words, whatever is in them', async () => {
    const file = join(folder, 'told.json');
    create({
      kind: 'command',
      command: ['sh', '-c', 'cat > "$1"; echo "$AICHOR_EXPERIMENT_ID" >&2', 'x', file],
    });
    end();
    await told();
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ data: { experiment_id: ID } });
  });

  test('of a command that fails, or is not there, is a notice', async () => {
    await notifier.close();
    await open({ delays: () => null });
    create({ kind: 'command', command: ['aichor-no-such-program', 'secret'] });
    end();
    await told();
    expect(notices()?.[0]?.message).toBe(
      'aichor-no-such-program … was not told, 1 attempt: there is no program aichor-no-such-program',
    );
  });

  test('is told by the next server when this one goes before, or was killed', async () => {
    const { url, received } = await receiver([500]);
    await notifier.close();
    await open({ delays: () => 3_600_000 });
    create(urlTarget(url));
    end();
    await expect.poll(() => outbox.nextDue(0) ?? 0).toBeGreaterThan(Date.now() + 1_000_000);
    await notifier.close();
    // Another one, whose clock is later.
    await open();
    const [delivery] = outbox.due(Number.MAX_SAFE_INTEGER, 1);
    if (delivery === undefined) throw new Error('nothing is left to be told');
    outbox.failed(delivery, 0);
    notifier.start();
    await told();
    expect(received).toHaveLength(2);
  });

  test('that came before it was put down is found at the start', async () => {
    const { url, received } = await receiver();
    create(urlTarget(url));
    await notifier.close();
    // As a server that is killed between the fact and the notification.
    await open();
    const { changed } = notifier;
    notifier = { ...notifier, changed: () => undefined };
    end();
    expect(received).toHaveLength(0);
    notifier = { ...notifier, changed };
    await notifier.close();
    await open();
    notifier.start();
    await told();
    expect(received).toHaveLength(1);
  });
});

describe('others than the owner of the server', () => {
  test('reach no inner address by it, unless that is allowed', async () => {
    const { url, received } = await receiver();
    create(urlTarget(url), false);
    end();
    await told();
    expect(received).toHaveLength(0);
    expect(notices()?.[0]?.message).toContain('127.0.0.1 is an address of an inner network');
  });

  test('nor by a name that stands for one', async () => {
    const { url, received } = await receiver();
    create(urlTarget(url.replace('127.0.0.1', 'localhost')), false);
    end();
    await told();
    expect([received.length, notices()?.length]).toEqual([0, 1]);
  });

  test('where the server allows it they do', async () => {
    await notifier.close();
    await open({ innerAllowed: true });
    const { url, received } = await receiver();
    create(urlTarget(url), false);
    end();
    await told();
    expect(received).toHaveLength(1);
  });
});

test('one that waits for long is told of once, with what it waits for', async () => {
  await notifier.close();
  await open({ waitingMs: 5 });
  const { url, received } = await receiver();
  create(urlTarget(url));
  store.progress(new Map([[ID, '2 experiments ahead of it']]));
  await expect.poll(() => received.length, { timeout: 10_000 }).toBe(1);
  expect(JSON.parse(received[0]?.body ?? '')).toMatchObject({
    type: 'experiment.waiting',
    data: { status: 'Waiting', explanation: '2 experiments ahead of it' },
  });
  end();
  await expect.poll(() => received.length, { timeout: 10_000 }).toBe(2);
  expect(received.map(({ headers }) => headers['webhook-id'])).toEqual([`${ID}.waiting`, `${ID}.ended`]);
});

test('what holds addresses is for this user only', async () => {
  expect((await stat(join(folder, 'outbox.sqlite'))).mode & 0o777).toBe(0o600);
});
