/** Projects: what they allow, what they give, and what a key for some of them sees. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { isTerminal } from '../../src/experiment/status.ts';
import { createFakeEngine } from '../fakes/fake-engine.ts';
import {
  createTestPlane,
  FILES,
  JOBSET,
  localSubmission,
  type Answer,
  type TestPlane,
} from './control-plane.ts';

const ADMIN = 'the-key-of-the-server';

let t: TestPlane;
let digest: string;

beforeEach(async () => {
  t = await createTestPlane({ apiKey: ADMIN, localForAll: false });
  digest = await t.snapshot(FILES);
});
afterEach(() => t.close());

const call = (method: string, path: string, body?: unknown, key = ADMIN): Promise<Answer> =>
  t.call(method, path, body, { authorization: `Bearer ${key}` });

async function make(name: string, more: object = {}): Promise<Answer['body']> {
  const { status, body } = await call('POST', '/projects', { name, engines: ['local'], ...more });
  expect({ status, error: body.error }).toMatchObject({ status: 201 });
  return body;
}

async function keyFor(name: string, role: string, projects: string[] | null): Promise<string> {
  const { status, body } = await call('POST', '/keys', { name, role, projects });
  expect({ status, error: body.error }).toMatchObject({ status: 201 });
  return body.key;
}

const submit = (project: string | null, more: object = {}, key = ADMIN): Promise<Answer> =>
  call('POST', '/experiments', { ...localSubmission(digest), project, ...more }, key);

describe('a project', () => {
  it('is made, changed and told, and goes when nothing of it lives', async () => {
    const made = await make('Protein folding', { quotas: { running: 1 }, branches: ['main'] });
    expect(made).toMatchObject({
      name: 'Protein folding',
      engines: ['local'],
      quotas: { running: 1, gpus: null, stored_gb: null },
      created_by: 'server',
      live_experiments: 0,
    });
    const at = `/projects/${encodeURIComponent('Protein folding')}`;
    const { body } = await call('POST', at, { quotas: { gpus: 4 }, retention_s: 86_400 });
    expect(body).toMatchObject({
      quotas: { running: 1, gpus: 4, stored_gb: null },
      retention_s: 86_400,
      branches: ['main'],
    });
    expect((await call('GET', at)).body).toEqual(body);
    expect((await call('GET', '/projects')).body.projects).toEqual([body]);
    const { body: run } = await submit('Protein folding');
    const refused = await call('DELETE', at);
    expect([refused.status, refused.body.error.message]).toEqual([
      409,
      expect.stringContaining(run.experiment_id),
    ]);
    (await t.engine.started(run.experiment_id)).endWith('Succeeded');
    await t.until(run.experiment_id, ({ record }) => isTerminal(record.status));
    expect((await call('DELETE', at)).status).toBe(200);
    expect((await call('GET', at)).status).toBe(404);
    expect((await call('GET', `/experiments/${run.experiment_id}`)).body.project).toBe('Protein folding');
    const { body: audit } = await call('GET', '/audit');
    expect(audit.events.map(({ deed }: { deed: string }) => deed)).toEqual([
      'project.create',
      'project.update',
      'project.delete',
    ]);
    expect(audit.events[1].details).toEqual({
      quotas: { running: 1, gpus: 4, stored_gb: null },
      retention_s: 86_400,
    });
  });

  it.each([
    ['a name that is taken', { name: 'there' }, 409],
    ['an engine that is not there', { engines: ['moon'] }, 422],
    ['a default engine that it may not use', { default_engine: 'gpu' }, 400],
    ['a variable of ours', { variables: [{ name: 'AICHOR_PROJECT_ID', value: 'x' }] }, 400],
    [
      'a secret that would stay in an image',
      { variables: [{ name: 'TOKEN', value: 'x', scope: 'build', sensitive: true }] },
      400,
    ],
    ['a repository of the server', { repository: 'file:///srv/x' }, 403],
    ['a path of the server', { repository: '/srv/x' }, 403],
    [
      'a path that depends on where the server was started',
      { repository: './x', allow_local_repository: true },
      400,
    ],
    ['an inner address', { repository: 'https://127.0.0.1/x.git' }, 403],
    ['a name that means an inner address', { repository: 'https://localhost/x.git' }, 403],
    ['an inner address in the form of IPv6', { repository: `https://${'[::ffff:10.0.0.1]'}/x.git` }, 403],
    ['http', { repository: 'http://git.example/x.git' }, 403],
    ['a password in the URL', { repository: 'https://a:b@git.example/x.git' }, 400],
    ['a program', { repository: 'ext::sh -c id' }, 400],
    ['an option', { repository: 'ssh://-oProxyCommand=id/x' }, 400],
    ['a token for ssh', { repository: 'git@192.0.2.1:a/b.git', git: { kind: 'token', token: 'x' } }, 400],
    ['credentials for nothing', { git: { kind: 'token', token: 'x' } }, 400],
    ['a host of ssh that nobody has looked at', { repository: 'git@192.0.2.1:a/b.git' }, 409],
    ['a folder outside of the repository', { manifest_root: '../x' }, 400],
    ['what it does not know', { colour: 'red' }, 400],
  ])('is not made with %s', async (_what, more, status) => {
    await make('there');
    const answer = await call('POST', '/projects', { name: 'new', engines: ['local'], ...more });
    expect({ status: answer.status, body: answer.body }).toMatchObject({ status });
    expect(answer.body.error.hint).not.toBe(null);
    expect((await call('GET', '/projects')).body.projects).toHaveLength(1);
  });

  it('tells how a repository of the server is allowed', async () => {
    const more = { repository: '/srv/x', engines: ['local'] };
    const { body } = await call('POST', '/projects', { name: 'new', ...more });
    expect(body.error.hint).toContain('--allow-local-repository');
    const allowed = await call('POST', '/projects', { name: 'new', ...more, allow_local_repository: true });
    expect(allowed.status).toBe(201);
  });

  it('says of a repository of the server that it is not there at present', async () => {
    const more = { allow_local_repository: true };
    const absent = await make('absent', { ...more, repository: 'file:///aichor/no%20such/x.git' });
    expect(absent.notices).toContainEqual(expect.stringContaining('no /aichor/no such/x.git on the server'));
    const there = await make('there', { ...more, repository: tmpdir() });
    expect(there.notices).not.toContainEqual(expect.stringContaining('on the server at present'));
  });

  it('runs on clusters only, unless an admin says otherwise, and says then what that means', async () => {
    const closed = await make('closed', { engines: null });
    expect(closed.notices).toEqual([expect.stringContaining('no cluster')]);
    const refused = await submit('closed');
    expect([refused.status, refused.body.error.code]).toEqual([422, 'engine_unavailable']);
    const open = await make('open');
    expect(open.notices).toEqual([expect.stringContaining("rights of the server's user")]);
    expect((await submit('open')).status).toBe(201);
    expect((await submit(null)).status).toBe(422);
  });

  it('gives variables below those of the manifest; of secrets nobody is told the value again', async () => {
    const variables = [
      { name: 'STAGE', value: 'test' },
      { name: 'LR', value: 'the-projects' },
      { name: 'TOKEN', value: 'canary-token-7f3a', sensitive: true },
      {
        name: 'PIP_INDEX_URL',
        value: 'https://user:canary-pip@pypi.example/',
        scope: 'build',
        sensitive: true,
      },
      { name: 'EXTRA', value: 'gpu', scope: 'both' },
    ];
    const project = await make('folding', { variables });
    expect(project.variables).toContainEqual({ name: 'TOKEN', value: null, scope: 'run', sensitive: true });
    const { body } = await submit('folding', { env: { LR: 'mine' } });
    const { context } = await t.engine.started(body.experiment_id);
    const env = Object.fromEntries(
      context.plan.groups[0]?.env.map((variable) => [variable.name, [variable.origin, variable.source]]) ??
        [],
    );
    expect(env).toMatchObject({
      STAGE: ['project', { value: 'test' }],
      LR: ['submission', { value: 'mine' }],
      TOKEN: ['project', { kind: 'secret' }],
      EXTRA: ['project', { value: 'gpu' }],
    });
    expect(env).not.toHaveProperty('PIP_INDEX_URL');
    expect(context.secrets).toEqual({ TOKEN: 'canary-token-7f3a' });
    expect(context.shell['PIP_INDEX_URL']).toContain('canary-pip');
    expect(context.plan.builder.build_args).toEqual({ EXTRA: 'gpu' });
    expect(body).toMatchObject({ env: { LR: 'mine' }, secrets: [] });
    // Again: those of the project as it is then.
    await call('POST', '/projects/folding', { drop_variables: ['STAGE', 'TOKEN'] });
    const again = await call('POST', `/experiments/${body.experiment_id}/resubmit`, {});
    const next = await t.engine.started(again.body.experiment_id);
    expect(next.context.secrets).toEqual({});
    expect(next.context.plan.groups[0]?.env.some(({ name }) => name === 'STAGE')).toBe(false);
    const answers = [(await call('GET', '/projects/folding')).body, (await call('GET', '/audit')).body, body];
    expect(JSON.stringify([answers, t.logged])).not.toMatch(/canary/);
    for (const file of await readdir(t.data, { recursive: true })) {
      const bytes = await readFile(join(t.data, file)).catch(() => Buffer.alloc(0));
      if (bytes.includes('canary')) expect(file).toMatch(/^private-values\.sqlite/);
    }
  });

  it('is beaten by the manifest', async () => {
    digest = await t.snapshot({ ...FILES, 'manifest.yaml': `${JOBSET}  env:\n    STAGE: manifest\n` });
    await make('folding', { variables: [{ name: 'STAGE', value: 'secret', sensitive: true }] });
    const { body } = await submit('folding');
    const { context } = await t.engine.started(body.experiment_id);
    const stage = context.plan.groups[0]?.env.filter(({ name }) => name === 'STAGE');
    expect(stage).toMatchObject([{ origin: 'spec.env', source: { value: 'manifest' } }]);
  });
});

describe('quotas', () => {
  const explanation = (id: string, words: string) =>
    t.until(id, ({ record, progress }) => `${record.explanation} ${progress}`.includes(words));

  it('hold back what is too much of one project, and nobody else', async () => {
    await make('small', { quotas: { running: 1 } });
    await make('other');
    const [first, second] = [(await submit('small')).body, (await submit('small')).body];
    const run = await t.engine.started(first.experiment_id);
    await explanation(second.experiment_id, 'at most 1 experiment');
    const third = (await submit('other')).body;
    await t.engine.started(third.experiment_id);
    run.endWith('Succeeded');
    await t.engine.started(second.experiment_id);
    const fourth = (await submit('small')).body;
    await explanation(fourth.experiment_id, 'at most 1 experiment');
    await call('POST', '/projects/small', { quotas: { running: null } });
    await t.engine.started(fourth.experiment_id);
  });

  it('of GPUs say what is in use, and what can never start', async () => {
    const gpus = (count: number) =>
      JOBSET.replace(
        '        ramRatio: 1\n',
        `        ramRatio: 1\n        accelerators:\n          gpu: { count: ${count}, type: gpu, product: NVIDIA-A100-SXM4-80GB }\n`,
      );
    await make('small', { quotas: { gpus: 2 } });
    digest = await t.snapshot({ ...FILES, 'manifest.yaml': gpus(1) });
    const [first, second] = [(await submit('small')).body, (await submit('small')).body];
    await t.engine.started(first.experiment_id);
    await explanation(second.experiment_id, '2 of 2 GPUs are in use, and it asks for 2');
    digest = await t.snapshot({ ...FILES, 'manifest.yaml': gpus(2) });
    await explanation((await submit('small')).body.experiment_id, 'can never start');
  });

  it('of what is stored hold back what is new', async () => {
    await make('full', { quotas: { stored_gb: 0.001 } });
    await mkdir(join(t.data, 'outputs', 'full'), { recursive: true });
    await writeFile(join(t.data, 'outputs', 'full', 'model'), Buffer.alloc(1_100_000));
    const { body } = await submit('full');
    await explanation(body.experiment_id, 'stores 1.1 MB, more than its 0.001 GB');
    await call('POST', '/projects/full', { quotas: { stored_gb: 1 } });
    await t.engine.started(body.experiment_id);
  });

  it('of what is stored let start by themselves when there is room again', async () => {
    await make('full', { quotas: { stored_gb: 0.001 } });
    const folder = join(t.data, 'outputs', 'full');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'model'), Buffer.alloc(1_100_000));
    const { body } = await submit('full');
    await explanation(body.experiment_id, 'more than its 0.001 GB');
    await rm(folder, { recursive: true });
    // What was measured is taken for half a minute: to the control plane that is over.
    const now = performance.now.bind(performance);
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now() + 60_000);
    await t.engine.started(body.experiment_id);
    clock.mockRestore();
  });
});

describe('a key for some projects', () => {
  let theirs: string;
  let mine: Record<string, string>;
  let key: string;

  beforeEach(async () => {
    await t.close();
    const engine = createFakeEngine({ capacity: { max_experiments: 0 } });
    t = await createTestPlane({ apiKey: ADMIN, localForAll: true, engine });
    digest = await t.snapshot(FILES);
    await make('a');
    await make('b');
    key = await keyFor('anna', 'member', ['a']);
    mine = (await submit(null, {}, key)).body;
    theirs = (await submit('b')).body.experiment_id;
  });
  const asked = (method: string, path: string, body?: unknown) => call(method, path, body, key);

  it('submits to its own, and to no other', async () => {
    expect(mine).toMatchObject({ project: 'a', submitted_by: 'anna' });
    const { status, body } = await submit('b', {}, key);
    expect([status, body.error.hint]).toEqual([403, expect.stringContaining('it is for a')]);
    const again = await asked('POST', `/experiments/${mine['experiment_id']}/resubmit`, { project: 'b' });
    expect(again.status).toBe(403);
    expect((await submit('b', { name: 'x' })).status).toBe(201);
    const two = await keyFor('ben', 'member', ['a', 'b']);
    expect((await submit(null, {}, two)).status).toBe(400);
    expect((await submit('b', {}, two)).status).toBe(201);
  });

  it('sees nothing of others', async () => {
    expect((await asked('GET', '/identity')).body).toMatchObject({ projects: ['a'] });
    expect((await asked('GET', '/experiments')).body.experiments).toMatchObject([{ project: 'a' }]);
    expect((await asked('GET', '/experiments?project=b')).body.experiments).toEqual([]);
    expect((await asked('GET', '/experiments?sort=metric.loss')).body.experiments).toHaveLength(1);
    expect((await asked('GET', '/experiments/latest')).body.experiment_id).toBe(mine['experiment_id']);
    expect((await asked('GET', `/experiments/${theirs.slice(0, 8)}`)).status).toBe(404);
    for (const rest of ['', '/manifest', '/logs', '/metrics', '/usage', '/code'])
      expect((await asked('GET', `/experiments/${theirs}${rest}`)).status, rest).toBe(404);
    expect((await asked('GET', `/watch?id=${theirs}`)).status).toBe(404);
    const told: string = (await asked('GET', '/events')).body;
    expect(told).toContain(mine['experiment_id']);
    expect(told).not.toContain(theirs);
    expect((await asked('GET', '/storage?kind=inputs&project=b')).status).toBe(403);
    expect((await asked('GET', '/storage?kind=inputs')).body.project).toBe('a');
    expect((await asked('GET', `/storage?kind=outputs&experiment=${theirs}`)).status).toBe(404);
    expect((await asked('GET', '/projects')).body.projects).toMatchObject([{ name: 'a' }]);
    expect((await asked('GET', '/projects/b')).status).toBe(403);
    const ids = [mine['experiment_id'], theirs];
    expect((await asked('POST', '/experiments/compare', { ids })).status).toBe(404);
  });

  it('ends and deletes nothing of others, whatever is chosen', async () => {
    const all = await asked('POST', '/experiments/cancel', { all: true });
    expect(all.body.experiments).toMatchObject([{ experiment_id: mine['experiment_id'] }]);
    const byId = await asked('POST', '/experiments/cancel', { ids: [theirs] });
    expect(byId.body).toMatchObject({ experiments: [], errors: [{ code: 'not_found' }] });
    expect((await asked('POST', '/experiments/prune', { older_than_s: 0 })).body.experiments).toHaveLength(1);
    expect(t.plane.store.state(theirs)?.ended).toBe(false);
  });

  it('sees no sweep of others', async () => {
    const sweep = { ...localSubmission(digest), name: 'lr', points: [{ LR: '1' }], project: 'b' };
    expect((await call('POST', '/sweeps', sweep)).status).toBe(201);
    expect((await asked('GET', '/sweeps')).body.sweeps).toEqual([]);
    expect((await asked('GET', '/sweeps/lr')).status).toBe(403);
    expect((await asked('POST', '/sweeps/lr/resume', {})).status).toBe(403);
    expect((await asked('POST', '/sweeps', { ...sweep, project: 'a' })).status).toBe(403);
  });

  it('sees its own in the queue of an engine, at their places among all, and what each waits for', async () => {
    const { body: later } = await submit(null, {}, key);
    const queue = async (query = '', by = ADMIN) =>
      (await call('GET', `/engines/local/queue${query}`, undefined, by)).body;
    const ids = ({ waiting }: Answer['body']) =>
      waiting.map(({ experiment }: Answer['body']) => experiment.experiment_id);
    const all = [mine['experiment_id'], theirs, later.experiment_id];
    expect(ids(await queue())).toEqual(all);
    expect(await queue('?offset=1&limit=1')).toMatchObject({
      engine: 'local',
      total: 3,
      waiting: [{ place: 2, experiment: { experiment_id: theirs, project: 'b' } }],
    });
    expect(await queue('', key)).toMatchObject({ total: 2, waiting: [{ place: 1 }, { place: 3 }] });
    await t.until(later.experiment_id, ({ progress }) => progress !== null);
    const { waiting } = await queue('?offset=2');
    expect(waiting[0].experiment.explanation).toContain('2 experiments ahead of it');
    await asked('POST', '/experiments/cancel', { ids: [mine['experiment_id']] });
    expect(ids(await queue())).toEqual(all.slice(1));
    expect((await call('GET', '/engines/nowhere/queue')).status).toBe(404);
  });

  it('asks of its own projects alone whether a message would start something', async () => {
    const body = { message: 'exp: run' };
    expect((await asked('POST', '/projects/a/explain', body)).status).toBe(200);
    expect((await asked('POST', '/projects/b/explain', body)).status).toBe(403);
  });

  it('is no admin', async () => {
    const { status } = await call('POST', '/keys', { name: 'x', role: 'admin', projects: ['a'] });
    expect(status).toBe(400);
  });
});
