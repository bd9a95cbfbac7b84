import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseManifest } from '../../../src/manifest/parse.ts';

const FOLDER = new URL('../../fixtures/manifests/', import.meta.url);
const files = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'));

describe('every documented example', () => {
  test('is there', () => {
    expect(files.length).toBeGreaterThanOrEqual(41);
  });

  test.each(files)('%s is valid', (name) => {
    const { manifest, diagnostics } = parseManifest(readFileSync(new URL(name, FOLDER)), name);
    expect(diagnostics.filter(({ code }) => code !== 'deadline-ignored')).toEqual([]);
    expect(manifest?.spec.operator).toBeTypeOf('string');
  });

  test('means what it says', () => {
    const { manifest } = parseManifest(readFileSync(new URL('example-kuberay.yaml', FOLDER)), 'x');
    expect(manifest).toEqual({
      apiVersion: '0.2.3',
      name: null,
      builder: {
        image: 'my-image',
        dockerfile: './Dockerfile',
        context: '.',
        buildArgs: {},
        registry: null,
        target: null,
        skipBuild: null,
      },
      clone: { depth: 1, includeDotGit: false, submodules: 'false' },
      spec: {
        operator: 'kuberay',
        image: 'my-image',
        command: 'python train.py',
        timeoutSeconds: 43_200,
        engineName: null,
        queuePriority: null,
        env: {},
        tensorboard: { enabled: true, pvc: null },
        storage: { sharedVolume: null, attachExistingPVCs: [] },
        debug: { vscode: null, jupyter: null },
        gracefulTermination: null,
        restartPolicy: { backoffLimit: 0 },
        securityContext: { perfmon: false, ptrace: false, runAsUser: null, runAsGroup: null, fsGroup: null },
        rayVersion: '2.23.0',
        head: {
          resources: { ...resources({ cpus: 8, memory: 16 }), shmSizeGB: 16 },
          rayStartParams: { 'object-store-memory': '1000000000' },
        },
        workerGroups: [
          {
            name: 'gpu-workers',
            count: 2,
            resources: {
              ...resources({ cpus: 16, memory: 64 }),
              shmSizeGB: 32,
              gpu: { count: 2, product: 'Tesla-V100-SXM3-32GB' },
            },
            rayStartParams: {},
          },
        ],
      },
    });
  });
});

function resources(amounts: { cpus: number; memory: number }) {
  return {
    ...amounts,
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
}
