import { expect, test } from 'vitest';
import { unfollowedNotice } from '../../../src/engines/local/build/unfollowed.ts';

test.each([
  [['environment.yml', 'train.py'], '.', /environment\.yml is for conda.*--python-env/],
  [['demo/env.yaml'], 'demo', /env\.yaml is for conda/],
  [
    ['pyproject.toml', 'poetry.lock'],
    '.',
    /poetry\.lock counts when the Dockerfile says so \(RUN pip install poetry && poetry install\).*--python-env/,
  ],
  [['Pipfile', 'setup.py'], '.', /Pipfile counts when .*pipenv install/],
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
