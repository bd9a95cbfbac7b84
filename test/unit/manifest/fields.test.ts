import { describe, expect, test } from 'vitest';
import { changed, example, path, text, valid, verdicts, type Document } from './examples.ts';

type Value = Document[string] | undefined;
/** [operator, path, good values, bad values with the code they are refused by]. */
type Row = [string, string, Value[], [Value, string][]];

const WRONG = 'error wrong-type';
const MISSING = 'error missing-key';
const RANGE = 'error out-of-range';
const VALUE = 'error invalid-value';

const WORKER = 'spec.types.worker.resources';
const GPU = { count: 1, type: 'gpu', product: 'A100' };
const TPU = { type: 'v5e', topology: '2x2', tpuChipsCount: 4 };

/**
 * Every row of the language's field table: what is accepted, what is refused and how. The rest of a row stands
 * elsewhere: `Master`, `Worker` and Slurm's `job` in `contradictions.test.ts`, what is accepted with a warning in
 * `rules.test.ts`, the whole of the defaults in `fixtures.test.ts`, meanings in the tests of operators and render.
 */
const ROWS: Row[] = [
  [
    'jax',
    'kind',
    [],
    [
      [undefined, MISSING],
      ['Manifest', VALUE],
      [null, MISSING],
    ],
  ],
  [
    'jax',
    'apiVersion',
    ['0.2.1', '0.2.2', '0.2.3'],
    [
      [undefined, MISSING],
      ['0.2.4', VALUE],
      ['v1', VALUE],
      [0.2, WRONG],
    ],
  ],
  ['jax', 'name', ['anything at all', null, undefined], [[7, WRONG]]],
  [
    'jax',
    'builder',
    [],
    [
      [undefined, MISSING],
      ['image', WRONG],
    ],
  ],
  [
    'jax',
    'builder.image',
    ['image'],
    [
      [undefined, MISSING],
      ['', VALUE],
      [7, WRONG],
    ],
  ],
  [
    'jax',
    'builder.dockerfile',
    ['a/Dockerfile.gpu', './Dockerfile'],
    [
      [undefined, MISSING],
      ['../Dockerfile', 'error leaves-repository'],
      ['/Dockerfile', 'error leaves-repository'],
    ],
  ],
  [
    'jax',
    'builder.context',
    ['.', './a/b/', undefined, null, 'a/../b'],
    [
      ['../..', 'error leaves-repository'],
      ['/app', 'error leaves-repository'],
      [1, WRONG],
    ],
  ],
  [
    'jax',
    'builder.buildArgs',
    [{ A: '', B: 'x', C: true }, {}, null],
    [
      [{ A: ['x'] }, VALUE],
      [['A=1'], WRONG],
    ],
  ],
  ['jax', 'builder.registry', ['eu.example.test/x', null], [[true, WRONG]]],
  ['jax', 'builder.target', ['runtime', undefined], [[{}, WRONG]]],
  [
    'jax',
    'builder.skipBuild',
    [
      { enabled: true, experimentId: '3f2a1b4c-9d8e-4f7a-b6c5-1a2b3c4d5e6f', failIfNotFound: true },
      { enabled: false },
      {},
    ],
    [
      [{ enabled: true }, 'error missing-experiment-id'],
      [{ enabled: true, experimentId: 'last' }, VALUE],
      [{ enabled: 'maybe' }, WRONG],
      [{ failIfNotFound: 1 }, WRONG],
    ],
  ],
  [
    'jax',
    'clone.depth',
    [1, 50],
    [
      [0, RANGE],
      [1.5, WRONG],
    ],
  ],
  ['jax', 'clone.includeDotGit', [true, false], [['x', WRONG]]],
  [
    'jax',
    'clone',
    [
      { includeDotGit: true, submodules: 'true' },
      { includeDotGit: true, submodules: 'recursive' },
      { submodules: 'false' },
    ],
    [
      [{ submodules: true }, WRONG],
      [{ submodules: 'all' }, VALUE],
    ],
  ],
  [
    'jax',
    'spec',
    [],
    [
      [undefined, MISSING],
      [[], WRONG],
    ],
  ],
  [
    'jax',
    'spec.operator',
    [],
    [
      [undefined, MISSING],
      ['jaxx', 'error unknown-operator'],
      [3, WRONG],
    ],
  ],
  [
    'jax',
    'spec.image',
    ['image'],
    [
      [undefined, MISSING],
      ['', VALUE],
      [7, WRONG],
    ],
  ],
  [
    'jax',
    'spec.command',
    ['a && b | c', 'x\ny\n'],
    [
      [undefined, MISSING],
      ['', VALUE],
      [['python', 'x.py'], WRONG],
    ],
  ],
  [
    'jax',
    'spec.timeout',
    ['1w 2d 5h 6m 20s', '2m', '36h', '1d12h', null],
    [
      ['8H', VALUE],
      ['3600', VALUE],
      ['1.5h', VALUE],
      ['1h 1h', VALUE],
      ['soon', VALUE],
      ['0s', RANGE],
      [3600, WRONG],
    ],
  ],
  [
    'jax',
    'spec.activeDeadlineSeconds',
    [86_400],
    [
      [0, RANGE],
      ['86400', WRONG],
    ],
  ],
  ['jax', 'spec.queuePriority', ['high', 'team-a-high'], [['', VALUE]]],
  ['jax', 'spec.engineName', ['kyber', 'kyber-engine-34c227996ef84b8a'], [['', VALUE]]],
  [
    'jax',
    'spec.env',
    [{ A: 'x', B: '' }, {}, null],
    [
      [{ A: null }, MISSING],
      [{ A: ['x'] }, WRONG],
      [{ AICHOR_X: '1' }, 'error protected-variable'],
      [{ JAXOPERATOR_PROCESS_ID: '1' }, 'error protected-variable'],
      [{ 'A B': '1' }, 'error invalid-variable-name'],
      ['A=1', WRONG],
    ],
  ],
  ['kuberay', 'spec.rayVersion', ['2.40.0', 'v2.2', undefined], [[['2'], WRONG]]],
  ['jax', 'spec.rayVersion', [], [['2.40.0', 'error operator-mismatch']]],
  [
    'jax',
    'spec.tensorboard',
    [{ enabled: true }, {}, { enabled: true, usePVC: { enabled: false } }],
    [
      [{ enabled: 1 }, WRONG],
      [{ usePVC: { enabled: true } }, MISSING],
      [{ usePVC: { enabled: true, name: 'x' } }, 'error pvc-not-attached'],
      [true, WRONG],
    ],
  ],
  [
    'jax',
    'spec.storage.sharedVolume',
    [
      { mountPoint: '/a', sizeGB: 1 },
      { mountPoint: '/a', sizeGB: 5, storageClass: 'efs-sc', accessMode: 'ReadWriteMany' },
      { mountPoint: '/a', sizeGB: 5, accessMode: 'ReadOnlyMany' },
    ],
    [
      [{ mountPoint: '/a' }, MISSING],
      [{ sizeGB: 1 }, MISSING],
      [{ mountPoint: '/a', sizeGB: 0 }, RANGE],
      [{ mountPoint: '/a', sizeGB: 1, accessMode: 'RWX' }, VALUE],
      [{ mountPoint: '/', sizeGB: 1 }, VALUE],
      [{ mountPoint: '/a', sizeGB: '32', storageClass: 'gp2' }, WRONG],
      [{ mountPoint: '/a', sizeGB: 1, storageClass: ['gp2'] }, WRONG],
    ],
  ],
  [
    'jax',
    'spec.storage.attachExistingPVCs',
    [[{ name: 'a', mountPoint: '/a' }], [], null],
    [
      [[{ name: 'a' }], MISSING],
      [[{ mountPoint: '/a' }], MISSING],
      [[{ name: 7, mountPoint: '/a' }], WRONG],
      [{ name: 'a', mountPoint: '/a' }, WRONG],
    ],
  ],
  [
    'jax',
    'spec.debug.vscode',
    [{ enabled: true }, { enabled: true, path: '/aichor/code', provider: 'microsoft' }],
    [
      [{ path: 'code' }, MISSING],
      [{ enabled: true, provider: 'gitlab' }, VALUE],
    ],
  ],
  [
    'kuberay',
    'spec.debug.jupyter',
    [false, true, { enabled: true, path: 'jupyter' }, { enabled: false }],
    [
      ['x', VALUE],
      [{ path: 'x' }, MISSING],
    ],
  ],
  [
    'jax',
    'spec.debug.jupyter',
    [false, { enabled: false }, null],
    [
      [true, 'error operator-mismatch'],
      [{ enabled: true }, 'error operator-mismatch'],
    ],
  ],
  [
    'jax',
    'spec.gracefulTermination',
    [{ shutdownCommand: ['a'], terminationGracePeriodSeconds: 0 }],
    [
      [{ shutdownCommand: ['a'] }, MISSING],
      [{ terminationGracePeriodSeconds: 9 }, MISSING],
      [{ shutdownCommand: 'a', terminationGracePeriodSeconds: 9 }, WRONG],
      [{ shutdownCommand: [], terminationGracePeriodSeconds: 9 }, RANGE],
      [{ shutdownCommand: ['a'], terminationGracePeriodSeconds: -1 }, RANGE],
    ],
  ],
  [
    'jax',
    'spec.restartPolicy.backoffLimit',
    [0, 5],
    [
      [-1, RANGE],
      ['3', WRONG],
    ],
  ],
  [
    'jax',
    'spec.securityContext',
    [
      { perfmon: true, ptrace: true },
      { runAsUser: 1000, runAsGroup: 1000, fsGroup: 0 },
    ],
    [
      [{ runAsUser: -1 }, RANGE],
      [{ ptrace: 'x' }, WRONG],
      [{ privileged: true }, 'error unknown-key'],
    ],
  ],
  [
    'jax',
    'spec.types',
    [],
    [
      [undefined, MISSING],
      [{}, MISSING],
      [[], WRONG],
      [{ worker: { resources: { cpus: 1, memory: 1 } }, trainer: {} }, 'error unknown-key'],
    ],
  ],
  [
    'jax',
    'spec.types.worker.count',
    [0, 1, 64, undefined, null],
    [
      [-1, RANGE],
      [1.5, WRONG],
      ['2', WRONG],
    ],
  ],
  ['jax', 'spec.types.worker.completions', [], [[1, 'error operator-mismatch']]],
  ['pytorch', 'spec.types.worker', [], [[undefined, MISSING]]],
  ['xgboost', 'spec.types.worker', [], [[undefined, MISSING]]],
  ['pytorch', 'spec.types.worker.count', [0, 1, undefined], [[-1, RANGE]]],
  ['xgboost', 'spec.types.worker.count', [0, 1, undefined], [[-1, RANGE]]],
  ['xgboost', 'spec.types.worker.parallelisms', [], [[1, 'error operator-mismatch']]],
  ['jobset', 'spec.types.worker.count', [0, 1, undefined], [[-1, RANGE]]],
  ['jobset', 'spec.types.worker.completions', [1, 100], [[0, RANGE]]],
  [
    'jobset',
    'spec.types.worker.parallelisms',
    [1, 3],
    [
      [0, RANGE],
      [1.5, WRONG],
    ],
  ],
  [
    'jobset',
    'spec.types',
    [{ 'worker-2': { resources: { cpus: 1, memory: 1 } } }],
    [
      [{}, MISSING],
      [{ Worker: { resources: { cpus: 1, memory: 1 } } }, 'error type-name'],
      [{ '2a': { resources: { cpus: 1, memory: 1 } } }, 'error type-name'],
      [{ 'a-': { resources: { cpus: 1, memory: 1 } } }, 'error type-name'],
    ],
  ],
  [
    'kuberay',
    'spec.types.Head',
    [],
    [
      [undefined, MISSING],
      [null, MISSING],
    ],
  ],
  ['kuberay', 'spec.types.Head.count', [], [[1, 'error unknown-key']]],
  [
    'kuberay',
    'spec.types.Workers',
    [[]],
    [
      [{}, WRONG],
      [[{ count: 1, resources: { cpus: 1, memory: 1 } }], MISSING],
      [[{ name: 'cpu', count: 1 }], MISSING],
    ],
  ],
  [
    'kuberay',
    'spec.types.Workers.0.name',
    ['cpu-small', 'GPU'],
    [
      ['head', 'error type-name'],
      ['a_b', 'error type-name'],
      ['', VALUE],
    ],
  ],
  ['kuberay', 'spec.types.Workers.0.count', [0, 8, undefined], [[-1, RANGE]]],
  [
    'kuberay',
    'spec.types.Workers.0.rayStartParams',
    [{ 'num-cpus': '0' }, {}, null],
    [[{ a: { b: 'c' } }, WRONG]],
  ],
  ['kuberay', 'spec.types.Head.rayStartParams', [{ 'num-cpus': '0' }, null], [['num-cpus=0', WRONG]]],
  [
    'jax',
    WORKER,
    [],
    [
      [undefined, MISSING],
      [{ memory: 1 }, MISSING],
    ],
  ],
  [
    'jax',
    `${WORKER}.cpus`,
    [0.5, 64],
    [
      [0, RANGE],
      [-1, RANGE],
      ['4', WRONG],
      [undefined, MISSING],
    ],
  ],
  [
    'jax',
    WORKER,
    [
      { cpus: 4, ramRatio: 1 },
      { cpus: 4, ramRatio: 2.5 },
      { cpus: 1, memory: 0.5 },
    ],
    [
      [{ cpus: 4 }, 'error memory-choice'],
      [{ cpus: 4, memory: 1, ramRatio: 2 }, 'error memory-choice'],
      [{ cpus: 4, ramRatio: 0 }, RANGE],
      [{ cpus: 4, memory: -2 }, RANGE],
      [{ cpus: 4, memory: '8Gi' }, WRONG],
      [{ cpus: 4, ramRatio: '2' }, WRONG],
    ],
  ],
  ['jax', `${WORKER}.cpuLimitRatio`, [1, 2, 1.5], [[0.5, RANGE]]],
  [
    'jax',
    `${WORKER}.shmSizeGB`,
    [0, 4, null, undefined, 0.5],
    [
      [-1, RANGE],
      ['8Gi', WRONG],
    ],
  ],
  [
    'jax',
    `${WORKER}.accelerators`,
    [null, {}, { gpu: null }],
    [
      [{ cpu: {} }, 'error unknown-key'],
      ['gpu', WRONG],
    ],
  ],
  [
    'jax',
    `${WORKER}.accelerators.gpu`,
    [GPU, { count: 0, product: 'A100' }, { count: 0 }, { count: 1, product: 'X-MIG-3g.40gb' }],
    [
      [{ count: 1 }, 'error missing-product'],
      [{ count: 1, product: '' }, VALUE],
      [{ ...GPU, type: 1 }, WRONG],
      [{ product: 'A100' }, MISSING],
      [{ ...GPU, count: -1 }, RANGE],
      [{ ...GPU, ount: 1 }, 'error unknown-key'],
    ],
  ],
  [
    'jax',
    `${WORKER}.accelerators.tpu`,
    [TPU, { ...TPU, topology: '2x2x1' }],
    [
      [{ ...TPU, topology: 'big' }, VALUE],
      [{ ...TPU, topology: '4x4' }, 'error tpu-multi-host'],
      [{ ...TPU, topology: '3x3' }, 'error tpu-topology'],
      [{ type: 'v5e' }, MISSING],
    ],
  ],
  [
    'pytorch',
    `${WORKER}.rdma`,
    [{ devices: ['sriov_a'] }, {}, null],
    [
      [{ devices: 'sriov_a' }, WRONG],
      [{ device: ['a'] }, 'error unknown-key'],
    ],
  ],
  ['jax', `${WORKER}.extraSelectors`, [{ 'cloud.google.com/pool': 'x' }, null], [[{ a: ['x'] }, WRONG]]],
  [
    'jax',
    `${WORKER}.extraTolerations`,
    [[{ key: 'a', operator: 'Equal', value: 'b', effect: 'NoSchedule' }], [{ operator: 'Exists' }], []],
    [
      [[{ effect: 'Never' }], VALUE],
      [[{ operator: 'Is' }], VALUE],
      [{ key: 'a' }, WRONG],
    ],
  ],
  ['kuberay', 'spec.types.Head.resources.ephemeralStorageRequest', ['20Gi'], [[20, WRONG]]],
  ['kuberay', 'spec.types.Head.resources.ephemeralStorageLimit', ['20Gi'], [[[], WRONG]]],
  ['jax', `${WORKER}.machineName`, [], [['x', 'error unknown-key']]],
  ['jax', 'spec.types.worker.ports', [], [[[8080], 'error unknown-key']]],
  ['kuberay', 'spec.types.Head.ports', [], [[[8080], 'error unknown-key']]],
  [
    'vertexai',
    'spec.types.workerPoolSpecs',
    [
      [{ machineSpec: { machineType: 'n1' } }],
      [
        {
          machineSpec: { machineType: 'n1', acceleratorType: 'NVIDIA_TESLA_T4', acceleratorCount: 1 },
          replicaCount: 2,
        },
      ],
    ],
    [
      [[{ replicaCount: 1 }], MISSING],
      [[{ machineSpec: {} }], MISSING],
      [[{ machineSpec: { machineType: 'n1' }, replicaCount: -1 }], RANGE],
      [[{ machineSpec: { machineType: 'n1', acceleratorCount: '1' } }], WRONG],
      [undefined, MISSING],
      [[], RANGE],
      [[{ machineSpec: { machineTyp: 'n1' } }], 'error unknown-key'],
      [[{ machineSpec: { machineType: 'n1' }, replicaCo: 1 }], 'error unknown-key'],
    ],
  ],
];

describe('the field table', () => {
  const good = ROWS.flatMap(([operator, where, values]) =>
    values.map((value) => [operator, where, value] as const),
  );
  test.each(good)('%s %s: %j is accepted without a word', (operator, where, value) => {
    expect(verdicts(text(changed(example(operator), path(where), value)))).toEqual([]);
  });

  const bad = ROWS.flatMap(([operator, where, , values]) =>
    values.map(([value, code]) => [operator, where, value, code] as const),
  );
  test.each(bad)('%s %s: %j is refused: %s', (operator, where, value, code) => {
    const found = verdicts(text(changed(example(operator), path(where), value)));
    expect(new Set(found)).toEqual(new Set([code]));
  });
});

describe('defaults', () => {
  test('of types', () => {
    const { spec } = valid(text(example('jobset')));
    expect(
      spec.operator === 'jobset' &&
        spec.types.map(({ name, count, completions, parallelisms }) => ({
          name,
          count,
          completions,
          parallelisms,
        })),
    ).toEqual([
      { name: 'master', count: 1, completions: 1, parallelisms: 1 },
      { name: 'worker', count: 2, completions: 3, parallelisms: 1 },
    ]);
  });

  test('of the number of pods: one, and none for a worker group', () => {
    for (const operator of ['jax', 'jobset', 'pytorch', 'xgboost']) {
      const { spec } = valid(text(changed(example(operator), path('spec.types.worker.count'), undefined)));
      expect('types' in spec && spec.types.find(({ name }) => name === 'worker')?.count, operator).toBe(1);
    }
    const ray = valid(text(changed(example('kuberay'), path('spec.types.Workers.0.count'), undefined))).spec;
    expect(ray.operator === 'kuberay' && ray.workerGroups[0]?.count).toBe(0);
  });

  test('of what a short manifest leaves out', () => {
    const { spec } = valid(text(example('kuberay')));
    expect(spec).toMatchObject({
      rayVersion: '2.23.0',
      timeoutSeconds: null,
      tensorboard: { enabled: false, pvc: null },
      debug: { vscode: null, jupyter: null },
      head: { rayStartParams: {} },
    });
    const debug = (block: Document) =>
      valid(text(changed(example('kuberay'), path('spec.debug'), block))).spec.debug;
    expect(debug({ vscode: { enabled: true } }).vscode).toEqual({ path: 'code', provider: 'github' });
    expect(debug({ jupyter: { enabled: true } }).jupyter).toEqual({ path: 'jupyter' });
  });

  test.each([
    [{ timeout: '1h', activeDeadlineSeconds: 60 }, 3600],
    [{ timeout: '1m', activeDeadlineSeconds: 3600 }, 60],
    [{ activeDeadlineSeconds: 90 }, 90],
    [{ timeout: null, activeDeadlineSeconds: 90 }, 90],
  ])('timeout wins over activeDeadlineSeconds: %j', (limits, seconds) => {
    const source = Object.entries(limits).reduce(
      (document, [key, value]) => changed(document, ['spec', key], value),
      example('jax'),
    );
    expect(valid(text(source)).spec.timeoutSeconds).toBe(seconds);
  });

  test('memory is cpus times ramRatio', () => {
    const { spec } = valid(text(changed(example('jax'), path(WORKER), { cpus: 0.1, ramRatio: 3 })));
    expect(spec.operator === 'jax' && spec.types[0]?.resources.memory).toBe(0.3);
  });

  test('no GPUs are no GPU', () => {
    const { spec } = valid(
      text(changed(example('jax'), path(`${WORKER}.accelerators.gpu`), { count: 0, product: 'A100' })),
    );
    expect(spec.operator === 'jax' && spec.types[0]?.resources.gpu).toBeNull();
  });

  test('types keep the order of the file', () => {
    const { spec } = valid(
      text(
        changed(example('jobset'), path('spec.types'), {
          zeta: { resources: { cpus: 1, memory: 1 } },
          alpha: { resources: { cpus: 1, memory: 1 } },
        }),
      ),
    );
    expect(spec.operator === 'jobset' && spec.types.map(({ name }) => name)).toEqual(['zeta', 'alpha']);
  });
});
