import fc from 'fast-check';
import type {
  CommonSpec,
  DistributedSpec,
  JobSetSpec,
  KubeRaySpec,
  Manifest,
  PodResources,
  PodType,
  RayWorkerGroup,
  Spec,
} from '../../../src/manifest/manifest.ts';
import type { SubmissionFacts } from '../../../src/operators/plan.ts';

/** Manifests as the parser gives them, with everything that a test does not care about left at its default. */

export const NO_SUBMISSION: SubmissionFacts = {
  message: '',
  project: 'default',
  env: {},
  secrets: [],
  vcs: {},
};

const COMMON: CommonSpec = {
  image: 'image',
  command: 'python3 main.py',
  timeoutSeconds: null,
  engineName: null,
  queuePriority: null,
  env: {},
  tensorboard: { enabled: false, pvc: null },
  storage: { sharedVolume: null, attachExistingPVCs: [] },
  debug: { vscode: null, jupyter: null },
  gracefulTermination: null,
  restartPolicy: { backoffLimit: 0 },
  securityContext: { perfmon: false, ptrace: false, runAsUser: null, runAsGroup: null, fsGroup: null },
};

export const RESOURCES: PodResources = {
  cpus: 2,
  memory: 4,
  cpuLimitRatio: 2,
  shmSizeGB: 0,
  gpu: null,
  tpu: null,
  rdmaDevices: [],
  extraSelectors: {},
  extraTolerations: [],
  ephemeralStorageRequest: null,
  ephemeralStorageLimit: null,
};

export function podType(name: string, shape: Partial<Omit<PodType, 'name'>> = {}): PodType {
  return { name, count: 1, completions: 1, parallelisms: 1, resources: RESOURCES, ...shape };
}

export function jobset(types: PodType[], common: Partial<CommonSpec> = {}): Manifest {
  return manifestOf({ ...COMMON, ...common, operator: 'jobset', types } satisfies JobSetSpec);
}

export function distributed(
  operator: DistributedSpec['operator'],
  types: number | PodType[],
  common: Partial<CommonSpec> = {},
): Manifest {
  const pods = typeof types === 'number' ? [podType('worker', { count: types })] : types;
  return manifestOf({ ...COMMON, ...common, operator, types: pods } satisfies DistributedSpec);
}

export function kuberay(workerGroups: RayWorkerGroup[], parts: Partial<KubeRaySpec> = {}): Manifest {
  const head = { resources: RESOURCES, rayStartParams: {} };
  return manifestOf({ ...COMMON, rayVersion: '2.23.0', head, ...parts, operator: 'kuberay', workerGroups });
}

export function workerGroup(name: string, parts: Partial<Omit<RayWorkerGroup, 'name'>> = {}): RayWorkerGroup {
  return { name, count: 1, resources: RESOURCES, rayStartParams: {}, ...parts };
}

export function manifestOf(spec: Spec): Manifest {
  return {
    apiVersion: '0.2.3',
    name: null,
    builder: {
      image: spec.image,
      dockerfile: './Dockerfile',
      context: '.',
      buildArgs: {},
      registry: null,
      target: null,
      skipBuild: null,
    },
    clone: { depth: 1, includeDotGit: false, submodules: 'false' },
    spec,
  };
}

const name = fc.stringMatching(/^[a-z][a-z0-9]{0,7}$/);
const groupNames = fc.uniqueArray(
  name.filter((each) => each !== 'head' && each !== 'submitter'),
  { minLength: 1, maxLength: 4 },
);

const types = groupNames.chain((names) =>
  fc.tuple(
    ...names.map((each) =>
      fc
        .record({
          count: fc.integer({ min: 0, max: 5 }),
          completions: fc.integer({ min: 1, max: 6 }),
          parallelisms: fc.integer({ min: 1, max: 8 }),
        })
        .map((shape) => podType(each, shape)),
    ),
  ),
);

const values = fc.dictionary(fc.stringMatching(/^USER_[A-Z]{1,6}$/), fc.string({ unit: 'grapheme' }), {
  maxKeys: 4,
});

const common = fc.record({
  env: values,
  command: fc.oneof(fc.string(), fc.constantFrom('a $(RANK) $$ $(date) ${X}', '$(JOB_INDEX)$$$(HOME)')),
  tensorboard: fc.boolean().map((enabled) => ({ enabled, pvc: null })),
});

/** A manifest of any operator that both engines know, of any small shape. */
export const anyManifest: fc.Arbitrary<Manifest> = fc.oneof(
  fc.tuple(types, common).map(([each, parts]) => jobset(each, parts)),
  fc
    .tuple(fc.constantFrom('jax', 'pytorch', 'xgboost'), fc.integer({ min: 0, max: 6 }), common)
    .map(([operator, count, parts]) => distributed(operator, count, parts)),
  fc
    .tuple(
      fc.constantFrom('pytorch', 'xgboost'),
      fc.integer({ min: 0, max: 1 }),
      fc.integer({ min: 0, max: 4 }),
      common,
    )
    .map(([operator, masters, workers, parts]) =>
      distributed(
        operator,
        [podType('master', { count: masters }), podType('worker', { count: workers })],
        parts,
      ),
    ),
  fc
    .tuple(groupNames, fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 4, maxLength: 4 }), common)
    .map(([names, counts, parts]) =>
      kuberay(
        names.map((each, index) => workerGroup(each, { count: counts[index] ?? 0 })),
        parts,
      ),
    ),
);

export const anySubmission: fc.Arbitrary<SubmissionFacts> = fc.record({
  message: fc.string(),
  project: name,
  env: values,
  secrets: fc.uniqueArray(fc.stringMatching(/^SECRET_[A-Z]$/), { maxLength: 2 }),
  vcs: fc.constantFrom({}, { VCS_SHA: 'abc', VCS_COMMIT_MESSAGE: 'exp: $(RANK)' }),
});
