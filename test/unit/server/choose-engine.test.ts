import { expect, test } from 'vitest';
import { isAichorError } from '../../../src/errors.ts';
import { chooseEngine } from '../../../src/server/submission/choose-engine.ts';
import { createFakeEngine } from '../../fakes/fake-engine.ts';

const ID = '34c227996ef84b8a';

function enginesOf(...names: string[]) {
  return new Map(['local', ...names].map((name) => [name, { ...createFakeEngine(), name }]));
}

interface Wishes {
  asked?: string;
  manifest?: string;
  preferred?: string;
  /** The server's own machine runs nothing for who asks. */
  closed?: boolean;
}

function chosen(names: string[], { asked, manifest, preferred, closed }: Wishes): string {
  try {
    const wishes = { asked: asked ?? null, manifest: manifest ?? null, preferred: preferred ?? null };
    const mayRunHere = closed !== true;
    const { engine, notice } = chooseEngine(enginesOf(...names), { ...wishes, mayRunHere });
    return notice === null ? engine.name : `${engine.name} (${notice.code})`;
  } catch (error) {
    if (isAichorError(error)) return `${error.code}: ${error.hint}`;
    throw error;
  }
}

test.each<[string[], Wishes, string]>([
  // the order
  [['a', 'b', 'c'], { asked: 'a', manifest: 'b', preferred: 'c' }, 'a'],
  [['b', 'c'], { manifest: 'b', preferred: 'c' }, 'b'],
  [['c'], { preferred: 'c' }, 'c'],
  [['c'], {}, 'local'],
  // a team's server that was started without --local
  [['gpu'], { closed: true }, 'engine_unavailable: name one with --engine: gpu'],
  [['gpu'], { closed: true, asked: 'local' }, 'engine_unavailable: name one with --engine: gpu'],
  [['gpu'], { closed: true, manifest: 'local' }, 'engine_unavailable: name one with --engine: gpu'],
  [['gpu'], { closed: true, preferred: 'gpu' }, 'gpu'],
  [['gpu'], { closed: true, asked: 'kyber' }, 'engine_unavailable: the engines there are: gpu'],
  [
    [],
    { closed: true, manifest: 'kyber' },
    'engine_unavailable: whoever runs the server adds a cluster with aichor engines add, or starts it with --local',
  ],
  // only the embedded one: a manifest's wish is passed over, what was asked for is not
  [[], { manifest: 'kyber' }, 'local (engine_replaced)'],
  [[], { asked: 'kyber' }, 'engine_unavailable: the engines there are: local'],
  [[], { preferred: 'kyber' }, 'engine_unavailable: the engines there are: local'],
  [['gpu'], { manifest: 'kyber' }, 'engine_unavailable: the engines there are: local, gpu'],
  [
    ['kyber-engine'],
    { manifest: 'kyber-engin' },
    'engine_unavailable: did you mean kyber-engine? the engines there are: local, kyber-engine',
  ],
  // the platform's full ids
  [['kyber-engine'], { manifest: `kyber-engine-${ID}` }, 'kyber-engine'],
  [['kyber-engine-two'], { manifest: `kyber-engine-${ID}` }, 'kyber-engine-two'],
  [['gpu'], { asked: `gpu-${ID}` }, 'gpu'],
  [['kyber-engin-a'], { manifest: `kyber-engin-${ID}` }, 'kyber-engin-a'],
  [
    ['kyber-engine-a', 'kyber-engine-b'],
    { manifest: `kyber-engine-${ID}` },
    'ambiguous: name one of them: kyber-engine-a, kyber-engine-b',
  ],
  [[`gpu-${ID}`, 'gpu'], { manifest: `gpu-${ID}` }, `gpu-${ID}`],
  [['gpu'], { manifest: `gpu-${ID.slice(1)}` }, 'engine_unavailable: the engines there are: local, gpu'],
  [[], { manifest: `kyber-${ID}` }, 'local (engine_replaced)'],
])('of local and %j, %j gets %s', (names, wishes, expected) => {
  expect(chosen(names, wishes)).toBe(expected);
});
