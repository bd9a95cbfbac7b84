import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseRuledOut, schedulingHint } from '../../../../src/engines/kubernetes/waiting/unschedulable.ts';
import { planWith } from './pods.ts';

const GPU = 'accelerators: {gpu: {count: 2, product: NVIDIA-A100-SXM4-80GB, type: gpu}}';
const plan = planWith(
  'jobset',
  `{worker: {count: 1, resources: {cpus: 4, memory: 16, shmSizeGB: 0, ${GPU}}}}`,
);
const plain = planWith('jobset', '{worker: {count: 1, resources: {cpus: 4, memory: 16, shmSizeGB: 0}}}');

function hint(message: string, selectors: Record<string, string> = {}, of = plan): string | null {
  const [group] = of.groups;
  if (group === undefined) throw new Error('no group');
  return schedulingHint({ message, group, selectors });
}

test('takes the pairs apart, and leaves out what is said about preemption', () => {
  const message =
    "0/7 nodes are available: 1 Insufficient cpu, 2 Insufficient nvidia.com/gpu, 1 node(s) had untolerated taint {nvidia.com/gpu: present}, 3 node(s) didn't match Pod's node affinity/selector. preemption: 0/7 nodes are available: 7 Preemption is not helpful for scheduling.";
  expect(parseRuledOut(message)).toEqual([
    { nodes: 1, reason: 'Insufficient cpu' },
    { nodes: 2, reason: 'Insufficient nvidia.com/gpu' },
    { nodes: 1, reason: 'node(s) had untolerated taint {nvidia.com/gpu: present}' },
    { nodes: 3, reason: "node(s) didn't match Pod's node affinity/selector" },
  ]);
});

test('takes apart whatever pairs there are', () => {
  const reason = fc.constantFrom(
    'Insufficient cpu',
    'node(s) were unschedulable',
    'node(s) had untolerated taint {a.b/c: d}',
  );
  fc.assert(
    fc.property(
      fc.array(fc.record({ nodes: fc.nat(999), reason }), { minLength: 1 }),
      fc.boolean(),
      (pairs, more) => {
        const list = pairs.map(({ nodes, reason: text }) => `${nodes} ${text}`).join(', ');
        const tail = more
          ? '. no new claims to deallocate, preemption: 0/9 nodes are available: 9 No victims.'
          : '.';
        expect(parseRuledOut(`0/9 nodes are available: ${list}${tail}`)).toEqual(pairs);
      },
    ),
  );
});

test('names no place in the manifest for the submitter: it has none there', () => {
  const ray = planWith('kuberay', '{Head: {resources: {cpus: 1, memory: 2}}, Workers: []}');
  const group = ray.groups.find(({ role }) => role === 'submitter');
  if (group === undefined) throw new Error('no submitter');
  const message = '0/4 nodes are available: 1 Insufficient cpu, 3 node(s) had untolerated taint(s).';
  expect(schedulingHint({ message, group, selectors: {} })).toBe(
    'no node has the cpu free that it needs; wait until other pods end',
  );
});

const PATH = 'spec.types.worker.resources';

test.each<[string, string, Record<string, string>, string]>([
  ['CPUs', '1 Insufficient cpu', {}, `it asks for 4 CPUs, no node has them free; lower ${PATH}.cpus`],
  ['memory', '1 Insufficient memory', {}, `it asks for 16 GB, no node has them free; lower ${PATH}.memory`],
  [
    'GPUs',
    '1 Insufficient nvidia.com/gpu',
    {},
    `it asks for 2 GPUs (NVIDIA-A100-SXM4-80GB), no node has them free; wait, or lower ${PATH}.accelerators`,
  ],
  ['another resource', '1 Insufficient rdma/sriov_a', {}, 'no node has rdma/sriov_a free'],
  [
    'disk',
    '1 Insufficient ephemeral-storage',
    {},
    `no node has the disk space that it asks for free; lower ${PATH}.ephemeralStorageRequest`,
  ],
  [
    'the GPU product',
    "3 node(s) didn't match Pod's node affinity/selector",
    { 'nvidia.com/gpu.product': 'NVIDIA-A100-SXM4-80GB' },
    `no node it may use has the GPU product NVIDIA-A100-SXM4-80GB; see ${PATH}.accelerators.gpu.product`,
  ],
  [
    'another selector',
    "3 node(s) didn't match Pod's node affinity/selector",
    { 'karpenter.sh/capacity-type': 'spot' },
    `no node it may use has the label karpenter.sh/capacity-type=spot; see ${PATH}.extraSelectors`,
  ],
  [
    'a taint',
    '2 node(s) had untolerated taint {dedicated: research}',
    {},
    `other nodes have the taint dedicated=research, for which ${PATH}.extraTolerations names no toleration`,
  ],
  ['cordoned nodes', '2 node(s) were unschedulable', {}, 'some nodes are closed (cordoned)'],
  ['full nodes', '2 Too many pods', {}, 'the nodes it may use have no room for another pod'],
  [
    'the zone',
    '2 node(s) had volume node affinity conflict',
    {},
    'its volume is in a zone where it may not run',
  ],
  [
    'an unbound claim',
    '2 pod has unbound immediate PersistentVolumeClaims',
    {},
    "its volume is not there yet: see the claim's storage class",
  ],
])('says what to do about %s', (_, reason, selectors, expected) => {
  expect(hint(`0/3 nodes are available: ${reason}.`, selectors)).toBe(expected);
});

test('a node that is only short of something says more than nodes of another kind', () => {
  const message =
    "0/9 nodes are available: 1 Insufficient cpu, 8 node(s) didn't match Pod's node affinity/selector.";
  expect(hint(message, { type: 'x' }, plain)).toMatch(/^it asks for 4 CPUs/);
});

test('a missing claim is named', () => {
  expect(hint('0/4 nodes are available: persistentvolumeclaim "datasets" not found. not found')).toBe(
    'create the claim datasets in the namespace, or name another in spec.storage',
  );
});

test('says nothing where nothing is known', () => {
  expect(hint('the scheduler of the future says something else')).toBeNull();
});
