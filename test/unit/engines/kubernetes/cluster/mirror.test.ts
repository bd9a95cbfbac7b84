import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createMirror, type Change } from '../../../../../src/engines/kubernetes/watch/mirror.ts';
import type { KubeObject } from '../../../../../src/engines/kubernetes/api/objects.ts';
import { compareVersions } from '../../../../../src/engines/kubernetes/watch/resource-version.ts';
import { createFakeStore, type FakeStore } from '../../../../fakes/kubernetes-store.ts';

test.each<[string, string, number | null]>([
  ['9', '10', -1],
  ['10', '9', 1],
  ['7', '7', 0],
  ['18446744073709551615', '18446744073709551614', 1],
  ['a', 'b', null],
  ['', '1', null],
  ['01', '2', null],
])('version %s against %s', (one, other, expected) => {
  const order = compareVersions(one, other);
  expect(order === null ? null : Math.sign(order)).toBe(expected);
});

/** Objects as somebody has them who only hears of changes. */
function createListener() {
  const known = new Map<string, string>();
  const gone = new Set<string>();
  return {
    known,
    hear(changes: readonly Change<KubeObject>[]) {
      for (const { type, object } of changes) {
        const { uid = '', resourceVersion = '' } = object.metadata ?? {};
        if (type === 'gone') {
          expect(known.delete(uid)).toBe(true);
          gone.add(uid);
        } else {
          expect(gone).not.toContain(uid);
          const before = known.get(uid);
          if (before !== undefined) expect(Number(resourceVersion)).toBeGreaterThan(Number(before));
          known.set(uid, resourceVersion);
        }
      }
    },
  };
}

const step = fc.oneof(
  fc.record({ kind: fc.constant('put' as const), name: fc.nat(3), value: fc.nat(5) }),
  fc.record({ kind: fc.constant('remove' as const), name: fc.nat(3) }),
  fc.record({ kind: fc.constant('list' as const), age: fc.nat(6) }),
  fc.record({ kind: fc.constant('watch' as const), back: fc.nat(4), most: fc.nat(6) }),
  fc.record({ kind: fc.constant('bookmark' as const) }),
);

type Sees = Pick<ReturnType<typeof createMirror<KubeObject>>, 'see'>;

function list({ see }: Sees, store: FakeStore, version: number) {
  return { items: store.at('pods', version).map(see), resourceVersion: String(version) };
}

describe('a mirror', () => {
  test('never goes back, whatever lists and events come, and ends as things are', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const store = createFakeStore();
        const mirror = createMirror<KubeObject>((object) => object);
        const listener = createListener();
        for (const one of steps) {
          if (one.kind === 'put') store.put('pods', { metadata: { name: `p${one.name}` }, value: one.value });
          else if (one.kind === 'remove') store.remove('pods', `p${one.name}`);
          else if (one.kind === 'list') {
            const changes = mirror.replace(list(mirror, store, store.version() - one.age));
            if (changes !== null) listener.hear(changes);
          } else if (mirror.version() === null) continue;
          else if (one.kind === 'bookmark')
            listener.hear(mirror.event({ type: 'BOOKMARK', resourceVersion: String(store.version()) }));
          else {
            // A stream that tells again what is known, as one that is resumed too early would.
            const from = Number(mirror.version()) - one.back;
            for (const { type, object } of store.since('pods', from).slice(0, one.back + one.most))
              listener.hear(mirror.event({ type, object }));
          }
        }
        // From here on all is as it should be.
        const last = mirror.replace(list(mirror, store, store.version()));
        expect(last).not.toBeNull();
        listener.hear(last ?? []);
        const truth = store
          .at('pods', store.version())
          .map(({ metadata }) => [metadata.uid, metadata.resourceVersion]);
        expect(Object.fromEntries(listener.known)).toEqual(Object.fromEntries(truth));
      }),
      { numRuns: 300 },
    );
  });

  test('another object of the same name: the first is gone, then the second is there', () => {
    const mirror = createMirror<KubeObject>((object) => object);
    const object = (uid: string, resourceVersion: string) => ({
      metadata: { name: 'a', uid, resourceVersion },
    });
    mirror.replace({ items: [mirror.see(object('one', '5'))], resourceVersion: '6' });
    const changes = mirror.replace({ items: [mirror.see(object('two', '8'))], resourceVersion: '9' });
    expect(changes?.map(({ type, object: { metadata } }) => [type, metadata?.uid])).toEqual([
      ['gone', 'one'],
      ['there', 'two'],
    ]);
  });

  test('what is gone tells its last state', () => {
    const mirror = createMirror<KubeObject & { state: string }>((object) => object);
    const object = (resourceVersion: string, state: string) => ({
      metadata: { name: 'a', uid: 'u', resourceVersion },
      state,
    });
    mirror.replace({ items: [mirror.see(object('5', 'running'))], resourceVersion: '6' });
    const [change] = mirror.event({ type: 'DELETED', object: object('9', 'ended') });
    expect(change).toMatchObject({ type: 'gone', object: { state: 'ended' } });
    expect(mirror.version()).toBe('9');
  });

  test('a cluster that was set back is believed after a reset', () => {
    const mirror = createMirror<KubeObject>((object) => object);
    mirror.replace({
      items: [mirror.see({ metadata: { name: 'a', uid: 'u', resourceVersion: '50' } })],
      resourceVersion: '60',
    });
    expect(mirror.replace({ items: [], resourceVersion: '10' })).toBeNull();
    expect(mirror.reset().map(({ type }) => type)).toEqual(['gone']);
    expect(mirror.replace({ items: [], resourceVersion: '10' })).toEqual([]);
    expect(mirror.version()).toBe('10');
  });
});
