import { expect, it } from 'vitest';
import { parseList } from '../../../src/sweep/list.ts';
import { pointKey, varyingNames } from '../../../src/sweep/point.ts';
import { allPoints } from '../../../src/sweep/points.ts';
import { drawPoints, parseSpace } from '../../../src/sweep/space.ts';
import { messageOf } from '../../../src/sweep/template.ts';
import { extended, lastOfEach, toBeMade, trialsOf } from '../../../src/sweep/trials.ts';
import { parseAxis } from '../../../src/sweep/values.ts';

const axis = (text: string) => parseAxis(text, '--grid');
const none = { axes: [], list: null, drawn: null };

it.each([
  ['LR=0.1,0.01', ['0.1', '0.01']],
  ['LR=0.1,0.1', ['0.1']],
  ['LAYERS=[64,64],[128]', ['[64,64]', '[128]']],
  ['MODE="a,b",c', ['a,b', 'c']],
  [`MODE='a,b'`, ['a,b']],
  ['CONF={"a": [1,2]},{}', ['{"a": [1,2]}', '{}']],
  ["SAYS=it's,ok", ["it's", 'ok']],
  ['EMPTY=,x', ['', 'x']],
  ['EMPTY=""', ['']],
  ['URL=http://h/?a=b,c', ['http://h/?a=b', 'c']],
])('reads the values of %s', (text, values) => {
  expect(axis(text).values).toEqual(values);
});

it.each(['LR', 'LR=', '=1', '1LR=2', 'L R=1', 'A=[1,2', 'A="x', 'metadata.name=1', 'spec..x=1'])(
  'refuses %s',
  (text) => {
    expect(() => axis(text)).toThrow(expect.objectContaining({ code: 'usage' }));
  },
);

it('makes every combination once, the last part changing fastest', () => {
  const points = allPoints({ ...none, axes: [axis('A=1,2'), axis('B=x,y')] }, 1);
  expect(points.map((point) => `${point['A']}${point['B']}`)).toEqual(['1x', '1y', '2x', '2y']);
  const list = [{ A: '1' }, { A: '1' }, { A: '2', C: 'z' }];
  expect(allPoints({ ...none, list, axes: [axis('B=x')] }, 1)).toEqual([
    { A: '1', B: 'x' },
    { A: '2', C: 'z', B: 'x' },
  ]);
});

it('refuses no points, double names, and more experiments than anybody means', () => {
  const usage = expect.objectContaining({ code: 'usage' });
  expect(() => allPoints(none, 1)).toThrow(usage);
  expect(() => allPoints({ ...none, list: [] }, 1)).toThrow(usage);
  expect(() => allPoints({ ...none, axes: [axis('A=1'), axis('A=2')] }, 1)).toThrow(usage);
  expect(() => allPoints({ ...none, axes: [axis('A=1')], list: [{ A: '2' }] }, 1)).toThrow(usage);
  expect(() => allPoints({ ...none, axes: [axis('A=1,2')] }, 5001)).toThrow(usage);
});

it('draws the same points for the same seed, more of them beginning with the same ones', () => {
  const spaces = ['LR=log:1e-4:1e-1', 'D=int:1:8', 'M=choice:a,b'].map(parseSpace);
  const five = drawPoints(spaces, 5, 7);
  expect(drawPoints(spaces, 20, 7).slice(0, 5)).toEqual(five);
  expect(drawPoints(spaces, 5, 8)).not.toEqual(five);
  const without = drawPoints(spaces.slice(0, 2), 5, 7);
  expect(without.map(({ LR }) => LR)).toEqual(five.map(({ LR }) => LR));
  // Written down, so that another version draws what this one does.
  expect(drawPoints([parseSpace('LR=log:1e-4:1e-1'), parseSpace('D=int:1:8')], 2, 0)).toEqual([
    { LR: '0.000154736', D: '7' },
    { LR: '0.0064282', D: '8' },
  ]);
});

it('draws within the bounds, all over them', () => {
  const values = (form: string) => drawPoints([parseSpace(`X=${form}`)], 500, 1).map(({ X }) => Number(X));
  expect(new Set(values('int:1:8'))).toEqual(new Set([1, 2, 3, 4, 5, 6, 7, 8]));
  expect(new Set(values('logint:1:4'))).toEqual(new Set([1, 2, 3, 4]));
  for (const [form, low, high] of [
    ['uniform:-1:1', -1, 1],
    ['log:1e-4:1e-1', 1e-4, 1e-1],
  ] as const) {
    const drawn = values(form);
    expect(drawn).toHaveLength(500);
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(low);
    expect(Math.max(...drawn)).toBeLessThanOrEqual(high);
  }
  const decades = values('log:1e-4:1e-1').map((value) => Math.floor(Math.log10(value)));
  for (const decade of [-4, -3, -2])
    expect(decades.filter((one) => one === decade).length).toBeGreaterThan(100);
});

it.each([
  'X',
  'X=log:1',
  'X=log:0:1',
  'X=int:1.5:2',
  'X=int:2:1',
  'X=gauss:0:1',
  'X=log:a:b',
  'X=log:1:2:3',
  'X=int::2',
])('refuses --space %s', (text) => {
  expect(() => parseSpace(text)).toThrow(expect.objectContaining({ code: 'usage' }));
});

it('reads JSON lines and CSV to the same points', () => {
  const json = '{"LR": 0.1, "HIDDEN": 8}\n\n{"LR": 0.01, "MODE": "a,b", "spec.types.worker.count": 2}\n';
  const csv = '\uFEFFLR,HIDDEN,MODE,spec.types.worker.count\r\n0.1,8,,\r\n0.01,,"a,b",2\r\n';
  const points = [
    { LR: '0.1', HIDDEN: '8' },
    { LR: '0.01', MODE: 'a,b', 'spec.types.worker.count': '2' },
  ];
  expect(parseList(json, 'f')).toEqual(points);
  expect(parseList(csv, 'f')).toEqual(points);
  const values = [
    { LR: 0.1, HIDDEN: 8 },
    { LR: 0.01, MODE: 'a,b', 'spec.types.worker.count': 2 },
  ];
  expect(parseList(JSON.stringify(values), 'f')).toEqual(points);
  expect(parseList(`\n${JSON.stringify(values, null, 2)}\n`, 'f')).toEqual(points);
  expect(parseList(values.map((one) => JSON.stringify(one, null, 2)).join('\r\n'), 'f')).toEqual(points);
  const odd = { S: 'a"]},{[\\', L: '[[1],{"a":"}"}]' };
  expect(parseList(`[{"S": ${JSON.stringify(odd.S)}, "L": ${odd.L}}]`, 'f')).toEqual([odd]);
  expect(parseList('[]', 'f')).toEqual([]);
  expect(parseList('\n', 'f')).toEqual([]);
});

it.each([
  ['{"LR": 0.1}\n{"LR": }\n', 'f:2:'],
  ['{"LR": null}\n', 'f:1:'],
  ['{"LR": 1}\n[1]\n', 'f:2:'],
  ['{}\n', 'f:1:'],
  ['[\n{"LR": 1},\n{"LR": }\n]', 'f:3:'],
  ['[{"LR": 1}\n{"LR": 2}]\n', 'f:2:'],
  ['[{"LR": 1},\n7]', 'f:2:'],
  ['[{"LR": 1},\n{}]', 'f:2:'],
  ['[{"LR": 1},\n[{"LR": 2}]]', 'f:2:'],
  ['[{"LR": 1},\n]', 'f:2:'],
  ['[{"LR": 1}\n', 'f:1:'],
  ['[]\n{"LR": 1}', 'f:2:'],
  ['{\n"LR": 1\n},\n{"LR": 2}', 'f:1:'],
  ['{\n"LR": 1\n}\n{"LR": 2\n', 'f:4:'],
  ['LR,LR\n1,2\n', 'f:1:'],
  ['LR,A\n1\n', 'f:2:'],
  ['LR,A\n1,"2\n', 'f:'],
])('says where a list is wrong: %j', (text, place) => {
  expect(() => parseList(text, 'f')).toThrow(
    expect.objectContaining({ code: 'usage', message: expect.stringContaining(place) }),
  );
});

it('fills in messages; what there is not is an error', () => {
  const trial = { sweep: 's', point: { LR: '0.1' }, index: 3, repeat: 2 };
  expect(messageOf('lr {LR} {name} {index}/{repeat} {{x}} {{{LR}}}', trial)).toBe('lr 0.1 s 3/2 {x} {0.1}');
  expect(messageOf('', trial)).toBe('LR=0.1');
  expect(messageOf('plain', trial)).toBe('plain');
  expect(() => messageOf('{lr}', trial)).toThrow(expect.objectContaining({ code: 'usage' }));
});

it('finds what varies', () => {
  const points = [
    { A: '1', B: 'x' },
    { A: '2', B: 'x' },
    { A: '2', B: 'x', C: 'z' },
  ];
  expect(varyingNames(points)).toEqual(['A', 'C']);
});

it('knows what is missing and what is to be made again', () => {
  const shape = { points: [{ A: '1' }, { A: '2' }], repeat: 2 };
  const trials = trialsOf(shape);
  expect(trials.map(({ index, repeat }) => [index, repeat])).toEqual([
    [1, 1],
    [2, 1],
    [1, 2],
    [2, 2],
  ]);
  const member = (at: number, status: 'Failed' | 'Succeeded' | 'Cancelled' | 'Running') => ({
    status,
    ...trials[at]!,
  });
  const last = lastOfEach([
    member(0, 'Failed'),
    member(0, 'Succeeded'),
    member(1, 'Failed'),
    member(2, 'Running'),
  ]);
  const made = (rerun: 'missing' | 'failed') =>
    toBeMade(trials, last, rerun).map((trial) => trials.indexOf(trial));
  expect(made('missing')).toEqual([3]);
  expect(made('failed')).toEqual([1, 3]);
});

it('keeps the indexes of points when a sweep grows', () => {
  const before = { points: [{ A: '2', B: '1' }], repeat: 3 };
  const after = extended(before, {
    points: [
      { A: '1', B: '1' },
      { B: '1', A: '2' },
    ],
    repeat: 1,
  });
  expect(after.points.map(pointKey)).toEqual([pointKey({ A: '2', B: '1' }), pointKey({ A: '1', B: '1' })]);
  expect(after.repeat).toBe(3);
});
