/** Right after `git push`, from the laptop: the log of the experiment that the push makes, or why it makes none. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { startGitServer, type GitServer } from '../fakes/git-server.ts';
import { BIN, documentOf, errorOf, makeProgram, type Program } from './program.ts';

let machine: Program;
let user: Program;
let server: ChildProcess;
let origin: GitServer;
let more: Record<string, string>;
let hook: { url: string; secret: string };

vi.setConfig({ testTimeout: 180_000, hookTimeout: 120_000 });

beforeAll(async () => {
  machine = makeProgram('team');
  user = makeProgram('user');
  origin = await startGitServer();
  git('init', '--quiet', '--initial-branch=main');
  git('remote', 'add', 'origin', origin.url);
  git('config', 'remote.origin.pushurl', origin.path);
  writeFileSync(join(user.repo, 'Dockerfile'), 'FROM python:3.12-slim\n');
  writeFileSync(join(user.repo, 'main.sh'), 'env | grep ^VCS_ | sort\n');
  commit('before the project');
  push('main');
  server = spawn(process.execPath, [BIN, 'server', 'start', '--local', '--port', '0'], { env: machine.env });
  const [line] = await once(server.stdout ?? server, 'data');
  const { address, key_file } = JSON.parse(String(line));
  more = { AICHOR_SERVER: address, AICHOR_API_KEY: readFileSync(key_file, 'utf8').trim() };
  const settings = ['--repository', origin.url, '--allow-inner-addresses', '--engines', 'local'];
  await done('projects', 'create', 'folding', ...settings, '--branch', 'main');
  hook = documentOf(await done('projects', 'webhook-url', 'folding', '--provider', 'github'));
});
afterAll(async () => {
  server.kill('SIGTERM');
  await once(server, 'exit');
  machine.close();
  user.close();
  origin.close();
});

function git(...words: string[]): string {
  const settings = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', '-c', 'core.fsync=none'];
  return execFileSync('git', [...settings, ...words], { cwd: user.repo, encoding: 'utf8' }).trim();
}

function commit(message: string): string {
  git('add', '--all');
  git('commit', '--quiet', '--allow-empty', '--message', message);
  return git('rev-parse', 'HEAD');
}

function push(branch: string): void {
  git('push', '--quiet', 'origin', `HEAD:refs/heads/${branch}`);
}

async function done(...words: string[]) {
  const outcome = await user.aichor(words, { more });
  expect(outcome.code, outcome.stderr).toBe(0);
  return outcome;
}

/** What GitHub sends of a push. */
async function deliver(branch: string, sha: string, message: string): Promise<void> {
  const body = JSON.stringify({
    ...{ ref: `refs/heads/${branch}`, before: '1'.repeat(40), after: sha },
    commits: [{ id: sha, message }],
  });
  const signature = createHmac('sha256', hook.secret).update(body).digest('hex');
  const { pathname } = new URL(hook.url);
  const answer = await fetch(`${more['AICHOR_SERVER']}${pathname}`, {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json',
      'x-github-event': 'push',
      'x-hub-signature-256': `sha256=${signature}`,
    },
  });
  expect(answer.ok).toBe(true);
}

const logs = ['experiments', 'logs', '--commit', 'HEAD', '--follow'];

it('is followed from before the push to its end, and the pod is told of the commit', async () => {
  const sha = commit('exp: run it\n\nwith a body');
  const none = await user.aichor(['experiments', 'logs', '--commit', 'HEAD'], { more });
  expect(errorOf(none)).toMatchObject({ code: 'not_found', hint: expect.stringContaining('--follow') });
  let pushed: Promise<void> | null = null;
  const followed = await user.aichor(logs, {
    more,
    onStderr(text) {
      if (pushed !== null || !text.includes('is on no branch of a remote yet')) return;
      push('main');
      pushed = deliver('main', sha, 'exp: run it\n\nwith a body');
    },
  });
  await pushed;
  expect(followed.code, followed.stderr).toBe(0);
  const lines = followed.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .filter(({ step }) => step === 'run')
    .map(({ text }) => text);
  expect(lines).toEqual(
    expect.arrayContaining([
      `VCS_SHA=${sha}`,
      `VCS_SHA_SHORT=${sha.slice(0, 7)}`,
      'VCS_REF_NAME=main',
      'VCS_AUTHOR_NAME=Ada',
      'VCS_AUTHOR_EMAIL=ada@example.org',
      'VCS_COMMIT_MESSAGE_SHORT=exp: run it',
    ]),
  );
  const listed = documentOf(await done('experiments', 'list', '--commit', 'HEAD', '--branch', 'main'));
  expect(listed.experiments).toHaveLength(1);
  const record = documentOf(await done('experiments', 'get', listed.experiments[0].experiment_id));
  expect(record).toMatchObject({
    status: 'Succeeded',
    project: 'folding',
    submitted_by: 'push',
    source: {
      kind: 'commit',
      repository: origin.url,
      commit_sha: sha,
      branch: 'main',
      author: 'Ada <ada@example.org>',
      commit_message: 'exp: run it\n\nwith a body',
    },
  });
});

it('whose message starts nothing is said at once', async () => {
  commit('fix a typo');
  const said = await user.aichor(logs, { more });
  expect(said).toMatchObject({ code: 5, stdout: '' });
  expect(errorOf(said)).toMatchObject({ code: 'not_found', message: expect.stringContaining('starts none') });
});

it('that the project does not take is told with its reason', async () => {
  const sha = commit('exp: on another branch');
  push('try');
  const said = await user.aichor(logs, {
    more,
    onStderr: (text) => {
      if (text.includes('waiting for the push')) void deliver('try', sha, 'exp: on another branch');
    },
  });
  expect(said.code).toBe(5);
  expect(errorOf(said)).toMatchObject({
    code: 'not_found',
    message: expect.stringContaining('takes no pushes to the branch try'),
    hint: expect.stringContaining('aichor projects redeliver folding'),
  });
});

it('is no longer waited for after Ctrl-C, and not at all where no project has the repository', async () => {
  commit('exp: never pushed');
  const interrupted = await user.aichor(logs, {
    more,
    onStderr: (text, interrupt) => {
      if (text.includes('is on no branch')) interrupt();
    },
  });
  expect(interrupted).toMatchObject({ code: 130, stdout: '' });
  git('remote', 'set-url', 'origin', 'https://git.example/other.git');
  const nowhere = await user.aichor(logs, { more });
  expect(errorOf(nowhere)).toMatchObject({
    code: 'not_found',
    hint: expect.stringContaining('https://git.example/other.git'),
  });
  const both = await user.aichor([...logs, 'latest'], { more });
  expect(errorOf(both)).toMatchObject({ code: 'usage' });
  const alone = await user.aichor(logs);
  expect(errorOf(alone).hint).toContain('team’s server');
  git('remote', 'set-url', 'origin', origin.url);
});

it('a sweep of a commit is of that commit, fetched once, whatever the laptop and the branch have by then', async () => {
  writeFileSync(join(user.repo, 'main.sh'), 'echo "lr $LR of $VCS_SHA"; [ "$LR" != bad ]\n');
  const sha = commit('to be swept');
  push('main');
  const asked = ['experiments', 'sweep', '--project', 'folding', '--commit-sha', sha];
  const sweep = (...flags: string[]) => user.aichor([...asked, ...flags], { more });
  writeFileSync(join(user.repo, 'main.sh'), 'exit 1\n');
  const single = ['experiments', 'submit', 'commit-sha', sha, '--project', 'folding', '--env', 'LR=0'];
  origin.seen.length = 0;
  await done(...single, '--wait');
  const requests = origin.seen.length;
  origin.seen.length = 0;
  const made = await sweep('--grid', 'LR=0.1,0.2,bad', '--name', 'committed', '--wait');
  expect(made.code, made.stderr).toBe(8);
  expect(origin.seen.length).toBeLessThanOrEqual(requests);
  const { experiments } = documentOf(made);
  const source = { kind: 'commit', commit_sha: sha, repository: origin.url };
  expect(experiments).toMatchObject([
    { status: 'Succeeded', env: { LR: '0.1' }, source },
    { status: 'Succeeded', env: { LR: '0.2' }, source },
    { status: 'Failed', env: { LR: 'bad' }, source },
  ]);
  const printed = await done('experiments', 'logs', experiments[1].experiment_id);
  expect(printed.stdout).toContain(`lr 0.2 of ${sha}`);
  commit('after it');
  push('main');
  const again = documentOf(await sweep('--grid', 'LR=0.1,0.2,bad,0.3', '--name', 'committed', '--wait'));
  expect(again.experiments.map(({ env }: { env: object }) => env)).toContainEqual({ LR: '0.3' });
  const counts = { Succeeded: 3, Failed: 1 };
  expect(documentOf(await done('sweeps', 'get', 'committed'))).toMatchObject({
    points: 4,
    counts,
    missing: 0,
  });
  const viewer = documentOf(await done('keys', 'create', '--name', 'looks', '--role', 'viewer'));
  const refused = await user.aichor([...asked, '--grid', 'LR=9', '--name', 'committed'], {
    more: { ...more, AICHOR_API_KEY: viewer.key },
  });
  expect(errorOf(refused)).toMatchObject({ code: 'forbidden' });
});
