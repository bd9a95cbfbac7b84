/** What comes of an experiment, written to its commit at the host of the project's repository. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Provider } from '../../src/api/team/hook-contract.ts';
import type { CommitSource } from '../../src/server/ports.ts';
import { startStatusHost, type StatusHost } from '../fakes/status-host.ts';
import { createTestPlane, FILES, type TestPlane } from './control-plane.ts';

const SHA = 'c'.repeat(40);
const TOKEN = 'canary-status-token-9d1e';

/** Files that are there without a host of Git. */
const commits: CommitSource = {
  forget: async () => undefined,
  settled: async () => undefined,
  async fetch({ repository, directory }, take) {
    for (const [path, content] of Object.entries(FILES)) {
      await mkdir(dirname(join(directory, path)), { recursive: true });
      await writeFile(join(directory, path), content);
    }
    const commit = { commit_sha: SHA, branch: 'main', repository, vcs: {} };
    return take(commit, { kind: 'directory', directory });
  },
};

vi.setConfig({ testTimeout: 60_000 });

let t: TestPlane;
let host: StatusHost;
let repository: string;

async function open(provider: Provider, path: string): Promise<void> {
  host = await startStatusHost(provider);
  repository = `${host.origin}${path}`;
  t = await createTestPlane({ commits });
  const made = await t.call('POST', '/projects', {
    ...{ name: 'folding', engines: ['local'], repository, allow_inner_addresses: true },
    ...{ git: { kind: 'token', token: TOKEN }, commit_status: provider },
  });
  expect(made.status, JSON.stringify(made.body)).toBe(201);
}
afterEach(async () => {
  await t.close();
  host.close();
});

async function submit(): Promise<string> {
  const source = { kind: 'commit', repository, commit_sha: SHA };
  const { status, body } = await t.call('POST', '/experiments', { source, project: 'folding' });
  expect(status, JSON.stringify(body)).toBe(201);
  return body.experiment_id;
}
const stateOf = ({ body }: { body: Record<string, unknown> }) => body['state'];
const noticesOf = async (id: string): Promise<string[]> =>
  (await t.call('GET', `/experiments/${id}`)).body.notices.map(({ message }: { message: string }) => message);

describe.each<[Provider, string, [string, string, string]]>([
  ['github', '/o/r.git', ['pending', 'success', 'error']],
  ['gitlab', '/g/sub/r.git', ['pending', 'success', 'canceled']],
  ['bitbucket-dc', '/scm/PRJ/r.git', ['INPROGRESS', 'SUCCESSFUL', 'CANCELLED']],
  ['azure', '/org/project/_git/r', ['pending', 'succeeded', 'error']],
  ['gitea', '/o/r.git', ['pending', 'success', 'error']],
])('at a host like %s', (provider, path, [pending, success, cancelled]) => {
  it('is pending, then what it became, in a form that the host takes', async () => {
    await open(provider, path);
    const id = await submit();
    await host.until(1);
    (await t.engine.started(id)).endWith('Succeeded');
    await host.until(2);
    expect(host.seen.map(stateOf)).toEqual([pending, success]);
    const other = await submit();
    await host.until(3);
    await t.call('POST', '/experiments/cancel', { ids: [other] });
    await host.until(4);
    expect(host.seen.map(stateOf).slice(2)).toEqual([pending, cancelled]);
    expect(JSON.stringify(host.seen[1]?.body)).toContain(`https://team.example/experiments/${id}`);
    for (const one of [id, other]) expect(await noticesOf(one)).toEqual([]);
    const { body } = await t.call('GET', `/experiments/${id}`);
    expect(JSON.stringify([body, t.logged, host.seen.map((one) => one.body)])).not.toContain(TOKEN);
  });
});

describe('where it cannot be written', () => {
  beforeEach(() => open('gitea', '/o/r.git'));

  it.each([401, 403, 404, 422])(
    'because the host answers %s, that is a notice, and no failure',
    async (status) => {
      host.answer = { status };
      const id = await submit();
      (await t.engine.started(id)).endWith('Succeeded');
      await expect.poll(() => noticesOf(id), { timeout: 30_000 }).not.toEqual([]);
      const [notice] = await noticesOf(id);
      expect(notice).toContain(`the commit ${SHA.slice(0, 12)} was not told`);
      expect(notice).toContain(`answered ${status}`);
      expect((await t.call('GET', `/experiments/${id}`)).body.status).toBe('Succeeded');
      expect(JSON.stringify([notice, t.logged])).not.toContain(TOKEN);
    },
  );

  it('because the host leads elsewhere, nobody there sees the token', async () => {
    const thief = await startStatusHost('gitea');
    try {
      host.answer = { status: 307, location: `${thief.origin}/api/v1/repos/o/r/statuses/${SHA}` };
      const id = await submit();
      (await t.engine.started(id)).endWith('Succeeded');
      await expect.poll(() => noticesOf(id), { timeout: 30_000 }).not.toEqual([]);
      expect((await noticesOf(id))[0]).toContain('a redirect, which is not followed');
      expect(thief.seen).toEqual([]);
    } finally {
      thief.close();
    }
  });

  it('because the project wants it no longer, nothing is sent', async () => {
    const { status } = await t.call('POST', '/projects/folding', { commit_status: null });
    expect(status).toBe(200);
    const id = await submit();
    (await t.engine.started(id)).endWith('Succeeded');
    await t.until(id, ({ ended }) => ended);
    expect(t.untold()).toBe(0);
    expect(host.seen).toEqual([]);
  });

  it('because it is of another repository, nothing is sent', async () => {
    const id = await submit();
    await host.until(1);
    await t.call('POST', '/projects/folding', {
      ...{ repository: `${host.origin}/o/another.git`, git: { kind: 'token', token: TOKEN } },
    });
    (await t.engine.started(id)).endWith('Succeeded');
    await expect.poll(() => t.untold(), { timeout: 30_000 }).toBe(0);
    expect(host.seen).toHaveLength(1);
  });
});

describe('a project that cannot have it', () => {
  beforeEach(() => open('gitea', '/o/r.git'));

  it.each([
    ['without a token', { git: { kind: 'none' } }, 'the project has none'],
    ['at a host of another kind', { commit_status: 'azure' }, 'is not the address of a repository of azure'],
    ['of a provider that is none', { commit_status: 'sourceforge' }, ''],
  ])('%s is refused', async (_what, change, why) => {
    const { status, body } = await t.call('POST', '/projects/folding', change);
    expect(status).toBe(400);
    expect(body.error.message).toContain(why);
  });
});
