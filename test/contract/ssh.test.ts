/** Repositories by ssh, from Debian's own server: deploy keys, and hosts that are known. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { makeKeyPair } from '../../src/source/git.ts';
import { createCommitSource } from '../../src/server/submission/commit/commits.ts';
import { sshObstacle, startSshServer, type SshServer } from '../fakes/ssh-server.ts';
import { createTestPlane, FILES, type TestPlane } from './control-plane.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const missing = sshObstacle();
if (missing !== null) process.stderr.write(`skipped: repositories by ssh, because ${missing}\n`);

describe.skipIf(missing !== null)('a repository by ssh', () => {
  let t: TestPlane;
  let server: SshServer;
  let repository: string;
  let sha: string;

  beforeAll(async () => {
    server = await startSshServer();
    repository = server.url('repo.git');
    const bare = join(server.repositories, 'repo.git');
    const work = join(server.repositories, 'work');
    const git = (...words: string[]) =>
      execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', ...words], {
        encoding: 'utf8',
      }).trim();
    git('init', '--quiet', '--bare', '--initial-branch=main', bare);
    git('init', '--quiet', '--initial-branch=main', work);
    for (const [path, text] of Object.entries(FILES)) writeFileSync(join(work, path), text);
    git('-C', work, 'add', '--all');
    git('-C', work, 'commit', '--quiet', '--message', 'exp: by ssh');
    git('-C', work, 'push', '--quiet', bare, 'main');
    sha = git('-C', work, 'rev-parse', 'HEAD');
    t = await createTestPlane({ commits: createCommitSource(process.env) });
  });
  afterAll(async () => {
    await t?.close();
    await server?.close();
  });

  const creation = (more: object) => ({
    ...{ name: 'p', engines: ['local'], repository, allow_inner_addresses: true },
    ...more,
  });
  const submit = () =>
    t.call('POST', '/experiments', {
      source: { kind: 'commit', repository, commit_sha: 'main' },
      project: 'p',
    });
  const shownKeys = async (): Promise<{ line: string; fingerprint: string }[]> =>
    (await t.call('POST', '/projects/host-keys', { repository, allow_inner_addresses: true })).body.host_keys;

  it('is not taken from a host that nobody has looked at', async () => {
    const { status, body } = await t.call(
      'POST',
      '/projects',
      creation({ git: { kind: 'deploy_key', private_key: null } }),
    );
    expect([status, body.error.code]).toEqual([409, 'conflict']);
    expect(body.error.hint).toContain('--host-key');
  });

  it('shows the key of its host, by the fingerprint that ssh shows', async () => {
    const [key, ...others] = await shownKeys();
    expect(others).toEqual([]);
    const line = key?.line ?? '';
    const file = join(server.repositories, 'shown');
    writeFileSync(file, `${line}\n`);
    expect(execFileSync('ssh-keygen', ['-l', '-f', file], { encoding: 'utf8' })).toContain(key?.fingerprint);
  });

  it('is cloned with the key that was made for it, once the host lets that in', async () => {
    const host_keys = (await shownKeys()).map(({ line }) => line);
    const { status, body } = await t.call(
      'POST',
      '/projects',
      creation({ host_keys, git: { kind: 'deploy_key', private_key: null } }),
    );
    expect(status, JSON.stringify(body)).toBe(201);
    const { public_key } = body.git;
    expect(public_key).toMatch(/^ssh-ed25519 \S+ aichor-p$/);
    const early = await submit();
    expect([early.status, early.body.error.code]).toEqual([404, 'not_found']);
    expect(early.body.error.message).toContain('Permission denied');
    expect(early.body.error.hint).toContain('deploy key');
    server.letIn(public_key);
    const made = await submit();
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    expect(made.body.source).toMatchObject({ kind: 'commit', commit_sha: sha, repository });
    const kept = t.plane.privateValues.ofProject(t.plane.projects.named('p')?.id ?? '').git;
    const secret = kept !== null && 'private_key' in kept ? kept.private_key.split('\n')[2] : '';
    expect(secret).toMatch(/^\S{40,}$/);
    for (const told of [body, early.body, made.body, t.logged])
      expect(JSON.stringify(told)).not.toContain(secret);
  });

  it.each([
    ['without the end of its last line', (key: string) => key.trimEnd()],
    ['with line ends of Windows', (key: string) => key.replaceAll('\n', '\r\n')],
    ['with empty lines after it', (key: string) => `${key}\n\n`],
  ])('is cloned with a key of one’s own that was given %s', async (_what, given) => {
    const own = await makeKeyPair('own', process.env);
    const git = { kind: 'deploy_key', private_key: given(own.private_key) };
    const { status, body } = await t.call('POST', '/projects/p', { git });
    expect(status, JSON.stringify(body)).toBe(200);
    server.letIn(body.git.public_key);
    const made = await submit();
    expect(made.status, JSON.stringify(made.body)).toBe(201);
  });

  it('is refused from a host that is another one now, in words that say so', async () => {
    await server.changeHostKey();
    const { status, body } = await submit();
    expect([status, body.error.code]).toEqual([404, 'not_found']);
    expect(body.error.hint).toContain('is not the one that was accepted');
    expect(body.error.hint).toContain('--host-key');
    const host_keys = (await shownKeys()).map(({ line }) => line);
    expect((await t.call('POST', '/projects/p', { host_keys })).status).toBe(200);
    expect((await submit()).status).toBe(201);
  });
});
