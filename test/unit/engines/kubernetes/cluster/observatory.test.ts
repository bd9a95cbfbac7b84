import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Cluster } from '../../../../../src/engines/kubernetes/api/cluster.ts';
import { openConnection } from '../../../../../src/engines/kubernetes/api/access/connection.ts';
import { createCluster } from '../../../../../src/engines/kubernetes/api/http/http-cluster.ts';
import {
  createObservatory,
  type Observatory,
  type View,
} from '../../../../../src/engines/kubernetes/watch/observatory.ts';
import { startFakeApi, type FakeApi } from '../../../../fakes/kubernetes-api.ts';

const ID = '6f4a850d-2281-4c1e-9a55-0123456789ab';
const OTHER = '11111111-2222-4c1e-9a55-0123456789ab';

const SILENT = { info: () => undefined, warn: () => undefined };

let api: FakeApi;
let cluster: Cluster;
let observatory: Observatory;
let warned: object[];
let elapsed: number;
beforeEach(async () => {
  api = await startFakeApi();
  const access = { kind: 'kubeconfig', file: api.kubeconfig, context: null, namespace: null } as const;
  cluster = createCluster(await openConnection(access, { env: {} }), { chance: () => 0 });
  warned = [];
  elapsed = 0;
  const log = { info: () => undefined, warn: (facts: object) => void warned.push(facts) };
  observatory = createObservatory({
    cluster,
    log,
    now: () => new Date(Date.now() + elapsed),
    chance: () => 0,
  });
});
afterEach(async () => {
  observatory.close();
  cluster.close();
  await api.close();
});

function pod(name: string, { id = ID, phase = 'Pending' } = {}) {
  return { metadata: { name, labels: { 'aichor.io/experiment-id': id } }, status: { phase } };
}

function warning(name: string, about: string, more: object = {}) {
  return {
    metadata: { name },
    type: 'Warning',
    reason: 'Failed',
    message: name,
    involvedObject: { name: about },
    ...more,
  };
}

/** Pods by name, with their phase. */
function podsOf(view: View): Record<string, string | undefined> {
  return Object.fromEntries(view.observed().pods.map(({ name, phase }) => [name, phase]));
}

const open = (id = ID, options = {}) => observatory.open(id, () => undefined, options);
const asked = (verb: string, plural: string) =>
  api.requests.filter((one) => one.verb === verb && one.plural === plural).length;

describe('what is seen', () => {
  test('all that there is, then what changes, of this experiment alone', async () => {
    api.store.put('pods', pod('a'));
    api.store.put('pods', pod('x', { id: OTHER }));
    api.store.put('jobsets', pod('set'));
    const view = open();
    await view.synced();
    expect(podsOf(view)).toEqual({ a: 'Pending' });
    expect(view.observed()).toMatchObject({
      jobset: { metadata: { name: 'set' } },
      rayjob: null,
      jobs: [],
      events: [],
    });
    api.store.put('pods', pod('a', { phase: 'Running' }));
    api.store.put('pods', pod('b'));
    await expect.poll(() => podsOf(view)).toEqual({ a: 'Running', b: 'Pending' });
    expect(view.stale()).toBeNull();
  });

  test('pods that are gone, as they last were', async () => {
    const view = open();
    await view.synced();
    api.store.put('pods', pod('a'));
    await expect.poll(() => podsOf(view)).toEqual({ a: 'Pending' });
    api.store.put('pods', pod('a', { phase: 'Failed' }));
    api.store.remove('pods', 'a');
    await expect.poll(() => view.observed().gone.map(({ phase }) => phase)).toEqual(['Failed']);
    expect(podsOf(view)).toEqual({});
  });

  test('of several workloads the last', async () => {
    api.store.put('rayjobs', pod('first'));
    api.store.put('rayjobs', pod('second'));
    const view = open();
    await view.synced();
    expect(view.observed().rayjob?.metadata?.name).toBe('second');
  });

  test('warnings about its objects, oldest first, which stay', async () => {
    api.store.put(
      'events',
      warning('late', `experiment-${ID.slice(0, 13)}-worker-0-0-abcde`, {
        lastTimestamp: '2026-02-02T00:00:00Z',
      }),
    );
    api.store.put(
      'events',
      warning('early', `experiment-${ID.slice(0, 13)}`, { lastTimestamp: '2026-01-01T00:00:00Z' }),
    );
    api.store.put('events', warning('foreign', 'somebody'));
    api.store.put('events', { ...warning('calm', `experiment-${ID.slice(0, 13)}`), type: 'Normal' });
    const view = open();
    const reasons = () => view.observed().events.map(({ message }) => message);
    await expect.poll(reasons).toEqual(['early', 'late']);
    api.store.remove('events', 'early');
    api.store.put(
      'events',
      warning('latest', `experiment-${ID.slice(0, 13)}`, { lastTimestamp: '2026-03-03T00:00:00Z' }),
    );
    await expect.poll(reasons).toEqual(['early', 'late', 'latest']);
  });

  test('a change wakes those who look at it, many at once a single time', async () => {
    let mine = 0;
    let others = 0;
    const view = observatory.open(ID, () => (mine += 1));
    const other = observatory.open(OTHER, () => (others += 1));
    await Promise.all([view.synced(), other.synced()]);
    await expect.poll(() => asked('watch', 'pods') + asked('watch', 'events')).toBe(2);
    const before = { mine, others };
    for (let index = 0; index < 100; index++) api.store.put('pods', pod(`p${index}`));
    await expect.poll(() => view.observed().pods.length).toBe(100);
    expect(mine - before.mine).toBeGreaterThan(0);
    expect(mine - before.mine).toBeLessThan(100);
    expect(others).toBe(before.others);
  });
});

describe('who looks', () => {
  test('one watch a kind for all, which stays a while for who comes next', async () => {
    const views = [open(), open(), open(OTHER)];
    await Promise.all(views.map((view) => view.synced()));
    await expect.poll(() => asked('watch', 'pods')).toBe(1);
    for (const plural of ['pods', 'jobs', 'jobsets', 'rayjobs', 'events'])
      expect(asked('list', plural)).toBe(1);
    for (const view of views) view.close();
    api.store.put('pods', pod('late'));
    const again = open();
    await again.synced();
    await expect.poll(() => podsOf(again)).toEqual({ late: 'Pending' });
    expect([asked('list', 'pods'), asked('watch', 'pods')]).toEqual([1, 1]);
  });

  test('no watch a while after the last has gone', async () => {
    observatory = createObservatory({ cluster, log: SILENT, now: () => new Date(), lingerMs: 0 });
    const view = open();
    await view.synced();
    await expect.poll(() => asked('watch', 'pods')).toBe(1);
    view.close();
    await expect.poll(() => api.watches()).toBe(0);
    await open().synced();
    expect(asked('list', 'pods')).toBe(2);
  });

  test('what is gone is forgotten with the last who looked', async () => {
    const keeps = open(OTHER);
    const view = open();
    await Promise.all([keeps.synced(), view.synced()]);
    api.store.put('pods', pod('a'));
    await expect.poll(() => podsOf(view)).toEqual({ a: 'Pending' });
    api.store.remove('pods', 'a');
    await expect.poll(() => view.observed().gone).toHaveLength(1);
    view.close();
    expect(open().observed().gone).toEqual([]);
  });
});

describe('what cannot be seen', () => {
  test('a kind that is not installed is no trouble, and is seen soon after somebody expects it', async () => {
    api.missing.add('ray.io');
    const view = open();
    await view.synced();
    expect(view.stale()).toBeNull();
    expect(view.observed().rayjob).toBeNull();
    expect(asked('list', 'rayjobs')).toBe(1);
    api.missing.clear();
    api.store.put('rayjobs', pod('ray'));
    elapsed = 10_000;
    open(OTHER, { workload: 'rayjob' });
    await expect.poll(() => view.observed().rayjob?.metadata?.name).toBe('ray');
  });

  test('what is not allowed is told, until it is', async () => {
    api.forbidden.add('list pods');
    let told = 0;
    const view = observatory.open(ID, () => (told += 1));
    await expect.poll(() => view.stale()?.why).toContain('Forbidden');
    expect(told).toBeGreaterThan(0);
    api.forbidden.clear();
    await view.synced();
    expect(view.stale()).toBeNull();
  });

  test('troubles with the other kind of workload are none of ours', async () => {
    api.forbidden.add('list rayjobs');
    const ours = open(ID, { workload: 'jobset' });
    const theirs = open(OTHER, { workload: 'rayjob' });
    await ours.synced();
    await expect.poll(() => theirs.stale()).not.toBeNull();
    expect(ours.stale()).toBeNull();
  });

  test('events only explain', async () => {
    api.forbidden.add('list events');
    const view = open();
    await view.synced();
    await expect.poll(() => warned).not.toEqual([]);
    expect(view.stale()).toBeNull();
  });

  test('a cluster that is away: since when; and all is caught up afterwards', async () => {
    api.store.put('pods', pod('a'));
    const view = open();
    await view.synced();
    api.misbehave(() => ({ kind: 'status', status: 503, reason: 'ServiceUnavailable' }));
    api.disconnect();
    await expect.poll(() => view.stale()?.why).toContain('ServiceUnavailable');
    const since = view.stale()?.since;
    api.store.remove('pods', 'a');
    api.store.put('pods', pod('b'));
    expect(podsOf(view)).toEqual({ a: 'Pending' });
    expect(view.stale()?.since).toEqual(since);
    api.misbehave(() => null);
    await expect.poll(() => podsOf(view), { timeout: 20_000 }).toEqual({ b: 'Pending' });
    expect(view.observed().gone.map(({ name }) => name)).toEqual(['a']);
    await expect.poll(() => view.stale(), { timeout: 20_000 }).toBeNull();
  });

  test('a watch that falls silent is cut, and another one started', async () => {
    observatory = createObservatory({
      cluster,
      log: SILENT,
      now: () => new Date(),
      chance: () => 0,
      watchS: 1,
    });
    api.misbehave((one) => (one.verb === 'watch' ? { kind: 'silent', events: 0 } : null));
    const view = open();
    await view.synced();
    await expect.poll(() => asked('watch', 'pods')).toBe(1);
    api.misbehave(() => null);
    api.store.put('pods', pod('a'));
    await expect.poll(() => podsOf(view), { timeout: 20_000 }).toEqual({ a: 'Pending' });
  });

  test('rights that are taken away while all watches stay open, until they are given back', async () => {
    observatory = createObservatory({ cluster, log: SILENT, now: () => new Date(), beatMs: 20 });
    let told = 0;
    const view = observatory.open(ID, () => (told += 1));
    await view.synced();
    const before = told;
    api.forbidden.add('list pods');
    await expect.poll(() => view.stale()?.why).toContain('may no longer look at pods');
    expect(told).toBeGreaterThan(before);
    api.forbidden.clear();
    await expect.poll(() => view.stale()).toBeNull();
  });

  test('a server that stands still while all watches stay open', { timeout: 15_000 }, async () => {
    observatory = createObservatory({ cluster, log: SILENT, now: () => new Date(), beatMs: 20 });
    const view = open();
    await view.synced();
    api.misbehave((one) => (one.verb === 'list' ? { kind: 'stall' } : null));
    await expect.poll(() => view.stale()?.why, { timeout: 10_000 }).toContain('did not answer within');
    api.misbehave(() => null);
    await expect.poll(() => view.stale(), { timeout: 10_000 }).toBeNull();
  });

  test('a list from the past brings nothing back', async () => {
    api.store.put('pods', pod('a'));
    const view = open();
    await view.synced();
    api.store.remove('pods', 'a');
    await expect.poll(() => podsOf(view)).toEqual({});
    api.misbehave((one) =>
      one.verb === 'watch' ? { kind: 'gone' } : one.verb === 'list' ? { kind: 'stale', by: 1 } : null,
    );
    api.disconnect();
    await expect.poll(() => view.stale()?.why).toContain('earlier state');
    expect(podsOf(view)).toEqual({});
    api.misbehave(() => null);
    api.store.put('pods', pod('b'));
    await expect.poll(() => podsOf(view), { timeout: 20_000 }).toEqual({ b: 'Pending' });
  });
});
