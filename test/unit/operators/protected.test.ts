import { describe, expect, test } from 'vitest';
import { operatorVariables } from '../../../src/operators/environment.ts';
import { OPERATOR_NAMES } from '../../../src/operators/table.ts';
import { isProtected } from '../../../src/operators/protected.ts';

describe('protected names', () => {
  test.each(['AICHOR_ANYTHING', 'AICHOR_', 'VCS_SHA', 'JAXOPERATOR_X'])(
    '%s is protected with every operator',
    (name) => {
      expect(isProtected(name)).toBe(true);
      expect(OPERATOR_NAMES.every((operator) => isProtected(name, operator))).toBe(true);
    },
  );

  test.each([
    'LEARNING_RATE',
    'AWS_REQUEST_CHECKSUM_CALCULATION',
    'AWS_ACCESS_KEY_ID',
    'AWS_ENDPOINT_URL',
    'S3_ENDPOINT',
    'MY_AICHOR_X',
    'aichor_x',
    '__proto__',
  ])('%s is free', (name) => {
    expect(isProtected(name)).toBe(false);
  });

  test("an operator's own variables are protected with that operator", () => {
    for (const operator of OPERATOR_NAMES) {
      for (const name of operatorVariables(operator)) {
        expect(isProtected(name, operator), `${name} with ${operator}`).toBe(true);
        expect(isProtected(name), name).toBe(true);
      }
    }
  });

  test('another operator leaves them free', () => {
    expect(isProtected('RANK', 'pytorch')).toBe(true);
    expect(isProtected('RANK', 'jobset')).toBe(false);
    expect(isProtected('JOB_INDEX', 'jax')).toBe(false);
  });
});
