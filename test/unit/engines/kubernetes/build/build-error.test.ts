import { expect, test } from 'vitest';
import { buildError } from '../../../../../src/engines/kubernetes/build/build-error.ts';

const STEP_FAILED = `#6 [3/4] RUN pip install -r requirements.txt
#6 0.512 ERROR: Could not find a version that satisfies the requirement nosuch (from versions: none)
#6 0.513 ERROR: No matching distribution found for nosuch
#6 ERROR: process "/bin/sh -c pip install -r requirements.txt" did not complete successfully: exit code: 1
------
 > [3/4] RUN pip install -r requirements.txt:
0.512 ERROR: Could not find a version that satisfies the requirement nosuch (from versions: none)
0.513 ERROR: No matching distribution found for nosuch
------
Dockerfile:3
--------------------
   1 |     FROM python:3.11
   2 |     COPY requirements.txt .
   3 | >>> RUN pip install -r requirements.txt
--------------------
error: failed to solve: process "/bin/sh -c pip install -r requirements.txt" did not complete successfully: exit code: 1
`;

test('a step that failed: how, what it said last, where it stands', () => {
  expect(buildError(STEP_FAILED)).toBe(
    'process "/bin/sh -c pip install -r requirements.txt" did not complete successfully: exit code: 1; it said "ERROR: No matching distribution found for nosuch"; at Dockerfile:3',
  );
});

test.each([
  ['error: failed to solve: python:0.1: not found\n', 'python:0.1: not found'],
  [
    '#9 exporting to image\nerror: failed to solve: failed to push images.example/a:1: denied\r\n',
    'failed to push images.example/a:1: denied',
  ],
  ['could not connect to unix:///run/user/1000/buildkit/buildkitd.sock after 10 trials\n', null],
  ['', null],
])('%j', (output, said) => {
  expect(buildError(output)).toBe(said);
});

test('what is very long is cut', () => {
  expect(buildError(`error: failed to solve: ${'x'.repeat(5000)}`)).toHaveLength(300);
});
