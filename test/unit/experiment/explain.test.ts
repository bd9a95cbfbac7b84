import { describe, expect, test } from 'vitest';
import {
  explainDeadline,
  explainExhausted,
  explainPodEnd,
  signalOf,
  type EndedPod,
} from '../../../src/experiment/failure/explain.ts';
import type { Group } from '../../../src/experiment/plan/plan.ts';

const resources: Group['resources'] = {
  cpus: 1,
  memory_gb: 8,
  cpu_limit: 1,
  shm_gb: 0,
  gpus: 0,
  gpu_product: null,
  tpu: null,
  rdma_devices: [],
  selectors: {},
  tolerations: [],
  ephemeral_storage: { request: null, limit: null },
};

function ended(
  end: EndedPod['end'],
  evidence: Partial<EndedPod['evidence']> = {},
  role: Group['role'] = 'pod',
) {
  const group = { name: 'worker', role, resources };
  const all = { out_of_memory: false, peak_memory_bytes: null, ...evidence };
  return explainPodEnd({
    experiment: '9b2f1c3a-0000-4000-8000-000000000000',
    pod: 'worker-1-0',
    group,
    end,
    evidence: all,
  });
}
const exited = (code: number) => ({ how: 'exited', code }) as const;

describe('why a pod failed', () => {
  test('its log is named so that the line can be typed at any time', () => {
    expect(ended(exited(3))).toEqual({
      reason: 'NonZeroExit',
      explanation:
        'worker-1-0 exited with code 3; its log says why: aichor experiments logs 9b2f1c3a --pod worker-1-0',
    });
  });

  test('out of memory is said on evidence only', () => {
    expect(ended(exited(137), { out_of_memory: true })).toEqual({
      reason: 'OutOfMemory',
      explanation:
        'worker-1-0 ran out of memory (exit 137): it asked for 8 GB; raise spec.types.worker.resources.memory',
    });
    const peak = 7.9 * 2 ** 30;
    expect(ended(exited(137), { peak_memory_bytes: peak })).toEqual({
      reason: 'Killed',
      explanation: 'worker-1-0 was killed by signal 9 (SIGKILL); peak 7.9 of 8 GB asked',
    });
    expect(ended(exited(137)).explanation).toBe(
      'worker-1-0 was killed by signal 9 (SIGKILL); it asked for 8 GB',
    );
  });

  test('names the field to raise as the manifest has it', () => {
    const oom = { out_of_memory: true };
    expect(ended(exited(137), oom, 'head').explanation).toContain('raise spec.types.Head.resources.memory');
    expect(ended(exited(137), oom, 'worker-group').explanation).toContain(
      'raise spec.types.Workers (worker).resources.memory',
    );
  });

  test.each([
    [1, 'NonZeroExit'],
    [125, 'NonZeroExit'],
    [126, 'CommandNotExecutable'],
    [127, 'CommandNotFound'],
    [128, 'NonZeroExit'],
    [129, 'Killed'],
    [139, 'Killed'],
    [192, 'Killed'],
    [193, 'NonZeroExit'],
    [255, 'NonZeroExit'],
  ])('exit %i is %s', (code, reason) => {
    expect(ended(exited(code)).reason).toBe(reason);
  });

  test('a signal without a name has its number', () => {
    expect(ended(exited(128 + 40)).explanation).toBe('worker-1-0 was killed by signal 40');
  });

  test('every code from 1 to 255 has a reason and names the pod', () => {
    for (let code = 1; code <= 255; code++) {
      const { reason, explanation } = ended(exited(code));
      expect(reason).not.toBeNull();
      expect(explanation).toContain('worker-1-0');
      expect(explanation.includes(`signal ${signalOf(code)}`)).toBe(signalOf(code) !== null);
    }
  });

  test('what never started, and what was gone', () => {
    expect(ended({ how: 'not-started', detail: 'too large', disk_full: false }).reason).toBe('StartFailed');
    expect(ended({ how: 'not-started', detail: 'ENOSPC', disk_full: true }).reason).toBe('DiskFull');
    expect(ended({ how: 'vanished' })).toMatchObject({
      reason: 'Killed',
      explanation: expect.stringContaining('killed from outside'),
    });
  });
});

test('after restarts the reason is the limit, and the cause is still told', () => {
  const last = ended(exited(1));
  expect(explainExhausted(last, 1)).toEqual(last);
  const { reason, explanation } = explainExhausted(last, 4);
  expect(reason).toBe('BackoffLimitExceeded');
  expect(explanation).toContain('worker-1-0 exited with code 1');
  expect(explanation).toContain('attempt 4 of 4');
});

test('a deadline names its field', () => {
  expect(explainDeadline(90)).toMatchObject({
    reason: 'DeadlineExceeded',
    explanation: expect.stringContaining('spec.timeout (90 s)'),
  });
});
