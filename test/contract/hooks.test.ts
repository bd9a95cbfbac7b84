/** Pushes that start experiments: proofs of every provider, one decision for each commit, a real Git server behind them. */
import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, onTestFailed, vi } from 'vitest';
import type { Delivery, Provider } from '../../src/api/team/hook-contract.ts';
import { bodiesOf } from '../../src/server/hooks/providers.ts';
import { createCommitSource } from '../../src/server/submission/commit/commits.ts';
import { startGitServer, type GitServer } from '../fakes/git-server.ts';
import { createTestPlane, FILES, type TestPlane } from './control-plane.ts';

const TOKEN = 'canary-git-token-51c2';
const TRIGGER = 'exp: run it';
const commits = createCommitSource(process.env);

let t: TestPlane;
let origin: GitServer;
let hook: string;
let secret: string;

// A push is a dozen programs of Git and as many writes that wait for the disk: on a busy machine that is no matter of seconds.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

beforeEach(async () => {
  origin = await startGitServer({ basic: `git:${TOKEN}` });
  origin.commit(FILES, 'exp: before the project');
  t = await createTestPlane({ judges: true, commits });
  const made = await t.call('POST', '/projects', {
    name: 'p',
    engines: ['local'],
    repository: origin.url,
    allow_inner_addresses: true,
    git: { kind: 'token', token: TOKEN },
  });
  if (made.status !== 201) throw new Error(JSON.stringify(made.body));
  await t.hooks.reconcile('p');
  const { body } = await t.call('POST', '/projects/p/hook', { provider: 'github' });
  hook = new URL(body.url).pathname.split('/')[2] ?? '';
  secret = body.secret;
});
afterEach(async () => {
  await t.close();
  origin.close();
});

const hex = (body: string, key = secret) => createHmac('sha256', key).update(body).digest('hex');
const send = (headers: Record<string, string>, body: string) =>
  t.hooks.receive(hook, {
    headers: { 'content-type': 'application/json', ...headers },
    body: Buffer.from(body),
  });
const ZERO = '0'.repeat(40);

function push(after: string, more: object = {}): string {
  const commits = [{ id: after, message: TRIGGER }];
  return JSON.stringify({ ref: 'refs/heads/main', before: '1'.repeat(40), after, commits, ...more });
}
const github = (body: string, key = secret) =>
  send({ 'x-github-event': 'push', 'x-hub-signature-256': `sha256=${hex(body, key)}` }, body);

const deliveries = async (project = 'p'): Promise<Delivery[]> =>
  (await t.call('GET', `/projects/${project}/deliveries?limit=1000`)).body.deliveries;
async function decided(id: string | null | undefined, project = 'p'): Promise<Delivery> {
  let found: Delivery | undefined;
  onTestFailed(() => console.error(`delivery ${id}: ${told({ found, logged: t.logged })}`));
  for (;;) {
    const all = await deliveries(project);
    found = all.find((one) => one.id === id);
    if (found === undefined) throw new Error(`there is no delivery ${id}: ${told(all)}`);
    if (found.decision !== 'queued') return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
const told = (value: object) =>
  JSON.stringify(value, (_key, one: unknown) => (one instanceof Error ? one.message : one));
const experiments = async () => (await t.call('GET', '/experiments')).body.experiments;

describe('a push', () => {
  it('makes one experiment of its newest commit, with what is known of it', async () => {
    const sha = origin.commit({ 'main.py': 'print(2)\n' }, `${TRIGGER}\n\nthe body`);
    const body = push(sha, { head_commit: { id: sha, message: `${TRIGGER}\n\nthe body` } });
    const answered = github(body);
    expect(answered).toMatchObject({ status: 202, body: { decision: 'queued' } });
    const delivery = await decided(answered.body.delivery_id);
    expect(delivery).toMatchObject({
      decision: 'made',
      provider: 'github',
      ref: 'refs/heads/main',
      commit: sha,
    });
    const [made, ...others] = await experiments();
    expect(others).toEqual([]);
    expect(made).toMatchObject({
      experiment_id: delivery.experiment_id,
      project: 'p',
      submitted_by: 'push',
      message: `${TRIGGER}\n\nthe body`,
      source: {
        kind: 'commit',
        repository: origin.url,
        commit_sha: sha,
        branch: 'main',
        author: 'Ada <ada@example.org>',
      },
    });
    const { context } = await t.engine.started(made.experiment_id);
    const vcs = context.plan.groups[0]?.env
      .filter(({ origin: from }) => from === 'vcs')
      .map(({ name }) => name);
    expect(vcs).toEqual(expect.arrayContaining(['VCS_SHA', 'VCS_REF_NAME', 'VCS_AUTHOR_NAME']));
    expect(
      (await t.call('GET', `/experiments?branch=main&commit=${sha.slice(0, 9)}`)).body.experiments,
    ).toHaveLength(1);
    for (const text of [delivery, made, t.logged]) expect(JSON.stringify(text)).not.toMatch(/canary/);
  });

  it('that comes many times makes one experiment', async () => {
    const sha = origin.commit({}, TRIGGER);
    const all = Array.from({ length: 200 }, () => github(push(sha)));
    expect(all.filter(({ status }) => status === 202)).toHaveLength(1);
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set([200, 202]));
    const first = await decided(all.find(({ status }) => status === 202)?.body.delivery_id ?? null);
    expect(first.decision).toBe('made');
    expect(await experiments()).toHaveLength(1);
    expect(github(push(sha)).body.why).toContain(first.experiment_id);
  });

  it('of a project whose repository is a folder of the server, which an admin allowed, makes one, too', async () => {
    const made = await t.call('POST', '/projects', {
      ...{
        name: 'here',
        engines: ['local'],
        repository: `file://${origin.path}`,
        allow_local_repository: true,
      },
    });
    expect(made.body).toMatchObject({ name: 'here' });
    await t.hooks.reconcile('here');
    const sha = origin.commit({}, TRIGGER);
    await t.hooks.reconcile('here');
    const { body } = await t.call('GET', '/projects/here/deliveries');
    expect((await decided(body.deliveries[0].id, 'here')).decision).toBe('made');
    expect((await experiments())[0]).toMatchObject({ project: 'here', source: { commit_sha: sha } });
  });

  it('is decided after a restart that came before', async () => {
    await t.close();
    t = await createTestPlane({ data: t.data, commits });
    const sha = origin.commit({}, TRIGGER);
    const { body } = github(push(sha));
    await t.close();
    t = await createTestPlane({ data: t.data, judges: true, commits });
    expect((await decided(body.delivery_id)).decision).toBe('made');
    expect(github(push(sha)).status).toBe(200);
    expect(await experiments()).toHaveLength(1);
  });

  it('with a bad manifest is an experiment that failed at clone', async () => {
    const sha = origin.commit({ 'manifest.yaml': 'kind: AIchorManifest\n' }, TRIGGER);
    const { experiment_id } = await decided(github(push(sha)).body.delivery_id);
    const { body } = await t.call('GET', `/experiments/${experiment_id}`);
    expect(body).toMatchObject({ status: 'Failed', step: 'clone', reason: 'ManifestInvalid' });
  });

  it('that no delivery told of is found; what was there before the project is not', async () => {
    expect(await experiments()).toEqual([]);
    const sha = origin.commit({}, TRIGGER, 'missed');
    await t.hooks.reconcile('p');
    const found = (await deliveries()).find(({ commit }) => commit === sha);
    expect(found?.provider).toBe('ls-remote');
    expect((await decided(found?.id)).decision).toBe('made');
    await t.hooks.reconcile('p');
    expect(await deliveries()).toHaveLength(1);
    const again = await t.call('POST', `/projects/p/deliveries/${found?.id}/redeliver`, {});
    expect((await decided(again.body.deliveries[0].id)).decision).toBe('made');
    expect(await experiments()).toHaveLength(2);
  });

  const sha = 'a'.repeat(40);
  it.each([
    ['a tag', { ref: 'refs/tags/v1' }, 'no branch'],
    ['a deletion', { after: ZERO, commits: [] }, 'deleted'],
    ['a test delivery', { before: sha }, 'test delivery'],
    ['an older commit pushed back', { commits: [] }, 'older commit'],
    ['another message', { commits: [{ id: sha, message: 'expérience 3' }] }, 'neither'],
    ['a path that leads out', { commits: [{ id: sha, message: 'aichor[../x.yaml]: y' }] }, 'leads out'],
    ['nonsense', { ref: 7 }, 'form that is known'],
    ['an object id that is none', { after: '--upload-pack=id' }, 'form that is known'],
  ])('of %s is ignored with its reason', async (_what, more, why) => {
    const answered = github(push(sha, more));
    expect(answered).toMatchObject({
      status: 200,
      body: { decision: 'ignored', why: expect.stringContaining(why) },
    });
    expect((await deliveries())[0]).toMatchObject({ decision: 'ignored', why: answered.body.why });
    expect(await experiments()).toEqual([]);
  });

  it('of a new branch without new commits is ignored, one with an unlisted commit is looked at', async () => {
    const old = origin.git('rev-parse', 'HEAD');
    const same = github(push(old, { ref: 'refs/heads/b', before: ZERO, created: true, commits: [] }));
    expect(same.body).toMatchObject({
      decision: 'ignored',
      why: expect.stringContaining('before the project'),
    });
    const fresh = origin.commit({}, TRIGGER, 'b1');
    const two = github(push(fresh, { ref: 'refs/heads/b1', before: ZERO, created: true, commits: [] }));
    expect((await decided(two.body.delivery_id)).decision).toBe('made');
  });

  it('that is told of while the project is changed stays told of', async () => {
    const { projects } = t.plane;
    const body = push(sha, { commits: [{ id: sha, message: 'no' }] });
    const before = projects.named('p');
    expect(before).not.toHaveProperty('proof');
    vi.spyOn(projects, 'named').mockImplementationOnce(() => {
      queueMicrotask(() => github(body));
      return before;
    });
    expect((await t.call('POST', '/projects/p', { branches: [] })).status).toBe(200);
    expect(projects.named('p')).toMatchObject({ proof: 2, heads_of: origin.url });
    const both = [['main'], ['release/*']].map((branches) => t.call('POST', '/projects/p', { branches }));
    const statuses = (await Promise.all(both)).map(({ status }) => status);
    expect(statuses.toSorted((a, b) => a - b)).toEqual([200, 409]);
  });

  it('to a branch that the project does not take is ignored', async () => {
    await t.call('POST', '/projects/p', { branches: ['main', 'release/*'] });
    const other = github(push(sha, { ref: 'refs/heads/try/1' }));
    expect(other.body).toMatchObject({ decision: 'ignored', why: expect.stringContaining('try/1') });
  });

  it('that nobody has sent yet is explained as it would be decided', async () => {
    const explain = async (message: string, branch?: string) =>
      (await t.call('POST', '/projects/p/explain', { message, branch })).body;
    await t.call('POST', '/projects/p', { branches: ['main'], manifest_root: 'jobs/a' });
    expect(await explain('aichor[fast/m.yaml]: go')).toMatchObject({
      triggers: true,
      manifest: 'jobs/a/aichor_manifests/fast/m.yaml',
    });
    expect(await explain(TRIGGER, 'main')).toMatchObject({
      triggers: true,
      manifest: 'jobs/a/manifest.yaml',
    });
    expect(await explain('Aichor[m.yaml]: go')).toMatchObject({
      triggers: false,
      manifest: null,
      why: 'aichor is written in small letters',
      hint: 'write aichor[m.yaml]: …',
    });
    const [asked, sent] = [await explain(TRIGGER, 'other'), github(push(sha, { ref: 'refs/heads/other' }))];
    expect(asked).toMatchObject({ triggers: false, why: sent.body.why });
    await t.call('POST', '/projects/p', { repository: null, git: { kind: 'none' } });
    expect(await explain(TRIGGER)).toMatchObject({
      triggers: false,
      why: expect.stringContaining('no repository'),
    });
  });
});

describe('a proof', () => {
  const sha = 'b'.repeat(40);
  const stamp = () => String(Math.floor(Date.now() / 1000));
  const standard = (body: string, time = stamp()) => ({
    'webhook-id': 'd1',
    'webhook-timestamp': time,
    'webhook-signature': `v1,${createHmac('sha256', Buffer.from(secret, 'base64')).update(`d1.${time}.${body}`).digest('base64')}`,
  });
  const bitbucket = (after: string) => ({
    push: {
      changes: [
        {
          old: { target: { hash: '1'.repeat(40) } },
          new: { type: 'branch', name: 'main', target: { hash: after, message: 'no' } },
          commits: [{ hash: after }],
        },
      ],
    },
  });
  const dataCenter = (after: string) => ({
    changes: [
      {
        ref: { id: 'refs/heads/main', type: 'BRANCH' },
        fromHash: '1'.repeat(40),
        toHash: after,
        type: 'UPDATE',
      },
    ],
    toCommit: { id: after, message: 'no' },
  });
  const azure = (after: string) => ({
    eventType: 'git.push',
    resource: {
      refUpdates: [{ name: 'refs/heads/main', oldObjectId: '1'.repeat(40), newObjectId: after }],
      commits: [{ commitId: after, comment: 'no' }],
    },
  });
  const basic = () => ({ authorization: `Basic ${Buffer.from(`aichor:${secret}`).toString('base64')}` });
  const plain = JSON.parse(push(sha, { commits: [{ id: sha, message: 'no' }] }));
  const cases: [string, Provider, object, (body: string) => Record<string, string>][] = [
    [
      'GitHub',
      'github',
      plain,
      (b) => ({ 'x-github-event': 'push', 'x-hub-signature-256': `sha256=${hex(b)}` }),
    ],
    [
      'Gitea',
      'gitea',
      plain,
      (b) => ({ 'x-gitea-event': 'push', 'x-github-event': 'push', 'x-gitea-signature': hex(b) }),
    ],
    [
      'Forgejo',
      'gitea',
      plain,
      (b) => ({ 'x-forgejo-event': 'push', 'x-hub-signature-256': `sha256=${hex(b)}` }),
    ],
    ['GitLab, signing token', 'gitlab', plain, (b) => ({ 'x-gitlab-event': 'Push Hook', ...standard(b) })],
    ['GitLab, older', 'gitlab', plain, () => ({ 'x-gitlab-event': 'Push Hook', 'x-gitlab-token': secret })],
    [
      'Bitbucket Cloud',
      'bitbucket',
      bitbucket(sha),
      (b) => ({ 'x-event-key': 'repo:push', 'x-request-uuid': 'u', 'x-hub-signature': `sha256=${hex(b)}` }),
    ],
    [
      'Bitbucket Data Center',
      'bitbucket-dc',
      dataCenter(sha),
      (b) => ({
        'x-event-key': 'repo:refs_changed',
        'x-request-id': 'u',
        'x-hub-signature': `sha256=${hex(b)}`,
      }),
    ],
    ['Azure DevOps', 'azure', azure(sha), () => basic()],
  ];

  it.each(cases)('of %s is taken, and no other', async (_name, provider, payload, headersFor) => {
    const body = JSON.stringify(payload);
    const taken = send(headersFor(body), body);
    expect(taken, JSON.stringify(taken)).toMatchObject({
      status: 200,
      body: { decision: 'ignored', why: expect.stringContaining('neither') },
    });
    expect((await deliveries())[0]).toMatchObject({ provider, commit: sha, ref: 'refs/heads/main' });
    const right = secret;
    secret = Buffer.from('x'.repeat(32)).toString('base64');
    expect(send(headersFor(body), body).status).toBe(401);
    secret = right;
    const names = Object.keys(headersFor(body)).filter((name) => /signature|token|authorization/.test(name));
    expect(
      send(
        Object.fromEntries(Object.entries(headersFor(body)).filter(([name]) => !names.includes(name))),
        body,
      ).status,
    ).toBe(401);
    const isSigned = names.some((name) => name.includes('signature'));
    if (isSigned) expect(send(headersFor(body), `${body} `).status).toBe(401);
  });

  it.each([
    [
      'Bitbucket Cloud',
      'bitbucket',
      { push: { changes: [] } },
      { 'x-event-key': 'repo:push', 'x-request-uuid': 'u' },
    ],
    ['Bitbucket Cloud, its id lost', 'bitbucket', { push: { changes: [] } }, { 'x-event-key': 'repo:push' }],
    ['Bitbucket Data Center', 'bitbucket-dc', { changes: [] }, { 'x-event-key': 'repo:refs_changed' }],
  ])('of a push of %s that changes no ref is told so', async (_name, provider, payload, headers) => {
    const body = JSON.stringify(payload);
    const sent = send({ ...headers, 'x-hub-signature': `sha256=${hex(body)}` }, body);
    const told = { decision: 'ignored', why: 'it changes no ref: nothing is started by it' };
    expect(sent).toMatchObject({ status: 200, body: told });
    const kept = (await deliveries())[0];
    expect(kept).toMatchObject({ ...told, provider, id: sent.body.delivery_id, commit: null, ref: null });
  });

  it('that is weaker than one that was seen is refused from then on', () => {
    const body = push(sha, { commits: [{ id: sha, message: 'no' }] });
    const token = { 'x-gitlab-event': 'Push Hook', 'x-gitlab-token': secret };
    expect(send(token, body).status).toBe(200);
    expect(send({ 'x-gitlab-event': 'Push Hook', ...standard(body) }, body).status).toBe(200);
    expect(send(token, body)).toMatchObject({
      status: 401,
      body: { why: expect.stringContaining('not signed') },
    });
  });

  it('that is older than five minutes is none', () => {
    const body = push(sha);
    const old = String(Math.floor(Date.now() / 1000) - 400);
    expect(send({ 'x-gitlab-event': 'Push Hook', ...standard(body, old) }, body).status).toBe(401);
  });

  it.each([
    ['the form', (form: string, _json: string) => form],
    ['the JSON inside, as Gitea signs', (_form: string, json: string) => json],
  ])('of a form is over %s', (_what, signed) => {
    const json = push(sha, { commits: [{ id: sha, message: 'no' }] });
    const form = new URLSearchParams({ payload: json }).toString();
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      'x-github-event': 'push',
      'x-hub-signature-256': `sha256=${hex(signed(form, json))}`,
    };
    expect(send(headers, form)).toMatchObject({ status: 200, body: { decision: 'ignored' } });
    expect(bodiesOf({ headers, body: Buffer.from(form) }).json.toString()).toBe(json);
  });

  it('with the secret before a rotation is good for a day more', async () => {
    const old = secret;
    const { body } = await t.call('POST', '/projects/p/hook', { provider: 'github', rotate: true });
    expect(body.secret).not.toBe(old);
    const payload = push(sha, { commits: [{ id: sha, message: 'no' }] });
    expect(github(payload, old).status).toBe(200);
    expect(github(payload, body.secret).status).toBe(200);
    const project = t.plane.projects.named('p');
    const values = t.plane.privateValues.ofProject(project?.id ?? '');
    expect(values.hook.map(({ until }) => until === null)).toEqual([true, false]);
  });

  it('is asked for by a hook that there is, and by no other', () => {
    expect(t.hooks.receive('nothing', { headers: {}, body: Buffer.alloc(0) }).status).toBe(404);
  });
});

describe('the token of a project', () => {
  it('is seen by its origin, and not by where that leads to', async () => {
    const thief = await startGitServer();
    const lure = await startGitServer({ redirect: thief.url.replace('/repo.git', '') });
    try {
      await t.call('POST', '/projects/p', { repository: lure.url, git: { kind: 'token', token: TOKEN } });
      const source = { kind: 'commit', repository: lure.url, commit_sha: 'main' };
      const { status, body } = await t.call('POST', '/experiments', { source, project: 'p' });
      expect([status, body.error.code]).toEqual([404, 'not_found']);
      expect(JSON.stringify(body)).not.toContain('canary');
      expect(lure.seen.length).toBeGreaterThan(0);
      expect(thief.seen).toEqual([]);
    } finally {
      thief.close();
      lure.close();
    }
  });

  it('is not seen by a submodule elsewhere', async () => {
    const other = await startGitServer();
    try {
      other.commit({ 'x.py': '' }, 'theirs');
      origin.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', other.path, 'sub');
      origin.git('config', '--file', '.gitmodules', 'submodule.sub.url', other.url);
      const manifest = `${FILES['manifest.yaml']}clone:\n  submodules: "true"\n`;
      const sha = origin.commit({ 'manifest.yaml': manifest }, TRIGGER);
      other.seen.length = 0;
      const { experiment_id, why } = await decided(github(push(sha)).body.delivery_id);
      expect(experiment_id, why).not.toBe(null);
      expect(other.seen.length).toBeGreaterThan(0);
      expect(other.seen.every(({ authorization }) => authorization === undefined)).toBe(true);
      const { context } = await t.engine.started(experiment_id ?? '');
      expect(context.snapshot.paths()).toContain('sub/x.py');
    } finally {
      other.close();
    }
  });
});
