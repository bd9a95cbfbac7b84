import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  resumeDelay,
  retryDelay,
  type Setback,
} from '../../../../../src/engines/kubernetes/api/http/retry.ts';

function setback(status: number, reason = '', more: Partial<Setback> = {}): Setback {
  return { status, reason, ...more };
}

describe('whether a request is repeated', () => {
  test.each<[string, Setback, boolean]>([
    ['too many requests', setback(429), true],
    ['an internal error', setback(500, 'InternalError'), true],
    ['a proxy without a server', setback(502, 'Http502'), true],
    ['a server that starts', setback(503), true],
    ['a lost connection', setback(0, 'ECONNRESET'), true],
    ['an answer that broke off', setback(0, 'Broken'), true],
    ['two writers at once', setback(409, 'Conflict'), true],
    ["a field of somebody else's", setback(409, 'Conflict', { causes: ['FieldManagerConflict'] }), false],
    ['it is there already', setback(409, 'AlreadyExists'), false],
    ['what is sent cannot be understood', setback(500, 'Unknown'), false],
    ['not implemented', setback(501), false],
    ['not allowed', setback(403, 'Forbidden'), false],
    ['not there', setback(404, 'NotFound'), false],
    ['no credentials', setback(401, 'NoCredentials'), false],
    ['a certificate that is not trusted', setback(0, 'DEPTH_ZERO_SELF_SIGNED_CERT'), false],
    ['a name that nobody knows', setback(0, 'ENOTFOUND'), false],
    ['told to come back much later', setback(429, '', { retryAfterS: 3600 }), false],
  ])('%s', (_what, given, repeated) => {
    expect(retryDelay(1, given, 0.5) !== null).toBe(repeated);
  });

  test('not before the server says so, and within bounds', () => {
    fc.assert(
      fc.property(
        fc.record({
          sent: fc.integer({ min: 1, max: 9 }),
          chance: fc.double({ min: 0, max: 0.999, noNaN: true }),
        }),
        fc.option(fc.integer({ min: 0, max: 30 })),
        ({ sent, chance }, retryAfterS) => {
          const wait = retryDelay(sent, setback(429, '', { retryAfterS }), chance);
          if (sent >= 5) {
            expect(wait).toBeNull();
            return;
          }
          expect(wait).toBeGreaterThanOrEqual(Math.max(100, (retryAfterS ?? 0) * 1000));
          expect(wait).toBeLessThanOrEqual(Math.max(5000, (retryAfterS ?? 0) * 1000));
        },
      ),
    );
  });

  test('a silent server is not asked again: whoever waits has waited long enough', () => {
    expect(retryDelay(1, setback(0, 'Timeout'), 0)).toBeNull();
  });
});

test('a watch is taken up again within a second while things still come, and rarely when nothing does', () => {
  fc.assert(
    fc.property(
      fc.nat(1000),
      fc.boolean(),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (failures, progress, chance) => {
        const wait = resumeDelay(failures, progress, chance);
        expect(wait).toBeGreaterThanOrEqual(50);
        expect(wait).toBeLessThanOrEqual(progress ? 1000 : 10_000);
      },
    ),
  );
  expect(resumeDelay(20, false, 0)).toBeGreaterThanOrEqual(5000);
});
