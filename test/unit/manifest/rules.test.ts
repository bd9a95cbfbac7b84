import { describe, expect, test } from 'vitest';
import { parseManifest } from '../../../src/manifest/parse.ts';
import { changed, example, path, text, verdicts, type Document } from './examples.ts';

type Change = [string, Document[string]];

function after(operator: string, ...changes: Change[]): string {
  return text(
    changes.reduce((document, [where, value]) => changed(document, path(where), value), example(operator)),
  );
}

const WORKER = 'spec.types.worker.resources';
const H100 = { gpu: { count: 8, product: 'NVIDIA-H100-80GB-HBM3' } };
const SPOT = { 'karpenter.sh/capacity-type': 'spot' };
const GRACE = (seconds: number) => ({ shutdownCommand: ['a'], terminationGracePeriodSeconds: seconds });
const SHARED = { mountPoint: '/a', sizeGB: 1, accessMode: 'ReadWriteOnce' };
const group = (name: string) => ({ name, resources: { cpus: 1, memory: 1 } });
const LONG = (length: number) => ({
  ['x'.repeat(length)]: { count: 10, completions: 10, resources: { cpus: 1, memory: 1 } },
});

/** [what, operator, changes, what is said about it]. */
const CASES: [string, string, Change[], string[]][] = [
  ['shm above memory', 'jax', [[`${WORKER}.shmSizeGB`, 9]], ['warning shm-above-memory']],
  ['shm as large as memory', 'jax', [[`${WORKER}.shmSizeGB`, 8]], []],
  ['spot without restart', 'jobset', [[`${WORKER}.extraSelectors`, SPOT]], ['warning spot-without-restart']],
  [
    'spot with restart',
    'jobset',
    [
      [`${WORKER}.extraSelectors`, SPOT],
      ['spec.restartPolicy.backoffLimit', 2],
    ],
    [],
  ],
  [
    'grace as long as the notice',
    'jobset',
    [
      [`${WORKER}.extraSelectors`, SPOT],
      ['spec.restartPolicy.backoffLimit', 2],
      ['spec.gracefulTermination', GRACE(120)],
    ],
    ['warning grace-above-notice'],
  ],
  [
    'grace below the notice',
    'jobset',
    [
      [`${WORKER}.extraSelectors`, SPOT],
      ['spec.restartPolicy.backoffLimit', 2],
      ['spec.gracefulTermination', GRACE(90)],
    ],
    [],
  ],
  [
    'one world for each of several pods',
    'pytorch',
    [['spec.command', 'torchrun --standalone --nproc_per_node gpu main.py']],
    ['warning standalone-pods'],
  ],
  [
    'one world for one pod',
    'pytorch',
    [
      ['spec.command', 'torchrun --standalone main.py'],
      ['spec.types.worker.count', 1],
    ],
    [],
  ],
  ['a word like it', 'pytorch', [['spec.command', 'torchrun main.py --standalone_eval']], []],
  ['long grace without spot', 'jobset', [['spec.gracefulTermination', GRACE(600)]], []],
  ['H100 without RDMA', 'pytorch', [[`${WORKER}.accelerators`, H100]], ['warning rdma-missing']],
  [
    'H100 with RDMA',
    'pytorch',
    [
      [`${WORKER}.accelerators`, H100],
      [`${WORKER}.rdma`, { devices: ['sriov_a'] }],
    ],
    [],
  ],
  [
    'one pod with H100',
    'pytorch',
    [
      [`${WORKER}.accelerators`, H100],
      ['spec.types.worker.count', 1],
    ],
    [],
  ],
  [
    'H100 slices',
    'pytorch',
    [[`${WORKER}.accelerators.gpu`, { count: 1, product: 'NVIDIA-H100-80GB-HBM3-MIG-3g.40gb' }]],
    [],
  ],
  [
    'a variable of another operator',
    'jobset',
    [['spec.command', 'train --rank $RANK']],
    ['warning variable-not-set'],
  ],
  ['its own variable', 'jobset', [['spec.command', 'train --rank ${JOB_INDEX} $JOB_COMPLETION_INDEX']], []],
  ['a variable that the command sets', 'jobset', [['spec.command', 'RANK=1; echo $RANK']], []],
  ['a variable with a default', 'jobset', [['spec.command', 'echo ${RANK:-0}']], []],
  [
    'a variable given by env',
    'jobset',
    [
      ['spec.command', 'echo $RANK'],
      ['spec.env', { RANK: '0' }],
    ],
    [],
  ],
  ['an unknown variable', 'jobset', [['spec.command', 'echo $HOME $SECONDS']], []],
  [
    'parallelisms above completions',
    'jobset',
    [['spec.types.worker.parallelisms', 4]],
    ['warning parallelisms-above-completions'],
  ],
  [
    'ReadWriteOnce for several pods',
    'jax',
    [['spec.storage.sharedVolume', SHARED]],
    ['warning volume-not-shareable'],
  ],
  [
    'ReadWriteOnce for one pod',
    'jax',
    [
      ['spec.storage.sharedVolume', SHARED],
      ['spec.types.worker.count', 1],
    ],
    [],
  ],
  [
    'a relative mount point',
    'jax',
    [['spec.storage.sharedVolume', { mountPoint: 'data', sizeGB: 1 }]],
    ['warning relative-mount-point'],
  ],
  [
    'a relative mount point of an attached volume',
    'jax',
    [['spec.storage.attachExistingPVCs', [{ name: 'a', mountPoint: 'data' }]]],
    ['warning relative-mount-point'],
  ],
  ...['..', '../../victim', 'Data', 'a_b', '-a', 'x'.repeat(65)].map(
    (name): [string, string, Change[], string[]] => [
      `a volume called ${name}`,
      'jax',
      [['spec.storage.attachExistingPVCs', [{ name, mountPoint: '/data' }]]],
      ['error invalid-value'],
    ],
  ),
  [
    'ReadWriteOncePod for one pod',
    'jax',
    [
      ['spec.storage.sharedVolume', { ...SHARED, accessMode: 'ReadWriteOncePod' }],
      ['spec.types.worker.count', 1],
    ],
    [],
  ],
  [
    'two volumes in one place',
    'jax',
    [
      [
        'spec.storage',
        {
          sharedVolume: { mountPoint: '/a/', sizeGB: 1 },
          attachExistingPVCs: [{ name: 'x', mountPoint: '/a' }],
        },
      ],
    ],
    ['error duplicate-mount-point'],
  ],
  [
    "TensorBoard's PVC by its name",
    'jax',
    [
      [
        'spec.storage.attachExistingPVCs',
        [{ name: 'my-proj-2e6da747d6d34f62-tb-pvc-200e9d5fce4a4085', mountPoint: '/tb' }],
      ],
      ['spec.tensorboard', { enabled: true, usePVC: { enabled: true, name: 'tb-pvc' } }],
    ],
    [],
  ],
  [
    'capabilities without root',
    'jax',
    [['spec.securityContext', { runAsUser: 1000, perfmon: true }]],
    ['warning capability-without-root'],
  ],
  ['submodules without .git', 'jax', [['clone', { submodules: 'true' }]], ['warning submodules-ignored']],
  [
    'timeout beside a deadline',
    'jax',
    [
      ['spec.timeout', '1h'],
      ['spec.activeDeadlineSeconds', 60],
    ],
    ['warning deadline-ignored'],
  ],
  [
    'both say the same',
    'jax',
    [
      ['spec.timeout', '1h'],
      ['spec.activeDeadlineSeconds', 3600],
    ],
    [],
  ],
  ['an old version', 'jax', [['apiVersion', '0.2.0']], ['warning old-version']],
  [
    'curly quotes in the command',
    'jax',
    [['spec.command', 'python main.py --name \u201crun 1\u201d']],
    ['warning curly-quotes'],
  ],
  [
    'another type of GPU',
    'jax',
    [[`${WORKER}.accelerators.gpu`, { count: 1, product: 'x', type: 'cuda' }]],
    ['warning gpu-type'],
  ],
  [
    'GPUs and TPUs',
    'jax',
    [
      [
        `${WORKER}.accelerators`,
        { gpu: { count: 1, product: 'x' }, tpu: { type: 'x', topology: '2x2', tpuChipsCount: 4 } },
      ],
    ],
    ['error conflicting-keys'],
  ],
  [
    'several TPU hosts',
    'kuberay',
    [
      [
        'spec.types.Workers.0.resources.accelerators',
        { tpu: { type: 'x', topology: '4x4', tpuChipsCount: 4 } },
      ],
    ],
    [],
  ],
  [
    'several TPU hosts as head',
    'kuberay',
    [['spec.types.Head.resources.accelerators', { tpu: { type: 'x', topology: '4x4', tpuChipsCount: 4 } }]],
    ['error tpu-multi-host'],
  ],
  ['a name that just fits', 'jobset', [['spec.types', LONG(28)]], []],
  ['a name that is too long', 'jobset', [['spec.types', LONG(29)]], ['error name-too-long']],
  [
    'two groups of one name',
    'kuberay',
    [['spec.types.Workers', [group('a'), group('A')]]],
    ['error duplicate-name'],
  ],
  [
    'a group called like the submitter',
    'kuberay',
    [['spec.types.Workers', [group('submitter')]]],
    ['error type-name'],
  ],
  [
    'a Dockerfile above its context',
    'jax',
    [
      ['builder.context', 'a/b'],
      ['builder.dockerfile', '../../Dockerfile'],
    ],
    [],
  ],
  [
    'a Dockerfile outside',
    'jax',
    [
      ['builder.context', 'a'],
      ['builder.dockerfile', '../../Dockerfile'],
    ],
    ['error leaves-repository'],
  ],
];

describe('what belongs together', () => {
  test.each(CASES)('%s', (_, operator, changes, expected) => {
    expect(verdicts(after(operator, ...changes))).toEqual(expected);
  });
});

describe('unknown keys', () => {
  test.each([
    ['spec.type', 'did you mean "types"?'],
    ['spec.Command', 'did you mean "command"?'],
    ['spec.engine', 'did you mean "engineName"?'],
    ['builder.dockerFile', 'did you mean "dockerfile"?'],
    ['spec.types.worker.cpus', 'it belongs under "resources"'],
    ['spec.types.worker.resources.gpu', 'it belongs under "accelerators"'],
    ['spec.cpuLimitRatio', 'it belongs under "types.worker.resources"'],
    ['operator', 'it belongs under "spec"'],
    ['command', 'it belongs under "spec"'],
    ['builder.engineName', 'it belongs under spec'],
    ['spec.dockerfile', 'it belongs under builder'],
    ['spec.types.worker.parallelisms', 'only jobset has it'],
    ['spec.types.worker.resources.shmsize', 'did you mean "shmSizeGB"?'],
  ])('%s: %s', (where, hint) => {
    const { diagnostics } = parseManifest(after('jax', [where, 'x']), 'm');
    expect(diagnostics.filter(({ path: place }) => place === where).map((each) => each.hint)).toContain(hint);
  });
});

describe('silencing', () => {
  const WARNED = after('jax', ['spec.image', 'other']);
  const withComment = (comment: string, above: string) =>
    WARNED.replace(/^( *)image: other$/m, (line, indent: string) =>
      above === 'above' ? `${indent}${comment}\n${line}` : `${line} ${comment}`,
    );

  test.each(['above', 'behind'])('a comment %s the line', (where) => {
    expect(verdicts(withComment('# aichor: ignore image-mismatch', where))).toEqual([]);
    expect(
      verdicts(withComment('# aichor: ignore shm-above-memory, image-mismatch -- both on purpose', where)),
    ).toEqual([]);
    expect(verdicts(withComment('# aichor: ignore shm-above-memory', where))).toEqual([
      'warning image-mismatch',
    ]);
  });

  test('a code that does not exist is said', () => {
    expect(verdicts(withComment('# aichor: ignore image-mismach', 'above'))).toEqual([
      'warning unknown-ignore-code',
      'warning image-mismatch',
    ]);
  });

  test('errors stay', () => {
    const source = after('jax', ['spec.types.worker.count', -1]).replace(
      'count: -1',
      'count: -1 # aichor: ignore out-of-range',
    );
    expect(verdicts(source)).toEqual(['error out-of-range']);
  });

  test('a code for the whole run', () => {
    expect(parseManifest(WARNED, 'm', { ignore: new Set(['image-mismatch'] as const) }).diagnostics).toEqual(
      [],
    );
  });
});
