import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isAichorError } from '../../../src/errors.ts';
import { planTotals } from '../../../src/experiment/plan/totals.ts';
import { plannedPods } from '../../../src/experiment/plan/planned-pods.ts';
import type { Plan } from '../../../src/experiment/plan/plan.ts';
import type { CommonSpec, Manifest, Toleration } from '../../../src/manifest/manifest.ts';
import { ENVIRONMENT } from '../../../src/operators/environment.ts';
import { planManifest, type SubmissionFacts } from '../../../src/operators/plan.ts';
import {
  anyManifest,
  anySubmission,
  distributed,
  jobset,
  kuberay,
  manifestOf,
  NO_SUBMISSION,
  podType,
  RESOURCES,
  workerGroup,
} from './manifests.ts';

const plan = (manifest: Manifest, submission: Partial<SubmissionFacts> = {}) =>
  planManifest(manifest, { ...NO_SUBMISSION, ...submission });

const namesOf = (plan: Plan, group = 0) => plan.groups[group]?.env.map(({ name }) => name) ?? [];

function originsOf(planned: Plan): [string, string][] {
  return planned.groups[0]?.env.map(({ name, origin }) => [name, origin]) ?? [];
}

describe('variables', () => {
  test('that only help can be given another value, and stand once', () => {
    const valueOf = (planned: Plan, name: string) =>
      planned.groups[0]?.env.filter((variable) => variable.name === name).map(({ source }) => source);
    const usual = plan(distributed('pytorch', 2));
    expect(valueOf(usual, 'PYTHONUNBUFFERED')).toEqual([{ kind: 'literal', value: '1' }]);
    expect(valueOf(usual, 'NODE_RANK')).toEqual([{ kind: 'pod-field', field: 'global-job-index' }]);
    expect(valueOf(plan(distributed('pytorch', 1)), 'NODE_RANK')).toEqual([]);
    const other = plan(distributed('pytorch', 2), { env: { PYTHONUNBUFFERED: '', NODE_RANK: '7' } });
    expect(valueOf(other, 'PYTHONUNBUFFERED')).toEqual([{ kind: 'literal', value: '' }]);
    expect(valueOf(other, 'NODE_RANK')).toEqual([{ kind: 'literal', value: '7' }]);
  });

  const env = { A: 'manifest', B: 'manifest', C: 'manifest' };

  test("stand in order: the operator's, aichor's, the commit's, spec.env, the submission's, secrets, the command", () => {
    const planned = plan(jobset([podType('w')], { env }), {
      env: { B: 'submission', D: 'submission' },
      secrets: ['C', 'TOKEN'],
      vcs: { VCS_SHA: 'abc' },
    });
    const origins = originsOf(planned).map(([, origin]) => origin);
    const order = ['operator', 'aichor', 'vcs', 'spec.env', 'submission', 'secret', 'aichor'];
    expect(origins.filter((origin, index) => origin !== origins[index - 1])).toEqual(order);
    expect(namesOf(planned).at(-1)).toBe('AICHOR_COMMAND');
  });

  test('the submission wins over spec.env, a secret over both, and each name stands once', () => {
    const planned = plan(jobset([podType('w')], { env }), {
      env: { B: 'submission', C: 'submission' },
      secrets: ['C'],
    });
    const given = planned.groups[0]?.env.filter(({ name }) => 'ABC'.includes(name));
    expect(given).toEqual([
      { name: 'A', source: { kind: 'literal', value: 'manifest' }, origin: 'spec.env' },
      { name: 'B', source: { kind: 'literal', value: 'submission' }, origin: 'submission' },
      { name: 'C', source: { kind: 'secret' }, origin: 'secret' },
    ]);
  });

  test('the message has both of its names; a commit gives its own older one', () => {
    const message = (vcs: Record<string, string>) =>
      plan(jobset([podType('w')]), { message: 'lr sweep', vcs }).groups[0]?.env.filter(({ name }) =>
        name.includes('MESSAGE'),
      );
    const literal = (value: string) => ({ kind: 'literal', value });
    expect(message({})?.map(({ source }) => source)).toEqual([literal('lr sweep'), literal('lr sweep')]);
    expect(message({ VCS_COMMIT_MESSAGE: 'exp: x' })?.map(({ source }) => source)).toEqual([
      literal('lr sweep'),
      literal('exp: x'),
    ]);
  });

  test('TensorBoard has one only where it is enabled', () => {
    const withBoard = plan(jobset([podType('w')], { tensorboard: { enabled: true, pvc: null } }));
    expect(namesOf(withBoard)).toContain('AICHOR_TENSORBOARD_PATH');
    expect(namesOf(plan(jobset([podType('w')])))).not.toContain('AICHOR_TENSORBOARD_PATH');
  });

  test('every injected name is listed and explained, whatever the manifest', () => {
    fc.assert(
      fc.property(anyManifest, anySubmission, (manifest, submission) => {
        for (const { env } of planManifest(manifest, submission).groups) {
          const injected = env.filter(
            ({ origin }) => origin === 'operator' || origin === 'aichor' || origin === 'vcs',
          );
          for (const { name } of injected) expect(Object.hasOwn(ENVIRONMENT, name), name).toBe(true);
          expect(new Set(env.map(({ name }) => name)).size).toBe(env.length);
        }
      }),
    );
  });

  test.each([
    ['spec.env', { env: { AICHOR_X: '1' } }, {}],
    ['--env', {}, { env: { RANK: '1' } }],
    ['--grid', {}, { env: { RANK: '1', LR: '1' }, given_by: { RANK: '--grid', LR: '--list' } }],
    [
      'the points of the sweep',
      {},
      { env: { VCS_SHA: '1' }, sweep: { name: 's', point: { VCS_SHA: '1' }, index: 1, repeat: 1 } },
    ],
    ['--secret', {}, { secrets: ['VCS_SHA'] }],
  ] satisfies [string, Partial<CommonSpec>, Partial<SubmissionFacts>][])(
    'a protected name in %s is refused by name',
    (where, common, submission) => {
      const attempt = () => plan(distributed('pytorch', 1, common), submission);
      expect(attempt).toThrowError(where);
      try {
        attempt();
      } catch (error) {
        expect(isAichorError(error) && [error.code, error.hint !== null]).toEqual(['manifest_invalid', true]);
      }
    },
  );
});

describe('jax, pytorch and xgboost', () => {
  test('the first pod coordinates, on the documented port', () => {
    const coordinators = (['jax', 'pytorch', 'xgboost'] as const).map((operator) => {
      const { coordinator_pod, coordinator_port } = plan(distributed(operator, 2));
      return [operator, coordinator_pod, coordinator_port];
    });
    expect(coordinators).toEqual([
      ['jax', 'worker-0-0', 1234],
      ['pytorch', 'worker-0-0', 23456],
      ['xgboost', 'worker-0-0', 9999],
    ]);
  });

  test('torchrun learns of its peers only where there are any', () => {
    const petNames = (count: number) =>
      namesOf(plan(distributed('pytorch', count))).filter((name) => name.startsWith('PET_'));
    expect(petNames(1)).toEqual([]);
    expect(petNames(2)).toEqual(['PET_NNODES', 'PET_NODE_RANK', 'PET_MASTER_ADDR', 'PET_MASTER_PORT']);
  });

  test('legacy Master and Worker: the master has rank 0, its own resources, and is counted', () => {
    const types = [
      podType('master', { resources: { ...RESOURCES, cpus: 1 } }),
      podType('worker', { count: 2 }),
    ];
    const planned = plan(distributed('pytorch', types));
    expect(plannedPods(planned).map(({ pod }) => pod)).toEqual(['master-0-0', 'worker-0-0', 'worker-1-0']);
    expect(planned.coordinator_pod).toBe('master-0-0');
    expect(planned.groups.map(({ resources }) => resources.cpus)).toEqual([1, 2]);
    const worldSize = planned.groups[1]?.env.find(({ name }) => name === 'WORLD_SIZE');
    expect(worldSize?.source).toEqual({ kind: 'literal', value: '3' });
  });

  test('no pods: nobody coordinates', () => {
    const planned = plan(distributed('jax', 0));
    expect([planned.groups, planned.coordinator_pod, planned.coordinator_port]).toEqual([[], null, null]);
  });
});

describe('kuberay', () => {
  test('head, worker groups, submitter; the submitter is not counted', () => {
    const planned = plan(
      kuberay([workerGroup('cpu-small', { count: 2 }), workerGroup('none', { count: 0 })]),
    );
    expect(plannedPods(planned).map(({ pod }) => pod)).toEqual([
      'head-0-0',
      'cpu-small-0-0',
      'cpu-small-1-0',
      'submitter-0-0',
    ]);
    expect(planTotals(planned)).toEqual({ pods: 3, cpus: 6, memory_gb: 12, gpus: 0 });
    expect([planned.coordinator_pod, planned.coordinator_port, planned.ray_version]).toEqual([
      'head-0-0',
      6379,
      '2.23.0',
    ]);
  });

  test('a TPU slice has as many hosts as its topology needs', () => {
    const tpu = { type: 'tpu-v5-lite-podslice', topology: '4x4', tpuChipsCount: 4 };
    const planned = plan(kuberay([workerGroup('tpu', { count: 2, resources: { ...RESOURCES, tpu } })]));
    const pods = plannedPods(planned).filter(({ type }) => type === 'tpu');
    expect(pods.map(({ pod, wave }) => [pod, wave])).toEqual(
      [0, 1].flatMap((slice) => [0, 1, 2, 3].map((host) => [`tpu-${slice}-${host}`, 0])),
    );
  });

  test('only those that run the command carry it', () => {
    const planned = plan(kuberay([workerGroup('w')]));
    expect(planned.groups.map((_, group) => namesOf(planned, group).includes('AICHOR_COMMAND'))).toEqual([
      true,
      false,
      true,
    ]);
  });
});

describe('debugging', () => {
  const vscode = { vscode: { path: '/aichor/my code', provider: 'github' as const }, jupyter: null };

  test.each(['jax', 'pytorch', 'xgboost'] as const)(
    '%s: the first pod opens a tunnel, the others wait',
    (operator) => {
      const { command } = plan(distributed(operator, 2, { debug: vscode }));
      const first = operator === 'jax' ? '$JAXOPERATOR_PROCESS_ID' : '$RANK';
      expect(command).toBe(
        `if [ "${first}" = 0 ]; then exec '/aichor/my code' tunnel --accept-server-license-terms --provider github; fi; while :; do sleep 3600; done`,
      );
    },
  );

  test('jobset: one pod of all opens it', () => {
    expect(plan(jobset([podType('w', { count: 2 })], { debug: vscode })).command).toContain(
      'if [ "$JOB_GLOBAL_INDEX-$JOB_COMPLETION_INDEX" = 0-0 ]; then exec ',
    );
  });

  test('kuberay: Jupyter runs instead of the command', () => {
    const debug = { vscode: null, jupyter: { path: 'jupyter' } };
    expect(plan(kuberay([], { debug })).command).toMatch(/^exec timeout 43200 jupyter server .*--port=8888/);
  });
});

describe('the rest of a plan', () => {
  test('carries what the manifest says', () => {
    const manifest = jobset([podType('w')], {
      timeoutSeconds: 60,
      engineName: 'kyber',
      restartPolicy: { backoffLimit: 3 },
      gracefulTermination: { shutdownCommand: ['a', 'b'], terminationGracePeriodSeconds: 90 },
      storage: {
        sharedVolume: {
          mountPoint: '/mnt',
          sizeGB: 32,
          storageClass: 'standard-rwx',
          accessMode: 'ReadWriteMany',
        },
        attachExistingPVCs: [{ name: 'data', mountPoint: '/data' }],
      },
    });
    manifest.builder.skipBuild = { experimentId: 'id', failIfNotFound: true };
    expect(plan(manifest)).toMatchObject({
      timeout_s: 60,
      engine_name: 'kyber',
      backoff_limit: 3,
      graceful_termination: { shutdown_command: ['a', 'b'], grace_s: 90 },
      builder: {
        context: '.',
        dockerfile: './Dockerfile',
        skip_build: { experiment_id: 'id', fail_if_not_found: true },
      },
      storage: {
        shared_volume: {
          mount_point: '/mnt',
          size_gb: 32,
          storage_class: 'standard-rwx',
          access_mode: 'ReadWriteMany',
        },
        attached: [{ name: 'data', mount_point: '/data' }],
      },
    });
  });

  test('amounts are free of binary noise', () => {
    const types = [
      podType('w', { count: 3, resources: { ...RESOURCES, cpus: 0.1, memory: 0.1 * 3, cpuLimitRatio: 3 } }),
    ];
    const planned = plan(jobset(types));
    expect(planned.groups[0]?.resources).toMatchObject({ cpus: 0.1, memory_gb: 0.3, cpu_limit: 0.3 });
    expect(planTotals(planned)).toEqual({ pods: 3, cpus: 0.3, memory_gb: 0.9, gpus: 0 });
  });

  test('tolerations keep every key they have', () => {
    const extraTolerations: Toleration[] = [
      { key: 'a', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 5 },
    ];
    const planned = plan(jobset([podType('w', { resources: { ...RESOURCES, extraTolerations } })]));
    expect(planned.groups[0]?.resources.tolerations).toEqual(extraTolerations);
  });

  test('is plain data', () => {
    fc.assert(
      fc.property(anyManifest, anySubmission, (manifest, submission) => {
        const planned = planManifest(manifest, submission);
        expect(JSON.parse(JSON.stringify(planned))).toEqual(planned);
      }),
    );
  });

  test('vertexai: one group per worker pool', () => {
    const {
      operator: _jobset,
      types: _types,
      ...common
    } = { ...jobset([]).spec, types: [], operator: 'vertexai' };
    const pool = {
      machineType: 'n1-standard-4',
      acceleratorType: 'NVIDIA_TESLA_T4',
      acceleratorCount: 1,
      replicaCount: 2,
    };
    const planned = plan(manifestOf({ ...common, operator: 'vertexai', workerPoolSpecs: [pool] }));
    expect(plannedPods(planned).map(({ pod }) => pod)).toEqual(['workerpool0-0-0', 'workerpool0-1-0']);
    expect(planTotals(planned).gpus).toBe(2);
  });
});

test('ranks are 0 … n-1, each once, and names are unique, for every operator and shape', () => {
  fc.assert(
    fc.property(anyManifest, (manifest) => {
      const pods = plannedPods(planManifest(manifest, NO_SUBMISSION));
      expect(pods.map(({ rank }) => rank)).toEqual(pods.map((_, index) => index));
      expect(new Set(pods.map(({ pod, type }) => `${type} ${pod}`)).size).toBe(pods.length);
    }),
  );
});
