import { describe, expect, test } from 'vitest';
import {
  headStartParams,
  rayStartCommand,
  workerStartParams,
} from '../../../src/operators/command/ray-start.ts';
import { RESOURCES } from './manifests.ts';

describe('ray start parameters', () => {
  test('of the head, as documented', () => {
    expect(headStartParams({ resources: { ...RESOURCES, cpus: 8, memory: 16 }, rayStartParams: {} })).toEqual(
      {
        resources: `'{"head":100000}'`,
        'include-dashboard': 'true',
        'dashboard-host': '0.0.0.0',
        'dashboard-agent-listen-port': '52365',
        memory: '17179869184',
        'num-cpus': '8',
        'log-color': 'true',
        'log-style': 'pretty',
        'metrics-export-port': '8080',
      },
    );
  });

  test('of a worker group, with GPUs', () => {
    const resources = { ...RESOURCES, gpu: { count: 2, product: 'Tesla-V100-SXM3-32GB' } };
    expect(workerStartParams({ name: 'gpu-workers', resources, rayStartParams: {} })).toEqual({
      resources: `'{"gpu-workers":100000}'`,
      memory: '4294967296',
      'num-cpus': '2',
      'num-gpus': '2',
      'log-color': 'true',
      'log-style': 'pretty',
      'metrics-export-port': '8080',
    });
  });

  test('what the user writes is added or wins', () => {
    const rayStartParams = { 'num-cpus': '0', 'object-store-memory': '3000000000' };
    const params = headStartParams({ resources: RESOURCES, rayStartParams });
    expect(params).toMatchObject({
      'num-cpus': '0',
      'object-store-memory': '3000000000',
      'log-style': 'pretty',
    });
  });

  test.each([
    [0.5, '1'],
    [1.9, '1'],
    [2, '2'],
  ])('%d CPUs are %s whole ones', (cpus, expected) => {
    expect(
      workerStartParams({ name: 'w', resources: { ...RESOURCES, cpus }, rayStartParams: {} })['num-cpus'],
    ).toBe(expected);
  });
});

describe('the ray start line', () => {
  test('of a head: sorted, flags bare, false ones absent', () => {
    const params = {
      'num-cpus': '0',
      'include-dashboard': 'true',
      'ray-debugger-external': 'true',
      'no-monitor': 'false',
    };
    expect(rayStartCommand(params, null)).toBe(
      'ray start --head --block --include-dashboard=true --num-cpus=0 --ray-debugger-external',
    );
  });

  test('of a worker: it knows the head', () => {
    expect(rayStartCommand({ resources: `'{"w":100000}'` }, '127.0.0.1:6379')).toBe(
      `ray start --address=127.0.0.1:6379 --block --resources='{"w":100000}'`,
    );
  });
});
