import { expect, it } from 'vitest';
import { pushesOf } from '../../../../src/api/team/push-payloads.ts';

it('names the branches and tags that Bitbucket tells are gone, beside what came', () => {
  const target = { hash: 'a'.repeat(40), message: 'x' };
  const gone = (type: string, name?: string) => ({ new: null, closed: true, old: { type, name, target } });
  const changes = [
    ...[gone('branch', 'try/1'), gone('tag', 'v1'), gone('branch')],
    { old: null, new: { type: 'named_branch', name: 'main', target }, created: true, commits: [target] },
  ];
  expect(pushesOf('bitbucket', { push: { changes } })).toMatchObject([
    { ref: 'refs/heads/try/1', after: null },
    { ref: 'refs/tags/v1', after: null },
    { ref: 'refs/heads/?', after: null },
    { ref: 'refs/heads/main', after: target.hash, listed: true },
  ]);
});
