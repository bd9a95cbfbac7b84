import { expect, test } from 'vitest';
import { unfollowedNotice } from '../../../src/engines/local/build/unfollowed.ts';

test.each([
  [['environment.yml', 'train.py'], '.', /environment\.yml is for conda.*--python-env/],
  [['demo/env.yaml'], 'demo', /env\.yaml is for conda/],
  [['pyproject.toml', 'poetry.lock'], '.', /poetry\.lock is for Poetry.*--python-env/],
  [['Pipfile', 'setup.py'], '.', /Pipfile is for Pipenv/],
  [['setup.py'], '.', /setup\.py counts when the Dockerfile says so/],
])('%j in %s', (paths, context, says) => {
  expect(unfollowedNotice(paths, context)).toMatchObject({
    code: 'packages_not_installed',
    message: expect.stringMatching(says),
  });
});

test.each([
  [['train.py', 'other/environment.yml'], '.'],
  [['environment.yml'], 'demo'],
])('nothing of %j in %s', (paths, context) => {
  expect(unfollowedNotice(paths, context)).toBeNull();
});
