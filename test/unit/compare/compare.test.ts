import { expect, it } from 'vitest';
import { differencesOf, fileDifferences, flattened, type Sides } from '../../../src/compare/compare.ts';

const side = (more: Partial<Sides>): Sides => ({
  submission: {},
  env: {},
  manifest: {},
  packages: {},
  metrics: {},
  result: {},
  ...more,
});

it('tells what is not the same in all, by part, and leaves out the rest', () => {
  const sides = [
    side({ env: { LR: '0.1', A: 'x' }, packages: { numpy: '1' }, result: { status: 'Failed' } }),
    side({ env: { LR: '0.2', A: 'x' }, packages: { numpy: '1', jax: '2' }, result: { status: 'Failed' } }),
    side({ env: { LR: '0.1', A: 'x' }, packages: { numpy: '1' }, result: { status: 'Failed' } }),
  ];
  expect(differencesOf(sides)).toEqual([
    { part: 'env', name: 'LR', values: ['0.1', '0.2', '0.1'] },
    { part: 'packages', name: 'jax', values: [null, '2', null] },
  ]);
  expect(differencesOf([sides[0]!, sides[2]!])).toEqual([]);
});

it('does not take what objects have by themselves for values, and orders numbers by size', () => {
  const sides = [side({ env: { a10: '1', a2: '1' } }), side({ env: { constructor: 'x' } })];
  expect(differencesOf(sides).map(({ name, values }) => [name, ...values])).toEqual([
    ['a2', '1', null],
    ['a10', '1', null],
    ['constructor', null, 'x'],
  ]);
});

it('makes paths of a document', () => {
  expect(flattened({ spec: { count: 4, list: [{ a: null }, 'b'], none: {} } })).toEqual({
    'spec.count': 4,
    'spec.list[0].a': null,
    'spec.list[1]': 'b',
  });
});

it('tells files against the first', () => {
  const files = (all: Record<string, string>) => Object.entries(all).map(([path, mark]) => ({ path, mark }));
  const before = files({ same: '1', changed: '1', gone: '1', sometimes: '1' });
  const after = files({ same: '1', changed: '2', new: '1', sometimes: '1' });
  const third = files({ same: '1', changed: '1', gone: '1' });
  expect(fileDifferences([before, after, third])).toEqual([
    { path: 'changed', change: 'changed', present: [true, true, true] },
    { path: 'gone', change: 'removed', present: [true, false, true] },
    { path: 'new', change: 'added', present: [false, true, false] },
    { path: 'sometimes', change: 'removed', present: [true, true, false] },
  ]);
});
