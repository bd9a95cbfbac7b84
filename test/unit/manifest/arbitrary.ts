import fc from 'fast-check';
import type { CommonSpec, Manifest, PodResources, PodType, Spec } from '../../../src/manifest/manifest.ts';

/** Text that YAML must quote now and then, but that no rule has anything to say about. */
const word = fc.stringMatching(/^[a-z][a-z0-9]{0,7}$/);
const phrase = fc
  .string({ minLength: 1, maxLength: 30, unit: 'grapheme-ascii' })
  .filter((text) => /\S/.test(text) && !text.includes('$'));
const nullable = <T>(some: fc.Arbitrary<T>) => fc.option(some, { nil: null });
const textMap = fc.dictionary(
  word.map((name) => `x_${name}`),
  fc.string({ maxLength: 12 }),
  { maxKeys: 3 },
);

const gpu = fc.record({
  count: fc.integer({ min: 1, max: 8 }),
  product: fc.constantFrom('NVIDIA-A100-SXM4-80GB', 't4'),
});
const tpu = fc.constantFrom({ type: 'tpu-v5-lite-podslice', topology: '2x2', tpuChipsCount: 4 });
const toleration = fc.record(
  {
    key: word,
    operator: fc.constantFrom('Equal', 'Exists'),
    value: word,
    effect: fc.constantFrom('NoSchedule', 'NoExecute'),
  },
  { requiredKeys: ['operator'] },
);

const accelerator = fc.oneof(
  fc.constant({ gpu: null, tpu: null }),
  gpu.map((some) => ({ gpu: some, tpu: null })),
  tpu.map((some) => ({ gpu: null, tpu: some })),
);

export const resources: fc.Arbitrary<PodResources> = fc
  .record({
    cpus: fc.constantFrom(0.5, 1, 4, 64),
    memory: fc.constantFrom(0.5, 2, 48),
    cpuLimitRatio: fc.constantFrom(1, 1.5, 2),
    shmSizeGB: fc.constantFrom(0, 0.25),
    rdmaDevices: fc.array(word, { maxLength: 2 }),
    extraSelectors: textMap,
    extraTolerations: fc.array(toleration, { maxLength: 2 }),
    ephemeralStorageRequest: nullable(fc.constant('20Gi')),
    ephemeralStorageLimit: nullable(fc.constant('50Gi')),
    accelerator,
  })
  .map(({ accelerator: { gpu: someGpu, tpu: someTpu }, ...rest }) => ({
    ...rest,
    gpu: someGpu,
    tpu: someTpu,
  }));

const count = fc.integer({ min: 0, max: 20 });

function podType(name: string, jobs: boolean): fc.Arbitrary<PodType> {
  const once = fc.constant(1);
  const several = jobs ? fc.integer({ min: 1, max: 9 }) : once;
  return fc.record({
    name: fc.constant(name),
    count,
    completions: several,
    parallelisms: several,
    resources,
  });
}

const names = fc.uniqueArray(word, { minLength: 1, maxLength: 3 });
const rayParams = textMap;

const storage = fc.record({
  sharedVolume: nullable(
    fc.record({
      mountPoint: fc.constant('/mnt/shared'),
      sizeGB: fc.integer({ min: 1, max: 999 }),
      storageClass: nullable(word),
      accessMode: nullable(fc.constantFrom('ReadWriteMany' as const, 'ReadOnlyMany' as const)),
    }),
  ),
  attachExistingPVCs: fc
    .uniqueArray(word, { maxLength: 2 })
    .map((found) => found.map((name) => ({ name, mountPoint: `/mnt/pvc/${name}` }))),
});

const common: fc.Arbitrary<CommonSpec> = fc
  .record({
    image: word,
    command: phrase,
    timeoutSeconds: nullable(fc.integer({ min: 1, max: 1e7 })),
    engineName: nullable(word),
    queuePriority: nullable(word),
    env: textMap,
    tensorboardOn: fc.boolean(),
    storage,
    debug: fc.record({
      vscode: nullable(
        fc.record({ path: word, provider: fc.constantFrom('github' as const, 'microsoft' as const) }),
      ),
      jupyter: fc.constant(null),
    }),
    gracefulTermination: nullable(
      fc.record({
        shutdownCommand: fc.array(fc.string({ maxLength: 9 }), { minLength: 1, maxLength: 3 }),
        terminationGracePeriodSeconds: fc.nat(999),
      }),
    ),
    restartPolicy: fc.record({ backoffLimit: fc.nat(9) }),
    securityContext: fc.record({
      perfmon: fc.boolean(),
      ptrace: fc.boolean(),
      runAsUser: nullable(fc.nat(65_535)),
      runAsGroup: nullable(fc.nat(65_535)),
      fsGroup: nullable(fc.nat(65_535)),
    }),
  })
  .map(({ tensorboardOn, ...rest }) => ({
    ...rest,
    tensorboard: {
      enabled: tensorboardOn,
      pvc: tensorboardOn ? (rest.storage.attachExistingPVCs[0]?.name ?? null) : null,
    },
  }));

const spec: fc.Arbitrary<Spec> = fc.oneof(
  fc
    .tuple(
      common,
      fc.constantFrom('jax' as const, 'pytorch' as const, 'xgboost' as const),
      podType('worker', false),
    )
    .map(([shared, operator, type]) => ({ ...shared, operator, types: [type] })),
  fc
    .tuple(
      common,
      names.chain((each) => fc.tuple(...each.map((name) => podType(name, true)))),
    )
    .map(([shared, types]) => ({ ...shared, operator: 'jobset' as const, types })),
  fc
    .record({
      common,
      rayVersion: fc.constantFrom('2.23.0', '2.40'),
      head: fc.record({ resources, rayStartParams: rayParams }),
      jupyter: nullable(fc.record({ path: word })),
      groups: names.chain((each) =>
        fc.tuple(
          ...each.map((name) =>
            fc.record({ name: fc.constant(`g-${name}`), count, resources, rayStartParams: rayParams }),
          ),
        ),
      ),
    })
    .map(({ common: shared, jupyter, groups, ...ray }) => ({
      ...shared,
      debug: { ...shared.debug, jupyter },
      operator: 'kuberay' as const,
      ...ray,
      workerGroups: groups,
    })),
  fc
    .tuple(
      common,
      fc.array(
        fc.record({
          replicaCount: count,
          machineType: word,
          acceleratorType: nullable(word),
          acceleratorCount: count,
        }),
        { minLength: 1, maxLength: 2 },
      ),
    )
    .map(([shared, workerPoolSpecs]) => ({ ...shared, operator: 'vertexai' as const, workerPoolSpecs })),
);

/** Manifests of every operator and shape, as the parser gives them, without anything to be warned of by mistake. */
export const anyManifest: fc.Arbitrary<Manifest> = fc.record({
  apiVersion: fc.constantFrom('0.2.1', '0.2.2', '0.2.3'),
  name: nullable(phrase),
  builder: fc.record({
    image: word,
    dockerfile: fc.constantFrom('Dockerfile', './docker/Dockerfile.gpu'),
    context: fc.constantFrom('.', 'a', 'a/b'),
    buildArgs: textMap,
    registry: nullable(word),
    target: nullable(word),
    skipBuild: nullable(fc.record({ experimentId: fc.uuid(), failIfNotFound: fc.boolean() })),
  }),
  clone: fc.record({
    depth: fc.integer({ min: 1, max: 99 }),
    includeDotGit: fc.constant(true),
    submodules: fc.constantFrom('false' as const, 'true' as const, 'recursive' as const),
  }),
  spec,
});
