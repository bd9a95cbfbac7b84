import { expect, test } from 'vitest';
import { totalOf } from '../../../../src/engines/kubernetes/fit/capacity.ts';
import { gpuProducts, nodeFacts } from '../../../../src/engines/kubernetes/fit/node/nodes.ts';
import { parseQuantity } from '../../../../src/engines/kubernetes/fit/quantity.ts';

test.each([
  ['96', 96],
  ['250m', 0.25],
  ['1k', 1000],
  ['4Ti', 4 * 2 ** 40],
  ['128974848', 128_974_848],
  ['1e3', 1000],
  ['1E', 1e18],
  ['2E3', 2000],
  ['.5', 0.5],
  ['1.5Gi', 1.5 * 2 ** 30],
  ['', null],
  ['much', null],
  ['1 Gi', null],
  ['1gi', null],
])('the quantity %j is %j', (text, amount) => {
  expect(parseQuantity(text)).toBe(amount);
});

const READY = [{ type: 'Ready', status: 'True' }];
const raw = (name: string, more: object) => ({
  metadata: { name, labels: { 'nvidia.com/gpu.product': 'T4' } },
  status: { conditions: READY, allocatable: { cpu: '7910m', memory: '32Gi', 'nvidia.com/gpu': '2' } },
  ...more,
});

test('a node offers what pods may ask for, as long as it is ready and open', () => {
  expect(nodeFacts(raw('a', {}))).toMatchObject({
    schedulable: true,
    allocatable: { cpu: 7.91, memory: 32 * 2 ** 30, 'nvidia.com/gpu': 2 },
  });
  expect(nodeFacts(raw('b', { spec: { unschedulable: true } })).schedulable).toBe(false);
  const status = { conditions: [{ type: 'Ready', status: 'Unknown' }] };
  expect(nodeFacts({ metadata: { name: 'c' }, status })).toMatchObject({ schedulable: false, labels: {} });
});

test('a taint that only asks for other nodes first keeps nobody away', () => {
  const taints = [
    { key: 'soft', effect: 'PreferNoSchedule' },
    { key: 'hard', effect: 'NoSchedule' },
  ];
  expect(nodeFacts(raw('a', { spec: { taints } })).taints).toEqual([{ key: 'hard', effect: 'NoSchedule' }]);
});

test('what there is in all leaves out nodes that take no pods', () => {
  const nodes = [raw('a', {}), raw('b', {}), raw('c', { spec: { unschedulable: true } })].map(nodeFacts);
  expect(totalOf(nodes)).toEqual({ cpus: 15.82, memory_gb: 64, gpus: 4 });
});

test('GPUs are counted by product, those without a label too', () => {
  const bare = {
    metadata: { name: 'b' },
    status: { conditions: READY, allocatable: { 'nvidia.com/mig-1g.5gb': '7' } },
  };
  const products = gpuProducts([raw('a', {}), raw('c', {}), bare].map(nodeFacts), 'nvidia.com/gpu.product');
  expect([...products]).toEqual([
    ['T4', { nodes: 2, gpus: 4 }],
    [null, { nodes: 1, gpus: 7 }],
  ]);
});
