/** Pushes to a real forge: what it really sends, and what we really do with it. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Delivery } from '../../src/api/team/hook-contract.ts';
import { BIN, documentOf, makeProgram, manifest, type Program } from '../cli/program.ts';
import { forgeObstacle } from './forge.js';
import { startGitea, type Gitea } from './gitea.ts';

const missing = process.env['AICHOR_FORGE_MISSING'] || forgeObstacle();
if (missing !== null && process.env['CI'] && !process.env['AICHOR_FORGE_MISSING'])
  throw new Error(`no forge on this machine: ${missing}`);

let gitea: Gitea;
let machine: Program;
let user: Program;
let server: ChildProcess | undefined;
let more: Record<string, string>;

beforeAll(async () => {
  if (missing !== null) return;
  gitea = await startGitea();
  machine = makeProgram('team');
  user = makeProgram('user');
  server = spawn(process.execPath, [BIN, 'server', 'start', '--local', '--port', '0'], { env: machine.env });
  const [line] = await once(server.stdout ?? server, 'data');
  const { address, key_file } = JSON.parse(String(line));
  const key = readFileSync(key_file, 'utf8').trim();
  more = { AICHOR_SERVER: address, AICHOR_API_KEY: key, AICHOR_GIT_TOKEN: gitea.token };
});
afterAll(async () => {
  if (server !== undefined) {
    server.kill('SIGTERM');
    await once(server, 'exit');
  }
  user?.close();
  machine?.close();
  await gitea?.close();
});
beforeEach(({ skip }) => skip(missing !== null, missing ?? undefined));

async function done(...words: string[]) {
  const outcome = await user.aichor(words, { more });
  expect(outcome.code, outcome.stderr).toBe(0);
  return outcome;
}

/** A private repository with a project, and a clone of it. */
interface Place {
  name: string;
  hook: number;
  git(...words: string[]): string;
  /** Commits on a branch that is made if need be; its SHA. */
  commit(message: string, branch?: string): string;
  push(...branches: string[]): void;
  deliveries(): Promise<Delivery[]>;
  /** The newest delivery that is as wanted; waits for it. */
  delivery(wanted: (delivery: Delivery) => boolean): Promise<Delivery>;
  /** Waits for the experiment of a commit, and for its end; its record. */
  // oxlint-disable-next-line no-explicit-any
  ran(sha: string): Promise<any>;
}

async function makePlace(name: string): Promise<Place> {
  const { user: owner, token, api, url } = gitea;
  await api('POST', '/user/repos', { name, private: true, default_branch: 'main' });
  const clone = join(user.home, name);
  mkdirSync(clone);
  const git = (...words: string[]) =>
    execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', ...words], {
      cwd: clone,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim();
  git('init', '--quiet', '--initial-branch=main');
  git('remote', 'add', 'origin', url.replace('//', `//${owner}:${token}@`) + `/${owner}/${name}.git`);
  writeFileSync(join(clone, 'manifest.yaml'), manifest('sh main.sh'));
  writeFileSync(join(clone, 'Dockerfile'), 'FROM python:3.12-slim\n');
  writeFileSync(join(clone, 'main.sh'), 'echo "$VCS_REF_NAME $VCS_SHA"\n');
  const commit = (message: string, branch = 'main') => {
    git('checkout', '--quiet', '-B', branch);
    git('add', '--all');
    git('commit', '--quiet', '--allow-empty', '--message', message);
    return git('rev-parse', 'HEAD');
  };
  const push = (...branches: string[]) => void git('push', '--quiet', '--force', 'origin', ...branches);
  commit('exp: before the project');
  push('main');
  const at = ['--repository', `${url}/${owner}/${name}.git`, '--allow-inner-addresses', '--engines', 'local'];
  await done('projects', 'create', name, ...at, '--git-token', '--commit-status', 'gitea');
  const pasted = documentOf(await done('projects', 'webhook-url', name, '--provider', 'gitea'));
  const config = { url: pasted.url, secret: pasted.secret, content_type: 'json' };
  const made = { type: 'gitea', active: true, events: ['push'], config };
  const { id: hook } = await api('POST', `/repos/${owner}/${name}/hooks`, made);
  const deliveries = async (): Promise<Delivery[]> =>
    documentOf(await done('projects', 'deliveries', name)).deliveries;
  return {
    ...{ name, hook, git, commit, push, deliveries },
    async delivery(wanted) {
      for (;;) {
        const found = (await deliveries()).find(wanted);
        if (found !== undefined && found.decision !== 'queued') return found;
        await new Promise((resolve) => setTimeout(resolve, 300));
      }
    },
    async ran(sha) {
      const followed = await user.aichor(['experiments', 'logs', '--commit', sha, '--follow'], { more });
      expect(followed.code, followed.stderr).toBe(0);
      const { experiments } = documentOf(await done('experiments', 'list', '--commit', sha));
      expect(experiments).toHaveLength(1);
      return documentOf(await done('experiments', 'get', experiments[0].experiment_id));
    },
  };
}

/** As the page of the commit shows it: the newest of each context. */
const statusOf = (name: string, sha: string) =>
  gitea.api('GET', `/repos/${gitea.user}/${name}/commits/${sha}/status`);

describe('a push to Gitea', () => {
  let place: Place;
  beforeAll(async () => {
    if (missing === null) place = await makePlace('folding');
  });

  it('runs a clone of the private repository, and its commit is told what came of it', async () => {
    const sha = place.commit('exp: the first\n\nwith a body');
    place.push('main');
    const record = await place.ran(sha);
    expect(record).toMatchObject({
      status: 'Succeeded',
      project: 'folding',
      submitted_by: 'push',
      source: {
        kind: 'commit',
        repository: `${gitea.url}/${gitea.user}/folding.git`,
        commit_sha: sha,
        branch: 'main',
        author: 'Ada <ada@example.org>',
        commit_message: 'exp: the first\n\nwith a body',
      },
    });
    const [delivery] = await place.deliveries();
    expect(delivery).toMatchObject({
      provider: 'gitea',
      decision: 'made',
      commit: sha,
      ref: 'refs/heads/main',
    });
    const state = async () => (await statusOf('folding', sha)).state;
    await expect.poll(state, { timeout: 60_000, interval: 300 }).toBe('success');
    const all = await gitea.api('GET', `/repos/${gitea.user}/folding/statuses/${sha}`);
    const states = all.map(({ status }: { status: string }) => status);
    expect(states.toSorted()).toEqual(['pending', 'success']);
    expect((await statusOf('folding', sha)).statuses).toEqual([
      expect.objectContaining({
        status: 'success',
        context: 'aichor/folding',
        target_url: expect.stringMatching(new RegExp(`^https?://[^/]+/experiments/${record.experiment_id}$`)),
        description: expect.stringContaining('Succeeded'),
      }),
    ]);
    expect(JSON.stringify([record, delivery])).not.toContain(gitea.token);
  });

  it('that failed is told as a failure', async () => {
    writeFileSync(join(user.home, 'folding', 'main.sh'), 'exit 3\n');
    const sha = place.commit('exp: fails');
    place.push('main');
    const followed = await user.aichor(['experiments', 'logs', '--commit', sha, '--follow'], { more });
    expect(followed.code).toBe(8);
    const state = async () => (await statusOf('folding', sha)).state;
    await expect.poll(state, { timeout: 60_000, interval: 300 }).toBe('failure');
    writeFileSync(join(user.home, 'folding', 'main.sh'), 'echo "$VCS_REF_NAME $VCS_SHA"\n');
  });

  it('that is tested from its page, or sent again, starts nothing more', async () => {
    const sha = place.commit('exp: once');
    place.push('main');
    await place.ran(sha);
    const before = (await place.deliveries()).length;
    await gitea.api('POST', `/repos/${gitea.user}/folding/hooks/${place.hook}/tests`);
    const tested = await place.delivery(({ commit, decision }) => commit === sha && decision === 'ignored');
    expect(tested.why).toContain('test delivery');
    await replay(place);
    await expect
      .poll(async () => (await place.deliveries()).length, { timeout: 60_000, interval: 300 })
      .toBe(before + 2);
    expect((await place.deliveries())[0]?.decision).toBe('ignored');
    expect(documentOf(await done('experiments', 'list', '--commit', sha)).experiments).toHaveLength(1);
  });

  it('of two new branches at once, one on top of the other, runs both', async () => {
    const below = place.commit('exp: below', 'b1');
    const above = place.commit('exp: above', 'b2');
    place.push('b1', 'b2');
    expect((await place.ran(below)).source).toMatchObject({ branch: 'b1', commit_sha: below });
    expect((await place.ran(above)).source).toMatchObject({ branch: 'b2', commit_sha: above });
  });

  it('of a tag, a deletion, an older commit and a branch without new commits starts nothing', async () => {
    place.commit('exp: newest', 'main');
    const sha = place.commit('exp: newest, again', 'main');
    place.push('main');
    await place.ran(sha);
    const runs = async () => documentOf(await done('experiments', 'list')).experiments.length;
    const before = await runs();
    place.git('tag', 'v1');
    place.push('v1');
    place.push('main:refs/heads/same');
    place.push('main~1:refs/heads/main');
    place.push(':refs/tags/v1');
    for (const why of ['is no branch', 'decided upon already', 'older commit', 'was deleted'])
      await place.delivery((delivery) => delivery.decision === 'ignored' && delivery.why.includes(why));
    expect(await runs()).toBe(before);
  });

  it('that comes as a form is proven and read', async () => {
    const at = `/repos/${gitea.user}/folding/hooks/${place.hook}`;
    const { config } = await gitea.api('GET', at);
    await gitea.api('PATCH', at, { config: { ...config, content_type: 'form' } });
    const sha = place.commit('exp: as a form', 'main');
    place.push('main');
    await place.ran(sha);
    expect((await place.deliveries()).find(({ commit }) => commit === sha)).toMatchObject({
      provider: 'gitea',
      decision: 'made',
    });
  });
});

it('a repository that was renamed is not followed to its new address, and goes on when that is told', async () => {
  const place = await makePlace('protein');
  await gitea.api('PATCH', `/repos/${gitea.user}/protein`, { name: 'enzyme' });
  const repository = `${gitea.url}/${gitea.user}/enzyme.git`;
  place.git('remote', 'set-url', 'origin', repository.replace('//', `//${gitea.user}:${gitea.token}@`));
  const sha = place.commit('exp: at its new address');
  place.push('main');
  const failed = await place.delivery(({ commit }) => commit === sha);
  expect(failed).toMatchObject({ decision: 'failed', why: expect.stringContaining('has moved') });
  expect(failed.why).not.toContain(gitea.token);
  await done('projects', 'update', 'protein', '--repository', repository);
  await done('projects', 'redeliver', 'protein', failed.id);
  expect(await place.ran(sha)).toMatchObject({ status: 'Succeeded', source: { repository } });
});

/** The button of its page: the API has none. */
async function replay({ hook }: Place): Promise<void> {
  const { url, user: owner, password } = gitea;
  const signedIn = await fetch(`${url}/user/login`, {
    method: 'POST',
    redirect: 'manual',
    headers: { origin: url, 'sec-fetch-site': 'same-origin' },
    body: new URLSearchParams({ user_name: owner, password }),
  });
  expect(signedIn.status).toBe(303);
  // One of a name replaces those before it.
  const cookies = new Map(
    signedIn.headers.getSetCookie().map((one) => [one.split('=')[0], one.split(';')[0]]),
  );
  const cookie = [...cookies.values()].join('; ');
  const page = `${url}/${owner}/folding/settings/hooks/${hook}`;
  const shown = await fetch(page, { headers: { cookie } });
  const text = await shown.text();
  const path = /\/settings\/hooks\/\d+\/replay\/[0-9a-f-]{36}/.exec(text)?.[0];
  expect(path, `${shown.status} ${shown.url} ${/<title>[^<]*/.exec(text)?.[0]}`).toBeDefined();
  const headers = { cookie, origin: url, 'sec-fetch-site': 'same-origin' };
  const answer = await fetch(`${url}/${owner}/folding${path}`, {
    method: 'POST',
    redirect: 'manual',
    headers,
  });
  expect(answer.status).toBeLessThan(400);
}
