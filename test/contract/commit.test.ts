import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createCommitSource } from '../../src/server/submission/commit/commits.ts';
import { createTestPlane, FILES, JOBSET, type TestPlane } from './control-plane.ts';

let t: TestPlane;
let repository: string;
beforeEach(async () => {
  repository = await mkdtemp(join(tmpdir(), 'aichor-origin-'));
  git('init', '--quiet', '--initial-branch=main');
  t = await createTestPlane({ commits: createCommitSource(process.env) });
});
afterEach(async () => {
  await t.close();
  for (const folder of [t.data, repository]) await rm(folder, { recursive: true, force: true });
});

function git(...args: string[]): string {
  const identity = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org'];
  return execFileSync('git', [...identity, ...args], { cwd: repository, encoding: 'utf8' }).trim();
}

async function commit(files: Record<string, string>, message: string): Promise<string> {
  for (const [path, text] of Object.entries(files)) await writeFile(join(repository, path), text);
  git('add', '--all');
  git('commit', '--quiet', '--message', message);
  return git('rev-parse', 'HEAD');
}

const submit = (sha: string, more: object = {}) =>
  t.call('POST', '/experiments', { source: { kind: 'commit', repository, commit_sha: sha }, ...more });

describe('a commit', () => {
  test('runs exactly as it was, with its facts', async () => {
    const sha = await commit(FILES, 'First try');
    await commit({ 'main.py': 'print(2)\n' }, 'Second try');
    const { status, body } = await submit(sha, {
      source: { kind: 'commit', repository, commit_sha: sha, branch: 'main' },
    });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      message: 'First try',
      source: { kind: 'commit', commit_sha: sha, branch: 'main', repository },
    });
    const { context } = await t.engine.started(body.experiment_id);
    expect((await context.snapshot.read('main.py'))?.toString()).toBe('print(1)\n');
    expect(context.snapshot.paths().some((path) => path.startsWith('.git/'))).toBe(false);
    const values = context.plan.groups[0]?.env.filter(({ origin }) => origin === 'vcs');
    expect(values).toEqual(
      expect.arrayContaining([{ name: 'VCS_SHA', origin: 'vcs', source: { kind: 'literal', value: sha } }]),
    );
  });

  test('is found by branch, tag and short SHA', async () => {
    const sha = await commit(FILES, 'one');
    git('tag', 'v1');
    for (const ref of ['main', 'v1', sha.slice(0, 8)])
      expect((await submit(ref)).body.source.commit_sha).toBe(sha);
  });

  test('brings its history when its manifest wants it', async () => {
    await commit(FILES, 'one');
    const sha = await commit({ 'manifest.yaml': `${JOBSET}clone:\n  includeDotGit: true\n` }, 'two');
    const { body } = await submit(sha);
    const { context } = await t.engine.started(body.experiment_id);
    expect(context.snapshot.paths().some((path) => path.startsWith('.git/'))).toBe(true);
  });

  test('that is not there is not found, and no experiment is made', async () => {
    await commit(FILES, 'one');
    const { status, body } = await submit('0'.repeat(40));
    expect({ status, code: body.error.code }).toEqual({ status: 404, code: 'not_found' });
    expect((await t.call('GET', '/experiments')).body.experiments).toEqual([]);
  });
});

describe('a commit whose manifest cannot be used is an experiment that has failed at clone', () => {
  test('with every mistake in its explanation', async () => {
    const sha = await commit({ ...FILES, 'manifest.yaml': `${JOBSET}  nonsense: 1\n  folly: 2\n` }, 'bad');
    const { status, body } = await submit(sha);
    expect(status).toBe(201);
    expect(body).toMatchObject({
      status: 'Failed',
      step: 'clone',
      reason: 'ManifestInvalid',
      operator: null,
      manifest_path: 'manifest.yaml',
    });
    expect(body.explanation).toMatch(/manifest\.yaml:17:3: .*nonsense[\s\S]*manifest\.yaml:18:3: .*folly/);
    const again = await t.call('POST', `/experiments/${body.experiment_id}/resubmit`, {});
    expect(again).toMatchObject({
      status: 201,
      body: { status: 'Failed', reason: 'ManifestInvalid', resubmit_of: body.experiment_id },
    });
  });

  test('also when the manifest is not in the commit', async () => {
    const sha = await commit(FILES, 'one');
    const { body } = await submit(sha, { manifest_path: 'other/manifest.yaml' });
    expect(body).toMatchObject({
      status: 'Failed',
      step: 'clone',
      reason: 'ManifestInvalid',
      manifest_path: 'other/manifest.yaml',
    });
  });

  test('also when its context is not there', async () => {
    const sha = await commit(
      { ...FILES, 'manifest.yaml': JOBSET.replace('context: .', 'context: ./gone') },
      'one',
    );
    expect((await submit(sha)).body).toMatchObject({
      status: 'Failed',
      step: 'clone',
      reason: 'RepositoryInvalid',
    });
  });

  test('but a variable that the request must not set is refused', async () => {
    const sha = await commit(FILES, 'one');
    expect(await submit(sha, { env: { AICHOR_X: '1' } })).toMatchObject({
      status: 422,
      body: { error: { code: 'manifest_invalid' } },
    });
    expect((await t.call('GET', '/experiments')).body.experiments).toEqual([]);
  });
});
