import { describe, expect, test } from 'vitest';
import { AichorError } from '../../../src/errors.ts';
import { checkPlan } from '../../../src/engines/local/check.ts';
import { jobset, planOf } from '../../engine/house.ts';

const LAPTOP = { cpus: 2, memory_gb: 8, gpus: 0 };
const gpus = (count: number) => ({ accelerators: { gpu: { count, product: 'A100', type: 'gpu' } } });

describe('what a machine makes of a plan', () => {
  test.each<[string, object, object, string[]]>([
    ['small', { cpus: 1, memory: 1 }, LAPTOP, []],
    ['many CPUs', { cpus: 64, memory: 1 }, LAPTOP, ['cpus_shared']],
    ['much memory', { cpus: 1, memory: 64 }, LAPTOP, ['memory_shared']],
    [
      'a node of its own',
      { cpus: 1, memory: 1, extraSelectors: { disk: 'ssd' } },
      LAPTOP,
      ['placement_ignored'],
    ],
    ['GPUs, none there', { cpus: 1, memory: 1, ...gpus(1) }, LAPTOP, ['gpus_absent']],
    ['GPUs, too few', { cpus: 1, memory: 1, ...gpus(4) }, { ...LAPTOP, gpus: 2 }, ['gpus_few']],
    ['GPUs, enough', { cpus: 1, memory: 1, ...gpus(2) }, { ...LAPTOP, gpus: 2 }, []],
  ])('%s: notices, never a refusal', (_name, resources, machine, codes) => {
    const plan = planOf(jobset('true', { worker: { count: 1, resources } }));
    expect(checkPlan(plan, { ...LAPTOP, ...machine }).map(({ code }) => code)).toEqual(codes);
  });

  test('more pods at once than it can look after are refused, with the cure', () => {
    const many = (count: number, more: object = {}) => planOf(jobset('true', { worker: { count, ...more } }));
    const code = (plan: ReturnType<typeof many>, maxPods?: number) => {
      try {
        checkPlan(plan, LAPTOP, maxPods);
        return 'taken';
      } catch (error) {
        return error instanceof AichorError ? `${error.code}: ${error.message}; ${error.hint}` : error;
      }
    };
    expect(code(many(500))).toBe('taken');
    expect(code(many(501))).toMatch(
      /^engine_unavailable: asks for 501 pods at once.*at most 500.*cluster.*max_pods/,
    );
    expect(code(many(1, { completions: 2000, parallelisms: 10 }))).toBe('taken');
    expect(code(many(501), 600)).toBe('taken');
  });

  test('a user of its own is not honoured, and that is said', () => {
    const plan = planOf(
      jobset('true', { worker: { count: 1 } }, { securityContext: { runAsUser: 1000, ptrace: true } }),
    );
    expect(checkPlan(plan, LAPTOP)).toContainEqual({ code: 'security_ignored', message: expect.any(String) });
    const silent = planOf(jobset('true', { worker: { count: 1 } }, { securityContext: { ptrace: true } }));
    expect(checkPlan(silent, LAPTOP)).toEqual([]);
  });

  test('a finished image has no effect here, and that is said', () => {
    const builder = { image: 'localhost/image:v1', skipBuild: { enabled: true } };
    const plan = planOf({ ...jobset('true', { worker: { count: 1 } }), builder });
    expect(checkPlan(plan, LAPTOP)).toEqual([
      { code: 'image_not_used', message: expect.stringContaining('localhost/image:v1') },
    ]);
  });

  test('an operator that needs a cloud is refused, Ray is not', () => {
    const types = { Head: { resources: { cpus: 1, ramRatio: 1 } }, Workers: [] };
    const plan = planOf({ spec: { operator: 'kuberay', rayVersion: '2.23.0', command: 'true', types } });
    expect(checkPlan(plan, LAPTOP)).toEqual([]);
    expect(() => checkPlan({ ...plan, operator: 'vertexai' }, LAPTOP)).toThrow(
      expect.objectContaining({ code: 'engine_unavailable' }),
    );
  });
});
