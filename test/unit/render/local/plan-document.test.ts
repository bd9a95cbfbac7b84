import { describe, expect, test } from 'vitest';
import { planManifest } from '../../../../src/operators/plan.ts';
import { localPaths } from '../../../../src/render/local/paths.ts';
import { PLACEHOLDER_EXPERIMENT_ID, planDocument } from '../../../../src/render/local/plan-document.ts';
import type { Manifest } from '../../../../src/manifest/manifest.ts';
import {
  distributed,
  jobset,
  kuberay,
  manifestOf,
  NO_SUBMISSION,
  podType,
  workerGroup,
} from '../../operators/manifests.ts';

const PATHS = localPaths('/data', {
  id: PLACEHOLDER_EXPERIMENT_ID,
  project: 'default',
  tensorboard: { enabled: false, pvc: null },
});

function documentOf(manifest: Manifest, secrets: string[] = []) {
  const plan = planManifest(manifest, { ...NO_SUBMISSION, secrets });
  return planDocument(plan, { experimentId: PLACEHOLDER_EXPERIMENT_ID, paths: PATHS });
}

describe('the plan document', () => {
  test('has the documented keys', () => {
    const document = documentOf(
      jobset([podType('w')], { timeoutSeconds: 60, restartPolicy: { backoffLimit: 1 } }),
    );
    expect(Object.keys(document)).toEqual([
      'engine',
      'operator',
      'experiment_id',
      'totals',
      'timeout_s',
      'backoff_limit',
      'pods',
    ]);
    expect(document).toMatchObject({ engine: 'local', operator: 'jobset', timeout_s: 60, backoff_limit: 1 });
    expect(Object.keys(document.pods[0] ?? {})).toEqual([
      'pod',
      'type',
      'job_index',
      'pod_index',
      'rank',
      'wave',
      'resources',
      'command',
      'env',
    ]);
  });

  test('shows secrets as stars only', () => {
    const { pods } = documentOf(jobset([podType('w')], { command: 'run $(TOKEN)' }), ['TOKEN']);
    expect(pods[0]?.env).toContainEqual({ name: 'TOKEN', value: '***', source: 'secret' });
    expect(pods[0]?.command).toBe('run ***');
  });

  test('shows the coordinator on its documented port', () => {
    const { pods } = documentOf(distributed('jax', 2));
    expect(pods[1]?.env.find(({ name }) => name === 'JAXOPERATOR_COORDINATOR_ADDRESS')?.value).toBe(
      '127.0.0.1:1234',
    );
  });

  test('lists the submitter without counting it', () => {
    const { pods, totals } = documentOf(kuberay([workerGroup('w', { count: 2 })]));
    expect(pods.map(({ pod }) => pod)).toEqual(['head-0-0', 'w-0-0', 'w-1-0', 'submitter-0-0']);
    expect(totals.pods).toBe(3);
  });

  test('has paths below the data folder, ending in a slash', () => {
    expect(localPaths('/data', { id: 'x', project: 'p', tensorboard: { enabled: true, pvc: null } })).toEqual(
      {
        input: '/data/inputs/p/',
        output: '/data/outputs/p/output/x/',
        tensorboard: '/data/tensorboard/x',
      },
    );
  });

  test('vertexai is refused: nothing here runs it', () => {
    const { spec } = jobset([]);
    const manifest = manifestOf({ ...spec, operator: 'vertexai', workerPoolSpecs: [] });
    expect(() => documentOf(manifest)).toThrowError('vertexai');
  });
});
