import { describe, expect, it } from 'vitest';
import type { Provider } from '../../../../src/api/team/hook-contract.ts';
import {
  statusPlace,
  statusRequest,
  type StatusWord,
} from '../../../../src/server/told/commit-status/requests.ts';
import { SCHEMAS } from '../../../fakes/status-host.ts';

const SHA = 'a'.repeat(40);
const TOKEN = 'canary-token-77';
const status = (outcome: StatusWord) => ({
  ...{ sha: SHA, outcome, key: 'aichor-AbCdEfGhIjKlMnOpQrStUv', name: 'aichor/folding' },
  description: `${outcome}: ${'why '.repeat(100)}`,
  url: 'https://team.example/v1/experiments/9b2f31c4',
});

describe.each<[Provider, string, string, string]>([
  ['github', 'https://github.com/o/r.git', 'https://api.github.com', `/repos/o/r/statuses/${SHA}`],
  ['github', 'https://git.corp.example/o/r', 'https://git.corp.example', `/api/v3/repos/o/r/statuses/${SHA}`],
  [
    'gitlab',
    'https://gitlab.com/g/sub/r.git',
    'https://gitlab.com',
    `/api/v4/projects/g%2Fsub%2Fr/statuses/${SHA}`,
  ],
  [
    'bitbucket',
    'https://bitbucket.org/w/r.git',
    'https://api.bitbucket.org',
    `/2.0/repositories/w/r/commit/${SHA}/statuses/build`,
  ],
  [
    'bitbucket-dc',
    'https://b.example/scm/PRJ/r.git',
    'https://b.example',
    `/rest/api/latest/projects/PRJ/repos/r/commits/${SHA}/builds`,
  ],
  [
    'bitbucket-dc',
    'https://b.example/at/scm/~me/r.git',
    'https://b.example',
    `/at/rest/api/latest/projects/~me/repos/r/commits/${SHA}/builds`,
  ],
  [
    'azure',
    'https://dev.azure.com/org/my%20project/_git/r',
    'https://dev.azure.com',
    `/org/my%20project/_apis/git/repositories/r/commits/${SHA}/statuses?api-version=7.1`,
  ],
  [
    'azure',
    'https://dev.azure.com/org/_git/r',
    'https://dev.azure.com',
    `/org/r/_apis/git/repositories/r/commits/${SHA}/statuses?api-version=7.1`,
  ],
  [
    'azure',
    'https://org.visualstudio.com/p/_git/r',
    'https://org.visualstudio.com',
    `/p/_apis/git/repositories/r/commits/${SHA}/statuses?api-version=7.1`,
  ],
  ['gitea', 'https://gitea.example/o/r.git', 'https://gitea.example', `/api/v1/repos/o/r/statuses/${SHA}`],
  ['gitea', 'http://127.0.0.1:3000/at/o/r', 'http://127.0.0.1:3000', `/at/api/v1/repos/o/r/statuses/${SHA}`],
])('the status of a commit at %s, of %s', (provider, repository, origin, path) => {
  it('goes where the provider takes it, in its form, with the token in one header', () => {
    for (const outcome of ['pending', 'succeeded', 'failed', 'cancelled'] as const) {
      const credentials = { user: 'git', token: TOKEN };
      const request = statusRequest(provider, repository, { status: status(outcome), credentials });
      expect(request).toMatchObject({ origin, path });
      const { headers, body } = SCHEMAS[provider];
      expect(headers.safeParse({ 'user-agent': 'aichor', ...request?.headers }).error).toBe(undefined);
      expect(body.safeParse(request?.body).error).toBe(undefined);
      const shown = Object.values(request?.headers ?? {}).filter((value) =>
        [value, Buffer.from(value.replace('Basic ', ''), 'base64').toString()].some((one) =>
          one.includes(TOKEN),
        ),
      );
      expect(shown).toHaveLength(1);
      expect(JSON.stringify([request?.origin, request?.path, request?.body])).not.toContain(TOKEN);
    }
  });
});

it.each<[Provider, string]>([
  ['github', 'https://github.com/only'],
  ['github', 'https://github.com/o/r/more'],
  ['github', 'git@github.com:o/r.git'],
  ['gitlab', 'https://gitlab.com/r'],
  ['bitbucket', 'https://example.org/w/r'],
  ['bitbucket-dc', 'https://b.example/PRJ/r.git'],
  ['azure', 'https://dev.azure.com/org/project/r'],
  ['gitea', 'file:///srv/o/r'],
])('%s has no place for it at %s', (provider, repository) => {
  expect(statusPlace(provider, repository, SHA)).toBe(null);
});

it('of Bitbucket goes by the name of whoever the token is of', () => {
  const of = (user: string) =>
    statusRequest('bitbucket', 'https://bitbucket.org/w/r', {
      status: status('pending'),
      credentials: { user, token: TOKEN },
    })?.headers['authorization'];
  expect(of('x-token-auth')).toBe(`Bearer ${TOKEN}`);
  expect(of('ada@example.org')).toBe(`Basic ${Buffer.from(`ada@example.org:${TOKEN}`).toString('base64')}`);
});
