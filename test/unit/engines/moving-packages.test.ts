import { expect, test } from 'vitest';
import { ageNotice, movingRevision } from '../../../src/engines/local/build/environments/moving-packages.ts';

const COMMIT = '8688aa86aa7830a78cf0b43f15c021cc6dfcadf3';
const origin = (revision: string | null) =>
  JSON.stringify({
    url: 'https://example.org/g.git',
    vcs_info: { vcs: 'git', commit_id: COMMIT, ...(revision !== null && { requested_revision: revision }) },
  });

test.each([
  ['a branch', origin('main'), 'main'],
  ['a branch with a slash', origin('release/2.0'), 'release/2.0'],
  ['a reference of a pull request', origin('refs/pull/3/head'), 'refs/pull/3/head'],
  ['nothing', origin(null), null],
])('%s may move', (_, text, revision) => {
  expect(movingRevision(text)).toEqual({ revision, commit: COMMIT });
});

test.each([
  ['a commit', origin(COMMIT)],
  ['the beginning of one', origin(COMMIT.slice(0, 8).toUpperCase())],
  ['a release', origin('v2.1.0')],
  ['a folder', '{"url": "file:///src", "dir_info": {}}'],
  ['another program', origin('main').replace('"git"', '"hg"')],
  ['no JSON', 'vcs_info'],
])('%s does not', (_, text) => {
  expect(movingRevision(text)).toBe(null);
});

test('the notice has the age and the packages', () => {
  const one = { name: 'glib', revision: 'main', commit: COMMIT };
  expect(ageNotice([one], 3 * 86_400 + 7200 + 61)).toEqual({
    code: 'environment_not_pinned',
    message:
      'the Python environment is 3d 2h old, and has the package from Git as of then: glib (main, 8688aa86); --rebuild takes what is there now',
  });
  const many = ['a', 'b', 'c', 'd', 'e'].map((name) => ({ ...one, name, revision: null }));
  expect(ageNotice(many, 0.2)?.message).toMatch(/ 1s old.* a \(default branch, 8688aa86\), .* and 2 more;/);
  expect(ageNotice([], 100)).toBe(null);
});
