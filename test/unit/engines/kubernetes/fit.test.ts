import { describe, expect, test } from 'vitest';
import type { NodeFacts } from '../../../../src/engines/kubernetes/fit/node/nodes.ts';
import { fitFindings } from '../../../../src/engines/kubernetes/fit/fit.ts';
import { isTolerated } from '../../../../src/engines/kubernetes/fit/node/on-demand.ts';
import type { Inventory } from '../../../../src/engines/kubernetes/fit/inventory.ts';
import { severityOf } from '../../../../src/manifest/codes.ts';
import { dotted } from '../../../../src/manifest/diagnostic.ts';
import type { CommonSpec, PodResources } from '../../../../src/manifest/manifest.ts';
import { planManifest } from '../../../../src/operators/plan.ts';
import {
  completeSettings,
  type SettingsInput,
} from '../../../../src/render/kubernetes/settings/settings-schema.ts';
import {
  distributed,
  jobset,
  kuberay,
  manifestOf,
  NO_SUBMISSION,
  podType,
  RESOURCES,
  workerGroup,
} from '../../operators/manifests.ts';

const GI = 2 ** 30;

function node(name: string, parts: Partial<NodeFacts> = {}): NodeFacts {
  const allocatable = { cpu: 32, memory: 128 * GI, 'ephemeral-storage': 100 * GI };
  return {
    name,
    labels: {},
    taints: [],
    schedulable: true,
    cordoned: false,
    ...parts,
    allocatable: { ...allocatable, ...parts.allocatable },
  };
}

const GPU_TAINT = { key: 'nvidia.com/gpu', value: 'present', effect: 'NoSchedule' };
const A100 = node('a100', {
  labels: { 'nvidia.com/gpu.product': 'NVIDIA-A100-SXM4-80GB' },
  taints: [GPU_TAINT],
  allocatable: { cpu: 96, memory: 1024 * GI, 'nvidia.com/gpu': 8 },
});
const T4 = node('t4', {
  labels: { 'nvidia.com/gpu.product': 'Tesla-T4' },
  allocatable: { cpu: 8, memory: 32 * GI, 'nvidia.com/gpu': 1 },
});
const CPU = node('cpu');
const SPOT = node('spot', {
  labels: { 'cloud.google.com/gke-spot': 'true' },
  taints: [{ key: 'cloud.google.com/gke-spot', value: 'true', effect: 'NoSchedule' }],
});

const ROOMY: Inventory = {
  namespace: 'team',
  nodes: [A100, T4, CPU, SPOT],
  classes: { names: ['standard', 'fast'], standard: 'standard' },
  claims: { missing: [], known: [] },
  quotas: [],
  limitRanges: [],
  security: [],
  queue: null,
  serves: true,
};

interface Asked {
  resources?: Partial<PodResources>;
  count?: number;
  common?: Partial<CommonSpec>;
  inventory?: Partial<Inventory>;
  settings?: SettingsInput;
}

function found({ resources = {}, count = 1, common = {}, inventory = {}, settings = {} }: Asked) {
  const worker = podType('worker', { count, resources: { ...RESOURCES, ...resources } });
  const plan = planManifest(jobset([worker], common), NO_SUBMISSION);
  return fitFindings(
    plan,
    { ...ROOMY, ...inventory },
    { engine: 'lab', settings: completeSettings(settings, 'team') },
  );
}

const said = (asked: Asked) => found(asked).map(({ code, path }) => `${code} ${dotted(path)}`);
const AT = 'spec.types.worker.resources';
const gpu = (count: number, product: string) => ({ gpu: { count, product, type: 'gpu' } });

test('what fits is not mentioned', () => {
  expect(found({})).toEqual([]);
  expect(found({ resources: { ...gpu(8, 'NVIDIA-A100-SXM4-80GB'), cpus: 96, memory: 1024 } })).toEqual([]);
});

describe('an endpoint of the user’s', () => {
  const common = { env: { S3_ENDPOINT: 'https://s3.example' } };

  test('is taken where the engine has no storage of its own', () => {
    expect(found({ common })).toEqual([]);
  });

  test('is refused at its line where it has', () => {
    const settings = { storage: { s3_endpoint: 'https://s3.example' } };
    expect(said({ common, settings })).toEqual(['protected-variable spec.env.S3_ENDPOINT']);
    expect(found({ settings })).toEqual([]);
  });
});

describe('a GPU product', () => {
  test('that no node has is named with those there are, and the one that was meant', () => {
    const [finding] = found({ resources: gpu(1, 'NVIDIA-A100-SXM4-80G') });
    expect(finding).toMatchObject({
      code: 'engine-gpu-product',
      message: 'the engine lab has no GPU "NVIDIA-A100-SXM4-80G"',
      hint: 'did you mean "NVIDIA-A100-SXM4-80GB"? it has NVIDIA-A100-SXM4-80GB, Tesla-T4',
    });
    expect(dotted(finding?.path ?? [])).toBe(`${AT}.accelerators.gpu.product`);
  });

  test('does not hide what else is too much', () => {
    expect(said({ resources: { ...gpu(9, 'H100'), cpus: 200 } })).toEqual([
      `engine-gpu-product ${AT}.accelerators.gpu.product`,
      `engine-too-small ${AT}.cpus`,
      `engine-too-small ${AT}.accelerators.gpu.count`,
    ]);
  });

  test('is looked for under the label of the settings', () => {
    const nodes = [
      node('gke', {
        labels: { 'cloud.google.com/gke-accelerator': 'nvidia-tesla-t4' },
        allocatable: { 'nvidia.com/gpu': 1 },
      }),
    ];
    const asked = { resources: gpu(1, 'nvidia-tesla-t4'), inventory: { nodes } };
    const [without] = found(asked);
    expect(without?.hint).toBe('it has no GPUs with the label nvidia.com/gpu.product');
    const settings = { gpu: { product_label: 'cloud.google.com/gke-accelerator' } };
    expect(found({ ...asked, settings })).toEqual([]);
  });

  test('of a slice counts as the resource that the settings say', () => {
    const label = { 'nvidia.com/gpu.product': 'NVIDIA-H100' };
    const nodes = [node('mig', { labels: label, allocatable: { 'nvidia.com/mig-3g.40gb': 2 } })];
    const asked = { resources: gpu(1, 'NVIDIA-H100-MIG-3g.40gb'), inventory: { nodes } };
    expect(found({ ...asked, settings: { gpu: { mig: 'mixed' } } })).toEqual([]);
    expect(said(asked)).toContain(`engine-gpu-product ${AT}.accelerators.gpu.product`);
  });
});

describe('amounts', () => {
  test.each([
    [
      { cpus: 33 },
      `engine-too-small ${AT}.cpus`,
      'a pod asks for 33 CPUs; the largest node it may run on in lab (cpu) has 32',
    ],
    [
      { memory: 128.5 },
      `engine-too-small ${AT}.memory`,
      'a pod asks for 128.5 GB of memory; the largest node it may run on in lab (cpu) has 128',
    ],
    [
      { ephemeralStorageRequest: '200Gi' },
      `engine-too-small ${AT}.ephemeralStorageRequest`,
      'a pod asks for 200 GB of ephemeral storage; the largest node it may run on in lab (t4) has 100',
    ],
    [
      { rdmaDevices: ['sriov_a'] },
      `engine-too-small ${AT}.rdma.devices`,
      'a pod asks for 1 rdma/sriov_a; no node of lab that it may run on has any',
    ],
  ])('%j', (resources, where, message) => {
    expect(said({ resources })).toEqual([where]);
    expect(found({ resources })[0]?.message).toBe(message);
  });

  test('count only on nodes that the pod may run on', () => {
    // 96 CPUs are there, behind the taint of the GPUs.
    expect(said({ resources: { cpus: 96 } })).toEqual([`engine-too-small ${AT}.cpus`]);
    expect(said({ resources: { ...gpu(1, 'Tesla-T4'), cpus: 9 } })).toEqual([`engine-too-small ${AT}.cpus`]);
  });

  test('that are there on different nodes only', () => {
    const nodes = [
      node('wide', { allocatable: { cpu: 64 } }),
      node('deep', { allocatable: { memory: 512 * GI } }),
    ];
    const [finding] = found({ resources: { cpus: 64, memory: 512 }, inventory: { nodes } });
    expect(finding).toMatchObject({ code: 'engine-too-small', at: 'key' });
    expect(finding?.message).toContain(
      'no node of the engine lab has all that a pod asks for: 64 CPUs, 512 GB',
    );
  });

  test('of all pods together are only told: they may run one after the other', () => {
    const findings = found({ count: 40, resources: { cpus: 8 } });
    expect(findings).toMatchObject([{ code: 'engine-capacity' }]);
    expect(findings.every(({ code }) => severityOf(code, false) === 'warning')).toBe(true);
  });
});

describe('placement', () => {
  test('a label that no node has, with the value that was meant', () => {
    const [finding] = found({ resources: { extraSelectors: { 'cloud.google.com/gke-spot': 'True' } } });
    expect(finding).toMatchObject({
      message: 'no node of the engine lab has the label cloud.google.com/gke-spot=True',
      hint: 'did you mean "true"? there are true',
    });
    expect(dotted(finding?.path ?? [])).toBe(`${AT}.extraSelectors["cloud.google.com/gke-spot"]`);
    const [unknown] = found({ resources: { extraSelectors: { pool: 'x' } } });
    expect(unknown?.hint).toBe('no node has that label');
  });

  test('labels that no node has together', () => {
    const nodes = [node('a', { labels: { pool: 'x' } }), node('b', { labels: { zone: 'y' } })];
    const [finding] = found({
      resources: { extraSelectors: { pool: 'x', zone: 'y' } },
      inventory: { nodes },
    });
    expect(finding?.message).toBe('no node of the engine lab has all of pool=x and zone=y');
  });

  test('a label that the settings ask for is not blamed on the manifest', () => {
    const [finding] = found({ settings: { selectors: { pool: 'gone' } } });
    expect(finding?.message).toContain("which the engine's settings ask for");
    expect(dotted(finding?.path ?? [])).toBe(AT);
  });

  test('a taint that keeps pods away, with the toleration to write', () => {
    const selectors = { 'cloud.google.com/gke-spot': 'true' };
    const [finding] = found({ resources: { extraSelectors: selectors } });
    expect(finding).toMatchObject({
      code: 'engine-taint',
      message:
        '1 node would do, but it keeps pods away that do not tolerate cloud.google.com/gke-spot=true:NoSchedule',
      hint: 'set extraTolerations: [{key: "cloud.google.com/gke-spot", operator: Equal, value: "true", effect: NoSchedule}]',
    });
    const tolerations = [{ key: 'cloud.google.com/gke-spot', operator: 'Exists' }];
    expect(found({ resources: { extraSelectors: selectors, extraTolerations: tolerations } })).toEqual([]);
  });

  test('nodes that are not ready, or cordoned, take nothing', () => {
    const nodes = [{ ...CPU, schedulable: false }];
    expect(said({ inventory: { nodes } })).toEqual([`engine-no-node ${AT}`]);
    expect(said({ inventory: { nodes: [] } })).toEqual([`engine-no-node ${AT}`]);
  });

  test('nothing is said of nodes that may not be listed', () => {
    expect(found({ resources: { cpus: 1000 }, inventory: { nodes: null } })).toEqual([]);
  });

  test('where nodes come when they are needed, what the present ones lack is a warning', () => {
    const findings = found({ resources: gpu(1, 'H100'), settings: { autoscaling: true } });
    expect(findings).toMatchObject([{ code: 'engine-scales', message: 'the engine lab has no GPU "H100"' }]);
    expect(findings.every(({ code }) => severityOf(code, false) === 'warning')).toBe(true);
  });
});

describe('storage', () => {
  const attached = {
    storage: { sharedVolume: null, attachExistingPVCs: [{ name: 'data', mountPoint: '/data' }] },
  };
  const shared = (storageClass: string | null) => ({
    storage: {
      sharedVolume: { mountPoint: '/shared', sizeGB: 1, storageClass, accessMode: null },
      attachExistingPVCs: [],
    },
  });

  test('a claim that is not there, by the name that the settings give it', () => {
    const inventory = { claims: { missing: ['team-data'], known: ['team-date', 'other'] } };
    const [finding] = found({ common: attached, inventory, settings: { claims: { data: 'team-data' } } });
    expect(finding).toMatchObject({
      message: 'there is no PersistentVolumeClaim team-data in namespace team',
      hint: 'did you mean "team-date"? there are team-date, other',
    });
    expect(dotted(finding?.path ?? [])).toBe('spec.storage.attachExistingPVCs[0].name');
  });

  test.each([
    [null, {}, []],
    ['fast', {}, []],
    ['fats', {}, ['engine-storage-class spec.storage.sharedVolume.storageClass']],
    [
      null,
      { classes: { names: ['slow'], standard: null } },
      ['engine-storage-class spec.storage.sharedVolume'],
    ],
    ['gone', { classes: null }, []],
  ])('class %j on %j', (storageClass, inventory, expected) => {
    expect(said({ common: shared(storageClass), inventory })).toEqual(expected);
  });

  test('the class of the settings stands in for one that is not named', () => {
    const inventory = { classes: { names: ['fast'], standard: null } };
    expect(found({ common: shared(null), inventory, settings: { storage_class: 'fast' } })).toEqual([]);
  });
});

describe('workloads', () => {
  const options = { engine: 'lab', settings: completeSettings({}, 'team') };

  test('a Ray cluster is looked at group by group', () => {
    const large = workerGroup('large', { resources: { ...RESOURCES, cpus: 500 } });
    const plan = planManifest(kuberay([workerGroup('small'), large]), NO_SUBMISSION);
    const findings = fitFindings(plan, ROOMY, options);
    expect(findings.map(({ path }) => dotted(path))).toEqual(['spec.types.Workers.large.resources.cpus']);
  });

  test('what the cluster has no controller for', () => {
    const plan = planManifest(kuberay([]), NO_SUBMISSION);
    expect(fitFindings(plan, { ...ROOMY, serves: false }, options)).toMatchObject([
      {
        code: 'engine-operator',
        message: 'the engine lab cannot run the operator kuberay: its cluster has no KubeRay',
      },
    ]);
  });

  test('vertexai runs nowhere here', () => {
    const base = distributed('jax', 1);
    const { spec } = base;
    if (spec.operator !== 'jax') throw new Error('not jax');
    const plan = { ...planManifest(manifestOf(spec), NO_SUBMISSION), operator: 'vertexai' as const };
    expect(fitFindings(plan, ROOMY, options)).toMatchObject([
      { code: 'engine-operator', path: ['spec', 'operator'] },
    ]);
  });
});

test.each([
  [{ key: 'nvidia.com/gpu', operator: 'Exists' }, true],
  [{ key: 'nvidia.com/gpu', operator: 'Equal', value: 'present' }, true],
  [{ key: 'nvidia.com/gpu', value: 'present', effect: 'NoSchedule' }, true],
  [{ key: 'nvidia.com/gpu', value: 'absent' }, false],
  [{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoExecute' }, false],
  [{ operator: 'Exists' }, true],
  [{ key: 'other', operator: 'Exists' }, false],
])('a taint is tolerated as the scheduler has it: %j is %s', (toleration, expected) => {
  expect(isTolerated(GPU_TAINT, [toleration])).toBe(expected);
});
