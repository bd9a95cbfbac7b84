import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { PodSpec } from 'kubernetes-types/core/v1.js';
import { describe, expect, test } from 'vitest';
import { planManifest } from '../../../../src/operators/plan.ts';
import type { Manifest, PodResources } from '../../../../src/manifest/manifest.ts';
import { renderBuildJob } from '../../../../src/render/kubernetes/build/build-job.ts';
import { renderKubernetes, type KubernetesObject } from '../../../../src/render/kubernetes/objects.ts';
import {
  DEFAULT_SETTINGS,
  type KubernetesSettings,
} from '../../../../src/render/kubernetes/settings/settings.ts';
import {
  anyManifest,
  anySubmission,
  distributed,
  jobset,
  kuberay,
  NO_SUBMISSION,
  podType,
  RESOURCES,
  workerGroup,
} from '../../operators/manifests.ts';
import { schemaErrors } from './schemas.ts';

const EXPERIMENT_ID = '6f4a850d-2281-4c1e-9a55-0123456789ab';

function render(manifest: Manifest, settings: Partial<KubernetesSettings> = {}): KubernetesObject[] {
  const plan = planManifest(manifest, NO_SUBMISSION);
  return renderKubernetes({
    plan,
    settings: { ...DEFAULT_SETTINGS, ...settings },
    experimentId: EXPERIMENT_ID,
    project: 'proj',
  });
}

function kinds(objects: KubernetesObject[]): string[] {
  return objects.map(({ kind, metadata }) => `${kind} ${metadata?.name}`);
}

function jobSetOf(objects: KubernetesObject[]) {
  const found = objects.find((object) => object.kind === 'JobSet');
  if (found?.kind !== 'JobSet') throw new Error('no JobSet');
  return found;
}

function rayJobOf(objects: KubernetesObject[]) {
  const found = objects.find((object) => object.kind === 'RayJob');
  if (found?.kind !== 'RayJob') throw new Error('no RayJob');
  return found;
}

function podOf(manifest: Manifest, settings: Partial<KubernetesSettings> = {}) {
  const pod = jobSetOf(render(manifest, settings)).spec.replicatedJobs[0]?.template.spec.template;
  const container = pod?.spec?.containers[0];
  if (!pod?.spec || !container) throw new Error('no pod');
  return { pod, spec: pod.spec, container };
}

/** Of pods in whatever object, wherever in it; not of builds, which need more than that level allows. */
function podSpecsIn(object: unknown): PodSpec[] {
  if (typeof object !== 'object' || object === null) return [];
  if ('kind' in object && object.kind === 'Job') return [];
  if ('containers' in object) return [object as PodSpec];
  return Object.values(object).flatMap(podSpecsIn);
}

const withResources = (resources: Partial<PodResources>) =>
  jobset([podType('worker', { resources: { ...RESOURCES, ...resources } })]);

describe('every rendered object', () => {
  test('is valid by its published schema, for every operator and shape', () => {
    fc.assert(
      fc.property(anyManifest, anySubmission, (manifest, submission) => {
        const plan = planManifest(manifest, submission);
        const rendering = { plan, settings: DEFAULT_SETTINGS, experimentId: EXPERIMENT_ID, project: 'proj' };
        for (const object of renderKubernetes(rendering)) expect(schemaErrors(object)).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  test('is valid with everything that can be asked for at once', () => {
    const resources: PodResources = {
      ...RESOURCES,
      shmSizeGB: 1.5,
      gpu: { count: 2, product: 'NVIDIA-H100-80GB-HBM3-MIG-3g.40gb' },
      rdmaDevices: ['sriov_a', 'sriov_b'],
      extraSelectors: { 'karpenter.sh/capacity-type': 'spot' },
      extraTolerations: [{ key: 'dedicated', operator: 'Equal', value: 'ml-team', effect: 'NoSchedule' }],
      ephemeralStorageRequest: '10Gi',
      ephemeralStorageLimit: '20Gi',
    };
    const common = {
      timeoutSeconds: 3600,
      tensorboard: { enabled: true, pvc: 'tb' },
      storage: {
        sharedVolume: {
          mountPoint: '/mnt/s',
          sizeGB: 32,
          storageClass: 'fast',
          accessMode: 'ReadWriteMany' as const,
        },
        attachExistingPVCs: [{ name: 'tb', mountPoint: '/mnt/tb/' }],
      },
      gracefulTermination: { shutdownCommand: ['python', 'save.py'], terminationGracePeriodSeconds: 90 },
      securityContext: { perfmon: true, ptrace: true, runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000 },
      restartPolicy: { backoffLimit: 2 },
    };
    const settings: KubernetesSettings = {
      ...DEFAULT_SETTINGS,
      namespace: 'proj',
      registry: 'images.example/proj/',
      pull_secret: 'pull',
      queue: 'team',
      selectors: { 'karpenter.sh/capacity-type': 'on-demand' },
      gpu: { product_label: 'nvidia.com/gpu.product', mig: 'mixed' },
      rdma: { resource_prefix: 'openshift.io', network_annotation: true, ipc_lock: true },
      allow_ptrace: true,
      claims: { tb: 'proj-tb-0123' },
      storage: { ...DEFAULT_SETTINGS.storage, s3_endpoint: 'https://s3.example' },
      build: { ...DEFAULT_SETTINGS.build, push_secret: 'push', variables_secret: 'build-env' },
    };
    const worker = { count: 2, resources };
    for (const manifest of [
      distributed('pytorch', [podType('worker', worker)], common),
      kuberay([workerGroup('gpu', worker)], common),
    ]) {
      const objects = render(manifest, settings);
      expect(kinds(objects)).toHaveLength(5);
      for (const object of objects) expect(schemaErrors(object)).toEqual([]);
    }
  });

  test('a wrong object is found out by these schemas', () => {
    const jobSet = structuredClone(jobSetOf(render(jobset([podType('w')]))));
    Object.assign(jobSet.spec, { replicas: 1 });
    expect(schemaErrors(jobSet)).toHaveLength(1);
  });
});

describe('the objects of an experiment', () => {
  test('in the order in which they are applied', () => {
    const manifest = jobset([podType('w')], {
      tensorboard: { enabled: true, pvc: null },
      storage: {
        sharedVolume: { mountPoint: '/s', sizeGB: 1, storageClass: null, accessMode: null },
        attachExistingPVCs: [],
      },
    });
    expect(kinds(render(manifest))).toEqual([
      'Job experiment-6f4a850d-2281-build',
      'PersistentVolumeClaim experiment-6f4a850d-2281-shared',
      'JobSet experiment-6f4a850d-2281',
      'Deployment experiment-6f4a850d-2281-tensorboard',
      'Service experiment-6f4a850d-2281-tensorboard',
    ]);
  });

  test('none for a plan without pods', () => {
    expect(render(jobset([podType('w', { count: 0 })]))).toEqual([]);
  });

  test('a finished image as it is written, on every pod of every operator', () => {
    const given = {
      image: 'localhost/busybox:test',
      skipBuild: { experimentId: null, failIfNotFound: false },
    };
    for (const manifest of [jobset([podType('w')]), kuberay([workerGroup('g')])]) {
      Object.assign(manifest.builder, given);
      const text = JSON.stringify(render(manifest, { registry: 'images.example/proj' }));
      expect(new Set(text.match(/"image":"[^"]*"/g))).toEqual(new Set(['"image":"localhost/busybox:test"']));
      expect(text).not.toContain('-build');
    }
  });

  test('what was built is what runs, and is not built again', () => {
    const plan = planManifest(jobset([podType('w')]), NO_SUBMISSION);
    const image = 'images.example/image@sha256:0a';
    const objects = renderKubernetes({
      ...{ plan, settings: DEFAULT_SETTINGS, experimentId: EXPERIMENT_ID, project: 'p' },
      image,
    });
    expect(kinds(objects)).toEqual(['JobSet experiment-6f4a850d-2281']);
    expect(jobSetOf(objects).spec.replicatedJobs[0]?.template.spec.template.spec?.containers[0]?.image).toBe(
      image,
    );
  });

  test('the jobs are found by the experiment, as its pods are', () => {
    const { replicatedJobs } = jobSetOf(render(jobset([podType('w')]))).spec;
    expect(replicatedJobs.map(({ template }) => template.metadata.labels)).toEqual([
      { 'aichor.io/experiment-id': EXPERIMENT_ID, 'aichor.io/operator': 'jobset' },
    ]);
  });

  test('no build where an earlier image is used, and that image', () => {
    const manifest = jobset([podType('w')]);
    manifest.builder.skipBuild = { experimentId: 'earlier', failIfNotFound: false };
    expect(kinds(render(manifest))).toEqual(['JobSet experiment-6f4a850d-2281']);
    expect(podOf(manifest).container.image).toBe('image:earlier');
  });
});

describe('a JobSet', () => {
  test('writes every field that its webhook would default', () => {
    const { spec } = jobSetOf(
      render(jobset([podType('a'), podType('b', { count: 2, completions: 4, parallelisms: 2 })])),
    );
    expect(spec).toMatchObject({
      suspend: false,
      network: { enableDNSHostnames: true, publishNotReadyAddresses: true },
      startupPolicy: { startupPolicyOrder: 'AnyOrder' },
      successPolicy: { operator: 'All' },
      failurePolicy: { maxRestarts: 0, restartStrategy: 'BlockingRecreate' },
    });
    expect(
      spec.replicatedJobs.map(({ name, groupName, replicas, template: { spec } }) => [
        name,
        groupName,
        replicas,
        spec.completionMode,
        spec.completions,
        spec.parallelism,
        spec.backoffLimit,
        spec.podReplacementPolicy,
      ]),
    ).toEqual([
      ['a', 'default', 1, 'Indexed', 1, 1, 0, 'Failed'],
      ['b', 'default', 2, 'Indexed', 4, 2, 0, 'Failed'],
    ]);
  });

  test('starts again after evictions with operator jobset only', () => {
    const policies = (manifest: Manifest) => {
      const { spec } = jobSetOf(render(manifest));
      return [
        spec.failurePolicy.rules.map(({ name }) => name),
        spec.replicatedJobs[0]?.template.spec.podFailurePolicy,
      ];
    };
    expect(policies(jobset([podType('w')]))).toEqual([['deadline'], undefined]);
    expect(policies(distributed('jax', 1))).toEqual([
      ['deadline', 'evicted'],
      { rules: [{ action: 'FailJob', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }] },
    ]);
  });

  test('names a coordinator except with operator jobset', () => {
    expect(jobSetOf(render(jobset([podType('a-rather-long-name')]))).spec.coordinator).toBeUndefined();
    expect(jobSetOf(render(distributed('xgboost', 2))).spec.coordinator).toEqual({
      replicatedJob: 'worker',
      jobIndex: 0,
      podIndex: 0,
    });
    const legacy = distributed('pytorch', [podType('master'), podType('worker', { count: 2 })]);
    expect(jobSetOf(render(legacy)).spec.coordinator?.replicatedJob).toBe('master');
  });

  test('has a deadline later than ours, and only with a timeout', () => {
    const deadline = (common: object) =>
      jobSetOf(render(jobset([podType('w')], common))).spec.replicatedJobs[0]?.template.spec
        .activeDeadlineSeconds;
    expect(deadline({})).toBeUndefined();
    expect(deadline({ timeoutSeconds: 60 })).toBe(60 + 30 + 600);
    const gracefulTermination = { shutdownCommand: ['x'], terminationGracePeriodSeconds: 120 };
    expect(deadline({ timeoutSeconds: 60, gracefulTermination })).toBe(60 + 120 + 600);
  });

  test('waits in a queue where the cluster has one', () => {
    const { metadata } = jobSetOf(render(jobset([podType('w')]), { queue: 'team-a' }));
    expect(metadata.labels).toMatchObject({ 'kueue.x-k8s.io/queue-name': 'team-a' });
  });
});

describe('a pod', () => {
  test('CPUs may burst, memory may not', () => {
    expect(podOf(withResources({ cpus: 1.5, memory: 0.5, cpuLimitRatio: 1 })).container.resources).toEqual({
      requests: { cpu: '1500m', memory: '512Mi' },
      limits: { cpu: '1500m', memory: '512Mi' },
    });
    expect(podOf(withResources({ cpus: 16, memory: 64 })).container.resources).toEqual({
      requests: { cpu: '16', memory: '64Gi' },
      limits: { cpu: '32', memory: '64Gi' },
    });
  });

  test('a GPU: resource, product, toleration', () => {
    const { container, spec } = podOf(withResources({ gpu: { count: 4, product: 'Tesla-V100-SXM3-32GB' } }));
    expect(container.resources?.limits).toMatchObject({ 'nvidia.com/gpu': '4' });
    expect(spec.nodeSelector).toEqual({ 'nvidia.com/gpu.product': 'Tesla-V100-SXM3-32GB' });
    expect(spec.tolerations).toEqual([{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }]);
  });

  test.each([
    ['single', 'nvidia.com/gpu', 'NVIDIA-H100-80GB-HBM3-MIG-3g.40gb'],
    ['mixed', 'nvidia.com/mig-3g.40gb', 'NVIDIA-H100-80GB-HBM3'],
  ] as const)('a MIG slice where the cluster is %s', (mig, resource, product) => {
    const gpu = { count: 1, product: 'NVIDIA-H100-80GB-HBM3-MIG-3g.40gb' };
    const { container, spec } = podOf(withResources({ gpu }), { gpu: { ...DEFAULT_SETTINGS.gpu, mig } });
    expect(container.resources?.limits).toHaveProperty([resource], '1');
    expect(spec.nodeSelector).toEqual({ 'nvidia.com/gpu.product': product });
  });

  test('a TPU: chips, accelerator, topology', () => {
    const tpu = { type: 'tpu-v5-lite-podslice', topology: '2x2', tpuChipsCount: 4 };
    const { container, spec } = podOf(withResources({ tpu }));
    expect(container.resources?.requests).toMatchObject({ 'google.com/tpu': '4' });
    expect(spec.nodeSelector).toEqual({
      'cloud.google.com/gke-tpu-accelerator': 'tpu-v5-lite-podslice',
      'cloud.google.com/gke-tpu-topology': '2x2',
    });
    expect(spec.tolerations).toEqual([{ key: 'google.com/tpu', operator: 'Exists', effect: 'NoSchedule' }]);
  });

  test("spot: the user's selector wins over the cluster's", () => {
    const selectors = { 'karpenter.sh/capacity-type': 'on-demand' };
    expect(podOf(withResources({}), { selectors }).spec.nodeSelector).toEqual(selectors);
    const spot = { 'karpenter.sh/capacity-type': 'spot' };
    expect(podOf(withResources({ extraSelectors: spot }), { selectors }).spec.nodeSelector).toEqual(spot);
  });

  test('volumes: shared memory, the shared volume, attached claims', () => {
    const manifest = withResources({ shmSizeGB: 32 });
    manifest.spec.storage = {
      sharedVolume: { mountPoint: 'mnt/shared', sizeGB: 32, storageClass: null, accessMode: null },
      attachExistingPVCs: [{ name: 'my-dataset-pvc', mountPoint: '/mnt/dataset' }],
    };
    const { spec, container } = podOf(manifest);
    expect(spec.volumes).toEqual([
      { name: 'shm', emptyDir: { medium: 'Memory', sizeLimit: '32Gi' } },
      { name: 'shared', persistentVolumeClaim: { claimName: 'experiment-6f4a850d-2281-shared' } },
      { name: 'pvc-0', persistentVolumeClaim: { claimName: 'my-dataset-pvc' } },
    ]);
    expect(container.volumeMounts?.map(({ name, mountPath }) => [name, mountPath])).toEqual([
      ['shm', '/dev/shm'],
      ['shared', '/mnt/shared'],
      ['pvc-0', '/mnt/dataset'],
    ]);
  });

  test('rights: what debuggers need, as far as the cluster allows; the user it runs as', () => {
    const manifest = jobset([podType('w')], {
      securityContext: { perfmon: true, ptrace: true, runAsUser: 1000, runAsGroup: null, fsGroup: 2000 },
    });
    const { spec, container } = podOf(manifest);
    expect(container.securityContext).toEqual({ capabilities: { add: ['PERFMON'] } });
    expect(spec.securityContext).toEqual({
      runAsUser: 1000,
      fsGroup: 2000,
      fsGroupChangePolicy: 'OnRootMismatch',
    });
    expect(podOf(manifest, { allow_ptrace: true }).container.securityContext?.capabilities?.add).toEqual([
      'PERFMON',
      'SYS_PTRACE',
    ]);
  });

  test('for a namespace of the level restricted: what that asks for, on every pod of every operator', () => {
    const board = { tensorboard: { enabled: true, pvc: null } };
    const manifests = [jobset([podType('w')], board), kuberay([workerGroup('g')], board)];
    for (const manifest of manifests) {
      const objects = render(manifest, { pod_security: 'restricted' });
      expect(objects.flatMap((object) => schemaErrors(object))).toEqual([]);
      const pods = objects.flatMap(podSpecsIn);
      expect(pods.length).toBeGreaterThan(1);
      for (const { securityContext, containers } of pods) {
        expect(securityContext).toMatchObject({
          runAsNonRoot: true,
          seccompProfile: { type: 'RuntimeDefault' },
        });
        for (const container of containers)
          expect(container.securityContext).toEqual({
            allowPrivilegeEscalation: false,
            capabilities: { drop: ['ALL'] },
          });
      }
    }
  });

  test('ends gently', () => {
    const gracefulTermination = { shutdownCommand: ['python', 'save.py'], terminationGracePeriodSeconds: 90 };
    const { spec, container } = podOf(jobset([podType('w')], { gracefulTermination }));
    expect(spec.terminationGracePeriodSeconds).toBe(90);
    expect(container.lifecycle).toEqual({ preStop: { exec: { command: ['python', 'save.py'] } } });
    expect(podOf(jobset([podType('w')])).spec.terminationGracePeriodSeconds).toBe(30);
  });

  test('values of secrets are references', () => {
    const plan = planManifest(jobset([podType('w')]), { ...NO_SUBMISSION, secrets: ['TOKEN'] });
    const objects = renderKubernetes({
      plan,
      settings: DEFAULT_SETTINGS,
      experimentId: EXPERIMENT_ID,
      project: 'p',
    });
    const env = jobSetOf(objects).spec.replicatedJobs[0]?.template.spec.template.spec?.containers[0]?.env;
    expect(env?.find(({ name }) => name === 'TOKEN')).toEqual({
      name: 'TOKEN',
      valueFrom: { secretKeyRef: { name: 'experiment-6f4a850d-2281-secrets', key: 'TOKEN' } },
    });
  });

  test('S3 storage: both names of each pair, else none', () => {
    const manifest = jobset([podType('w')], { tensorboard: { enabled: true, pvc: null } });
    const names = ['AICHOR_LOGS_PATH', 'AWS_ENDPOINT_URL', 'S3_ENDPOINT'];
    const seen = (s3_endpoint: string | null) =>
      podOf(manifest, { storage: { ...DEFAULT_SETTINGS.storage, s3_endpoint } })
        .container.env?.filter(({ name }) => names.includes(name))
        .map(({ value }) => value);
    expect(seen(null)).toEqual([]);
    const events = `s3://proj-outputs/output/${EXPERIMENT_ID}/tensorboard`;
    expect(seen('https://s3.example')).toEqual([events, 'https://s3.example', 'https://s3.example']);
  });
});

describe('a RayJob', () => {
  const manifest = kuberay([workerGroup('gpu', { count: 2 }), workerGroup('none', { count: 0 })], {
    command: `python a.py && echo "it's $HOME"`,
    rayVersion: '2.9.3',
  });

  test('keeps the command out of its entrypoint', () => {
    const { spec } = rayJobOf(render(manifest));
    expect(spec.entrypoint).toBe("bash -c 'bash <(printenv AICHOR_COMMAND)'");
    const env = spec.rayClusterSpec.headGroupSpec.template.spec?.containers[0]?.env;
    expect(env?.find(({ name }) => name === 'AICHOR_COMMAND')?.value).toBe(
      `python a.py && echo "it's $HOME"`,
    );
  });

  test('has groups of fixed size', () => {
    const { workerGroupSpecs, rayVersion } = rayJobOf(render(manifest)).spec.rayClusterSpec;
    expect(rayVersion).toBe('2.9.3');
    expect(
      workerGroupSpecs.map((group) => [
        group.groupName,
        group.replicas,
        group.minReplicas,
        group.maxReplicas,
        group.numOfHosts,
      ]),
    ).toEqual([['gpu', 2, 2, 2, 1]]);
  });

  test('TPU slices: hosts per slice', () => {
    const tpu = { type: 'tpu-v5-lite-podslice', topology: '4x4', tpuChipsCount: 4 };
    const slices = kuberay([workerGroup('tpu', { count: 2, resources: { ...RESOURCES, tpu } })]);
    const [group] = rayJobOf(render(slices)).spec.rayClusterSpec.workerGroupSpecs;
    expect([group?.replicas, group?.numOfHosts]).toEqual([2, 4]);
  });
});

describe('the build', () => {
  function buildArgs(
    change: (builder: Manifest['builder']) => void,
    settings: Partial<KubernetesSettings> = {},
  ): string[] {
    const manifest = jobset([podType('w')]);
    change(manifest.builder);
    const [job] = render(manifest, settings);
    if (job?.kind !== 'Job' || job.apiVersion !== 'batch/v1') throw new Error('no build');
    return job.spec?.template.spec?.containers[0]?.args ?? [];
  }

  test('reads the Dockerfile in the context', () => {
    const args = buildArgs((builder) => {
      builder.context = 'a/b';
      builder.dockerfile = './docker/Dockerfile.gpu';
    });
    expect(args.slice(2, 5)).toEqual([
      '--local=context=/workspace/context/a/b',
      '--local=dockerfile=/workspace/context/a/b/docker',
      '--opt=filename=Dockerfile.gpu',
    ]);
  });

  test('a path never leaves the repository', () => {
    const args = buildArgs((builder) => {
      builder.dockerfile = '../../../../etc/Dockerfile';
    });
    expect(args[3]).toBe('--local=dockerfile=/workspace/context/etc');
  });

  test('passes arguments, target, registry; a dollar means nothing to the cluster', () => {
    const args = buildArgs((builder) => {
      builder.buildArgs = { TOKEN: 'a$(HOME)', EMPTY: '' };
      builder.target = 'runtime';
      builder.registry = 'images.example/p';
    });
    expect(args).toContain('--opt=build-arg:TOKEN=a$$(HOME)');
    expect(args).toContain('--opt=build-arg:EMPTY=');
    expect(args).toContain('--opt=target=runtime');
    expect(args).toContain(`--output=type=image,name=images.example/p/image:${EXPERIMENT_ID},push=true`);
    expect(args).toContain('--import-cache=type=registry,ref=images.example/p/image:cache');
  });

  test('pushes a full reference under exactly that name', () => {
    const args = buildArgs((builder) => {
      builder.image = 'images.example:5000/team/image:v1';
      builder.registry = 'elsewhere.example';
    });
    expect(args).toContain('--output=type=image,name=images.example:5000/team/image:v1,push=true');
    expect(args).toContain('--export-cache=type=registry,ref=images.example:5000/team/image:cache,mode=max');
  });

  test('in place of an image that was not found makes one of its own', () => {
    const manifest = jobset([podType('w')]);
    manifest.builder.skipBuild = { experimentId: 'earlier', failIfNotFound: false };
    const plan = planManifest(manifest, NO_SUBMISSION);
    const job = renderBuildJob(
      { plan, settings: DEFAULT_SETTINGS, experimentId: EXPERIMENT_ID, project: 'p' },
      'Dockerfile',
    );
    expect(schemaErrors(job)).toEqual([]);
    expect(job.spec?.template.spec?.containers[0]?.args).toContain(
      `--output=type=image,name=image:${EXPERIMENT_ID},push=true`,
    );
  });

  test('waits until everything was unpacked; says by a message what was built', () => {
    const [job] = render(jobset([podType('w')]));
    if (job?.kind !== 'Job' || job.apiVersion !== 'batch/v1') throw new Error('no build');
    const { initContainers: [upload] = [], containers: [build] = [] } = job.spec?.template.spec ?? {};
    expect(upload?.args?.[0]).toContain('until [ -e /workspace/uploaded ]');
    expect(upload?.volumeMounts).toEqual([{ name: 'workspace', mountPath: '/workspace' }]);
    expect(build?.volumeMounts?.[0]).toEqual({ name: 'workspace', mountPath: '/workspace', readOnly: true });
    expect(build?.command?.[2]).toMatch(/cat (\S+) >\/dev\/termination-log$/);
    const [, file] = build?.command?.[2]?.match(/cat (\S+)/) ?? [];
    expect(build?.args).toContain(`--metadata-file=${file}`);
  });

  describe('with the settings of a company', () => {
    const build = (more: Partial<KubernetesSettings['build']>) => ({
      build: { ...DEFAULT_SETTINGS.build, ...more },
    });

    function buildPod(more: Partial<KubernetesSettings['build']>) {
      const [job] = render(jobset([podType('w')]), build(more));
      if (job?.kind !== 'Job' || job.apiVersion !== 'batch/v1') throw new Error('no build');
      expect(schemaErrors(job)).toEqual([]);
      const spec = job.spec?.template.spec;
      const [container] = spec?.containers ?? [];
      if (!spec || !container) throw new Error('no pod');
      const env = Object.fromEntries((container.env ?? []).map(({ name, value }) => [name, value]));
      return { spec, container, env };
    }

    test('mirrors and insecure registries are a configuration that the container writes', () => {
      const { env, container } = buildPod({
        mirrors: { 'docker.io': ['mirror.example:5000/hub', 'mirror.gcr.example'] },
        insecure_registries: ['mirror.example:5000'],
      });
      expect(env['BUILDKITD_CONFIG']).toBe(
        [
          '[registry."docker.io"]',
          '  mirrors = ["mirror.example:5000/hub","mirror.gcr.example"]',
          '[registry."mirror.example:5000"]',
          '  http = true',
          '  insecure = true',
          '',
        ].join('\n'),
      );
      const [, file] = /--config=(\S+)/.exec(env['BUILDKITD_FLAGS'] ?? '') ?? [];
      expect(container.command?.[2]).toContain(`printf %s "$BUILDKITD_CONFIG" >${file};`);
    });

    test('without them BuildKit is started as before', () => {
      const { env, container } = buildPod({});
      expect(env).toEqual({
        BUILDKITD_FLAGS: '--oci-worker-no-process-sandbox',
        BUILDCTL_CONNECT_RETRIES_MAX: expect.any(String),
      });
      expect(container.command?.[2]).not.toContain('printf');
    });

    test('on a busy node BuildKit’s daemon has half a minute to start, not the two seconds of its script', () => {
      const tries = Number(buildPod({}).env['BUILDCTL_CONNECT_RETRIES_MAX']);
      // As buildctl-daemonless.sh sleeps between its tries, in milliseconds.
      const sleeps = Array.from({ length: tries + 1 }, (_, attempt) => 100 + attempt * 20);
      expect(sleeps.reduce((sum, each) => sum + each, 0)).toBeGreaterThan(30_000);
    });

    test('a configuration of its own is mounted, and used as it is', () => {
      const { env, spec, container } = buildPod({ config_map: 'buildkit/rootless.toml' });
      const items = [{ key: 'rootless.toml', path: 'buildkitd.toml' }];
      expect(spec.volumes).toContainEqual({ name: 'buildkitd', configMap: { name: 'buildkit', items } });
      const mount = container.volumeMounts?.find(({ name }) => name === 'buildkitd');
      expect(env['BUILDKITD_FLAGS']).toContain(`--config=${mount?.mountPath}/buildkitd.toml`);
      expect(env['BUILDKITD_CONFIG']).toBe(undefined);
    });

    test('an authority is trusted by BuildKit, and is a secret that RUN lines can mount', () => {
      const { env, spec, container } = buildPod({ ca: 'company' });
      const items = [{ key: 'ca.crt', path: 'ca.crt' }];
      expect(spec.volumes).toContainEqual({ name: 'ca', configMap: { name: 'company', items } });
      const folder = container.volumeMounts?.find(({ name }) => name === 'ca')?.mountPath;
      expect(env['SSL_CERT_DIR']).toBe(folder);
      expect(container.args).toContain('--opt=build-arg:PIP_CERT=/run/secrets/ca.crt');
      expect(container.args).toContain('--opt=build-arg:SSL_CERT_FILE=/run/secrets/ca.crt');
    });

    test.each([
      ['beside the usual ones', 'usual\n', 'usual\ncompany\n'],
      ['alone, where the image of the builder has none', null, 'company\n'],
    ])('RUN lines get the authority %s', (_, usual, expected) => {
      const { container } = buildPod({ ca: 'company' });
      const [, bundle = ''] = /^--secret=id=ca.crt,src=(\S+)$/m.exec(container.args?.join('\n') ?? '') ?? [];
      const folder = mkdtempSync(join(tmpdir(), 'aichor-ca-'));
      const at = (name: string) => join(folder, name);
      try {
        writeFileSync(at('company'), 'company\n');
        if (usual !== null) writeFileSync(at('usual'), usual);
        const [written = ''] = container.command?.[2]?.split('trap ') ?? [];
        const script = written
          .replace('/etc/ssl/certs/ca-certificates.crt', at('usual'))
          .replace('/etc/aichor/ca/ca.crt', at('company'))
          .replace(bundle, at('bundle'));
        execFileSync('/bin/sh', ['-ec', script]);
        expect(readFileSync(at('bundle'), 'utf8')).toBe(expected);
      } finally {
        rmSync(folder, { recursive: true });
      }
    });

    test('none has no arguments of it', () => {
      const args = buildPod({}).container.args?.join(' ');
      expect(args).not.toMatch(/ca\.crt|PIP_CERT|SSL_CERT_FILE/);
    });

    test('secrets reach the build as files by their ids', () => {
      const { spec, container } = buildPod({ secrets: { netrc: 'index-login', 'pip.conf': 'index/conf' } });
      expect(spec.volumes).toContainEqual({
        name: 'secrets',
        projected: {
          sources: [
            { secret: { name: 'index-login', items: [{ key: 'netrc', path: 'netrc' }] } },
            { secret: { name: 'index', items: [{ key: 'conf', path: 'pip.conf' }] } },
          ],
        },
      });
      const folder = container.volumeMounts?.find(({ name }) => name === 'secrets')?.mountPath;
      expect(container.args).toContain(`--secret=id=netrc,src=${folder}/netrc`);
      expect(container.args).toContain(`--secret=id=pip.conf,src=${folder}/pip.conf`);
    });

    test('the index of packages is an argument, which the manifest can set otherwise', () => {
      const index = build({ index_url: 'http://pypi.example:8080/simple' });
      const args = buildArgs(() => {}, index);
      expect(args).toContain('--opt=build-arg:PIP_INDEX_URL=http://pypi.example:8080/simple');
      expect(args).toContain('--opt=build-arg:UV_DEFAULT_INDEX=http://pypi.example:8080/simple');
      expect(args).toContain('--opt=build-arg:PIP_TRUSTED_HOST=pypi.example');
      const own = buildArgs((builder) => {
        builder.buildArgs = { PIP_INDEX_URL: 'https://other.example/simple' };
      }, index);
      expect(own).toContain('--opt=build-arg:PIP_INDEX_URL=https://other.example/simple');
      expect(own.filter((arg) => arg.includes(':PIP_INDEX_URL='))).toHaveLength(1);
      const secure = buildArgs(() => {}, build({ index_url: 'https://pypi.example/simple' }));
      expect(secure.join(' ')).not.toContain('PIP_TRUSTED_HOST');
    });
  });
});
