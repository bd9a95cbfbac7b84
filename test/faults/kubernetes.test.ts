/**
 * FI-40: an API server that refuses, forgets, stalls, cuts, lies about the past: what is watched ends as it is, what is
 * written is there once, and the server is not asked more than it can bear.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { openConnection } from '../../src/engines/kubernetes/api/access/connection.ts';
import { createCluster } from '../../src/engines/kubernetes/api/http/http-cluster.ts';
import { isClusterError } from '../../src/engines/kubernetes/api/cluster-error.ts';
import type { Cluster } from '../../src/engines/kubernetes/api/cluster.ts';
import { RESOURCES } from '../../src/engines/kubernetes/api/objects.ts';
import type { Observed } from '../../src/engines/kubernetes/watch/observed.ts';
import { createObservatory } from '../../src/engines/kubernetes/watch/observatory.ts';
import { startFakeApi, type FakeApi, type Misbehaviour } from '../fakes/kubernetes-api.ts';
import type { Asked } from '../fakes/kubernetes-request.ts';
import { PATIENCE_MS, scaled } from './scale.ts';
import { chanceOf, seedsOf, type Chance } from './seed.ts';

const IDS = ['6f4a850d-2281-4c1e-9a55-0123456789ab', '11111111-2222-4c1e-9a55-0123456789ab'];
const KINDS = ['pods', 'jobs', 'jobsets', 'rayjobs', 'events'];

/** A request in two fares badly, in a way that can happen to it. */
function fateOf(chance: Chance, { verb }: Asked): Misbehaviour | null {
  if (chance.below(2) >= 1) return null;
  const common: Misbehaviour[] = [
    { kind: 'status', status: 429, retryAfterS: chance.pick([0, 1]) },
    { kind: 'status', status: 500, reason: 'InternalError' },
    { kind: 'status', status: 503, plain: 'no server is ready' },
    { kind: 'stall' },
    { kind: 'cut', after: false },
  ];
  if (verb === 'list')
    return chance.pick([
      ...common,
      ...Array.from({ length: 5 }, (): Misbehaviour => ({ kind: 'stale', by: chance.between(1, 60) })),
      { kind: 'status', status: 410, reason: 'Expired' },
    ]);
  if (verb === 'watch')
    return chance.pick([
      ...common,
      ...Array.from({ length: 4 }, (): Misbehaviour => ({ kind: 'gone' })),
      { kind: 'half', events: chance.between(0, 3) },
      { kind: 'silent', events: chance.between(0, 3) },
    ]);
  return chance.pick([
    ...common,
    { kind: 'cut', after: true },
    { kind: 'status', status: 409, reason: 'Conflict' },
  ]);
}

/** What happens in the cluster while it is watched. */
function happen(api: FakeApi, chance: Chance): void {
  const id = chance.pick(IDS);
  const name = `${id.slice(0, 4)}-${chance.between(0, 9)}`;
  const plural = chance.pick(['pods', 'pods', 'jobs']);
  const what = chance.between(0, 99);
  if (what < 25) api.store.remove(plural, name);
  else if (what < 30) api.store.compact();
  else if (what < 32) api.disconnect();
  else if (what < 40) api.bookmark();
  else {
    const metadata = { name, labels: { 'aichor.io/experiment-id': id } };
    api.store.put(plural, {
      metadata,
      status: { phase: chance.pick(['Pending', 'Running', 'Failed']), turn: chance.between(0, 99) },
    });
  }
}

/** Keeps an eye on what one experiment's view says: nothing may become older, or come back. */
function createWitness() {
  const newest = new Map<string, number>();
  const gone = new Set<string>();
  const faults: string[] = [];
  return {
    faults,
    see({ pods, jobs, gone: left }: Observed) {
      for (const { uid, version } of [...pods, ...jobs.map(identityOf)]) {
        if (gone.has(uid)) faults.push(`${uid} came back`);
        if (Number(version) < (newest.get(uid) ?? 0)) faults.push(`${uid} became older`);
        newest.set(uid, Number(version));
      }
      for (const { uid } of left) gone.add(uid);
      if (new Set(pods.map(({ name }) => name)).size < pods.length) faults.push('a pod is there twice');
    },
  };
}

/** Applies until it is done, as the engine does. */
async function insist(cluster: Cluster, name: string): Promise<void> {
  for (;;) {
    try {
      await cluster.apply(RESOURCES.jobsets, {
        metadata: { name, labels: { 'aichor.io/experiment-id': IDS[0] ?? '' } },
      });
      return;
    } catch (error) {
      if (!isClusterError(error)) throw error;
      await sleep(50);
    }
  }
}

interface Identity {
  uid: string;
  version: string;
}

function identityOf({ metadata }: { metadata?: { uid?: string; resourceVersion?: string } }): Identity {
  return { uid: metadata?.uid ?? '', version: metadata?.resourceVersion ?? '' };
}

function identities(objects: readonly Identity[]): Record<string, string> {
  return Object.fromEntries(objects.map(({ uid, version }) => [uid, version]));
}

function truth(api: FakeApi, plural: string, id: string): Record<string, string> {
  const all = api.store.at(plural, api.store.version());
  const own = all.filter(({ metadata }) => metadata.labels?.['aichor.io/experiment-id'] === id);
  return identities(own.map(identityOf));
}

describe('an API server that misbehaves', () => {
  test.each(seedsOf('kubernetes api'))('all is seen and made as it should be, in bounds (seed %i)', { timeout: PATIENCE_MS }, async (seed) => {
    const chance = chanceOf(seed, 'kubernetes api');
    const api = await startFakeApi();
    const access = { kind: 'kubeconfig', file: api.kubeconfig, context: null, namespace: null } as const;
    const unit = () => chance.below(1);
    const cluster = createCluster(await openConnection(access, { env: {} }), {
      chance: unit,
      patience: { readMs: 150, writeMs: 150 },
    });
    const log = { info: () => undefined, warn: () => undefined };
    const observatory = createObservatory({ cluster, log, now: () => new Date(), chance: unit, watchS: 1 });
    try {
      const began = performance.now();
      const views = IDS.map((id) => {
        const witness = createWitness();
        const view = observatory.open(id, () => witness.see(view.observed()));
        return { id, view, witness };
      });
      api.misbehave((asked) => fateOf(chance, asked));
      const names = Array.from({ length: scaled(8, 100) }, (_, index) => `set-${index}`);
      const applied = Promise.all(names.map((name) => insist(cluster, name)));
      for (let turn = 0; turn < scaled(800, 20_000); turn++) {
        happen(api, chance);
        await sleep(chance.between(0, 20));
      }
      await applied;
      const seconds = (performance.now() - began) / 1000;
      for (const plural of KINDS) {
        const asked = api.requests.filter((one) => one.plural === plural && ['list', 'watch'].includes(one.verb));
        expect(asked.length, `requests for ${plural} in ${seconds} s`).toBeLessThan(10 + 3 * seconds);
      }
      const made = api.store.since('jobsets', 0);
      expect(made.map(({ type }) => type)).toEqual(names.map(() => 'ADDED'));
      expect(new Set(made.map(({ object }) => object.metadata.name))).toEqual(new Set(names));

      api.misbehave(() => null);
      for (const { id, view, witness } of views) {
        const patience = { timeout: 60_000 };
        await expect.poll(() => identities(view.observed().pods), patience).toEqual(truth(api, 'pods', id));
        await expect.poll(() => identities(view.observed().jobs.map(identityOf)), patience).toEqual(truth(api, 'jobs', id));
        await expect.poll(() => view.stale(), patience).toBeNull();
        await view.synced();
        expect(witness.faults).toEqual([]);
      }
    } finally {
      observatory.close();
      cluster.close();
      await api.close();
    }
  }); // prettier-ignore
});
