import { describe, expect, test, vi } from 'vitest';
import { AichorError } from '../../../../src/errors.ts';
import { ClusterError } from '../../../../src/engines/kubernetes/api/cluster-error.ts';
import { insist, isUnreachable } from '../../../../src/engines/kubernetes/api/insist.ts';

const never = new AbortController().signal;

describe('insisting', () => {
  test.each([
    [new ClusterError(0, 'ECONNREFUSED', 'no answer'), true],
    [new ClusterError(401, 'Unauthorized', 'the token has expired'), true],
    [new ClusterError(429, 'TooManyRequests', 'later'), true],
    [new ClusterError(503, 'ServiceUnavailable', 'etcd is away'), true],
    [new AichorError('engine_unavailable', 'the plugin failed'), true],
    [new ClusterError(403, 'Forbidden', 'no'), false],
    [new ClusterError(409, 'Conflict', 'no'), false],
    [new AichorError('usage', 'no such context'), false],
    [new Error('a bug'), false],
  ])('%s can get well by itself: %s', (error, expected) => {
    expect(isUnreachable(error)).toBe(expected);
  });

  test('goes on until the cluster is back, and says so', async () => {
    let left = 1;
    const told: (string | null)[] = [];
    const result = insist(
      async () => {
        if (left-- > 0) throw new ClusterError(0, 'ECONNREFUSED', `away, ${left}`);
        return 'done';
      },
      { signals: [never], tell: (why) => told.push(why) },
    );
    await expect(result).resolves.toBe('done');
    expect(told).toEqual(['away, 0', null]);
  });

  test('takes a refusal for an answer', async () => {
    const refusal = new ClusterError(403, 'Forbidden', 'no');
    const act = vi.fn<() => Promise<never>>(() => Promise.reject(refusal));
    await expect(insist(act, { signals: [never], tell: () => undefined })).rejects.toBe(refusal);
    expect(act).toHaveBeenCalledOnce();
  });

  test('ends in the middle of its waiting', async () => {
    const stop = new AbortController();
    const tell = () => stop.abort(new Error('the server leaves'));
    const away = () => Promise.reject(new ClusterError(0, 'ECONNREFUSED', 'away'));
    await expect(insist(away, { signals: [never, stop.signal], tell })).rejects.toThrow('the server leaves');
  });
});
