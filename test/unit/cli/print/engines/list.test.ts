import picocolors from 'picocolors';
import { expect, test } from 'vitest';
import type {
  EngineDocument,
  EngineCheckLine,
  EngineSummary,
} from '../../../../../src/api/engine-contract.ts';
import { engineCheckView, notableFindings } from '../../../../../src/cli/print/engines/check.ts';
import { engineView } from '../../../../../src/cli/print/engines/engine.ts';
import { enginesTable } from '../../../../../src/cli/print/engines/list.ts';

const screen = { width: 80, colors: picocolors.createColors(false) };

const GPU: EngineSummary = {
  ...{ name: 'gpu', kind: 'kubernetes', default: false, healthy: true, message: null },
  capacity: { cpus: 96, memory_gb: 1024, gpus: 8, max_experiments: null },
  in_use: { experiments: 1, cpus: 4, memory_gb: 16, gpus: 0 },
};

test('what ails an engine is told in full, below the table', () => {
  const message =
    'https://k8s.test cannot be reached: connect ECONNREFUSED; check that the cluster runs, and the VPN';
  const ill = { ...GPU, name: 'a-cluster-far-away', healthy: false, message };
  const text = enginesTable({ engines: [GPU, ill] }, screen);
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  expect(text).toContain('a-cluster-far-away  unhealthy');
  const [, below = ''] = text.split('\n\n');
  expect(below.replaceAll(/\n +/g, ' ')).toBe(`a-cluster-far-away: ${message}`);
});

test('an engine shows how it is reached, and settings by their names', () => {
  const document: EngineDocument = {
    ...GPU,
    kubernetes: {
      ...{ server: 'https://k8s.test', context: 'lab', namespace: 'team' },
      credentials: { kind: 'reference', file: '/home/me/.kube/config' },
      settings: { queue: null, gpu: { mig: 'single' }, selectors: { pool: 'a' } },
    },
  };
  const lines = engineView(document, screen).split('\n');
  expect(lines).toEqual(
    expect.arrayContaining([
      'server          https://k8s.test',
      'credentials     reference: /home/me/.kube/config',
      'gpu.mig         single',
      'selectors.pool  a',
    ]),
  );
  expect(lines.join('\n')).not.toContain('queue');
});

const FINDINGS: EngineCheckLine[] = [
  { name: 'connection', status: 'ok', message: 'Kubernetes v1.36.4', hint: null },
  {
    name: 'JobSet',
    status: 'error',
    message: 'JobSet is not installed',
    hint: 'a cluster admin installs it',
  },
  { name: 'registry', status: 'warning', message: 'none is set', hint: 'set one' },
];

test('a check shows each thing with its mark, and what to do where something is missing', () => {
  expect(engineCheckView({ engine: 'gpu', ok: false, checks: FINDINGS }, screen)).toBe(
    [
      '✓ connection: Kubernetes v1.36.4',
      '✗ JobSet: JobSet is not installed',
      '  a cluster admin installs it',
      '! registry: none is set',
      '  set one',
      '',
      'gpu is not ready: 1 error, 1 warning',
    ].join('\n'),
  );
});

test('adding tells where the cluster is, what is wanting, and how to learn the cure', () => {
  expect(notableFindings('gpu', FINDINGS)).toEqual([
    'Kubernetes v1.36.4',
    'JobSet: JobSet is not installed',
    'registry: none is set',
    'aichor engines check gpu says what to do; experiments cannot run there yet',
  ]);
  expect(notableFindings('gpu', FINDINGS.slice(0, 1))).toEqual(['Kubernetes v1.36.4']);
});
