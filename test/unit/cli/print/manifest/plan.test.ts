import picocolors from 'picocolors';
import { describe, expect, test } from 'vitest';
import { planView } from '../../../../../src/cli/print/manifest/plan.ts';
import type { Manifest } from '../../../../../src/manifest/manifest.ts';
import { planManifest, type SubmissionFacts } from '../../../../../src/operators/plan.ts';
import { planDocument } from '../../../../../src/render/local/plan-document.ts';
import {
  jobset,
  kuberay,
  NO_SUBMISSION,
  podType,
  RESOURCES,
  workerGroup,
} from '../../../operators/manifests.ts';

const SCREEN = { width: 100, colors: picocolors.createColors(false) };
const RUN = { experimentId: 'id', paths: { input: '/in/', output: '/out/', tensorboard: null } };

function view(manifest: Manifest, submission: Partial<SubmissionFacts> = {}): string {
  return planView(planDocument(planManifest(manifest, { ...NO_SUBMISSION, ...submission }), RUN), SCREEN);
}

/** The row of a table that begins with a word, its cells apart. */
function row(text: string, first: string): string[] {
  const line = text.split('\n').find((each) => each.split(/ {2,}/)[0] === first && !each.includes('[─'));
  return (line ?? '').trim().split(/ {2,}/);
}

describe('the human view of a plan', () => {
  const gpu = { ...RESOURCES, gpu: { count: 1, product: 'NVIDIA-A100-SXM4-80GB' } };
  const types = [podType('master', { resources: gpu }), podType('worker', { count: 5 })];
  const text = view(
    jobset(types, { timeoutSeconds: 129_600, restartPolicy: { backoffLimit: 1 }, env: { LR: '0.1' } }),
    {
      secrets: ['TOKEN'],
    },
  );

  test('begins with the totals', () => {
    expect(text.split('\n')[0]).toBe(
      'jobset · 6 pods · 12 CPUs · 24 GB · 1 GPU · timeout 1d 12h · up to 1 restart',
    );
  });

  test('has a row for each type', () => {
    expect(row(text, 'master')).toEqual(['master', '1', '2', '4 GB', '1 × NVIDIA-A100-SXM4-80GB']);
    expect(row(text, 'worker')).toEqual(['worker', '5', '2', '4 GB']);
  });

  test('has every variable with where it comes from, and what differs from pod to pod', () => {
    expect(row(text, 'JOB_GLOBAL_INDEX')).toEqual(['JOB_GLOBAL_INDEX', 'operator', '0 | 1 | … | 5']);
    expect(row(text, 'REPLICATED_JOB_NAME')).toEqual(['REPLICATED_JOB_NAME', 'operator', 'master | worker']);
    expect(row(text, 'LR')).toEqual(['LR', 'spec.env', '0.1']);
    expect(row(text, 'TOKEN')).toEqual(['TOKEN', 'secret', '***']);
  });

  test('draws the pods over time', () => {
    expect(text).toMatch(/^worker 4 +\[─+\] worker-4-0$/m);
  });

  test('says who runs what where that differs', () => {
    const ray = view(kuberay([workerGroup('w')], { command: 'python a.py' }));
    expect(row(ray, 'submitter')).toEqual(['submitter', '1', '0.5', '1 GB']);
    expect(ray).toMatch(/^submitter {2}python a\.py$/m);
    expect(ray).toMatch(/^head {2}ray start --head /m);
  });

  test('what pods are given cannot draw on the terminal', () => {
    expect(view(jobset([podType('w')], { env: { X: 'a\u001b[31m\nb' }, command: 'x\u0007' }))).not.toMatch(
      // oxlint-disable-next-line no-control-regex
      /[\u001b\u0007]/,
    );
  });

  test('no pods: it says so', () => {
    expect(view(jobset([podType('w', { count: 0 })]))).toBe(
      'jobset · 0 pods · 0 CPUs · 0 GB\n\nNothing would run: every count is 0.',
    );
  });
});
