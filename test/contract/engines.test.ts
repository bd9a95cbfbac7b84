import { existsSync } from 'node:fs';
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { EngineAdditionInput } from '../../src/api/engine-contract.ts';
import type { Engine } from '../../src/engines/engine.ts';
import { AichorError } from '../../src/errors.ts';
import type { Finding } from '../../src/manifest/diagnostic.ts';
import type { EngineEntry, Kubernetes } from '../../src/server/engines/cluster.ts';
import { createFakeEngine, podFact, type FakeEngine, type FakeEngineOptions } from '../fakes/fake-engine.ts';
import { createTestPlane, FILES, JOBSET, localSubmission, type TestPlane } from './control-plane.ts';

const TOKEN = 'a-token-that-nobody-may-see';
const REFERENCE = { kind: 'reference', file: '/home/me/.kube/config', context: 'lab' } as const;
const STORED = {
  kind: 'stored',
  context: 'lab',
  cluster: { server: 'https://k8s.test' },
  user: { token: TOKEN },
} as const;

/** Engines that are made of entries, the newest of each name, and what the cluster says. */
interface Clusters extends Kubernetes {
  made: Map<string, FakeEngine>;
  entries: EngineEntry[];
  /** How the next engines are. */
  options: FakeEngineOptions & Partial<Pick<Engine, 'fit'>>;
  unreachable: boolean;
}

function createClusters(): Clusters {
  const clusters: Clusters = {
    made: new Map(),
    entries: [],
    options: {},
    unreachable: false,
    engine(entry) {
      const { fit } = clusters.options;
      const engine: FakeEngine = {
        ...createFakeEngine(clusters.options),
        ...{ name: entry.name, kind: 'kubernetes' },
        ...(fit && { fit }),
        paths: ({ id }) => ({ input: 's3://in/', output: `s3://out/${id}/`, tensorboard: null }),
      };
      clusters.made.set(entry.name, engine);
      clusters.entries.push(entry);
      return engine;
    },
    server: async () => 'https://k8s.test',
    check: async () => [
      clusters.unreachable
        ? {
            name: 'connection',
            status: 'error',
            message: 'k8s.test cannot be reached',
            hint: 'start the VPN',
          }
        : { name: 'connection', status: 'ok', message: 'Kubernetes v1.36.4', hint: null },
    ],
    ownNamespace: async () => 'of-the-pod',
  };
  return clusters;
}

let clusters: Clusters;
let plane: TestPlane;
const data: string[] = [];

beforeEach(async () => {
  clusters = createClusters();
  plane = await createTestPlane({ kubernetes: clusters });
  data.push(plane.data);
});
afterEach(async () => {
  await plane.close();
  for (const folder of data.splice(0)) await rm(folder, { recursive: true, force: true });
});

/** The server leaves and comes back. */
async function restart(): Promise<void> {
  await plane.close();
  plane = await createTestPlane({ kubernetes: clusters, data: plane.data });
}

const add = (more: Partial<EngineAdditionInput> = {}) =>
  plane.call('POST', '/engines', { name: 'gpu', connection: REFERENCE, namespace: 'team', ...more });

async function submitTo(engine: string, more: object = {}): Promise<string> {
  const snapshot = await plane.snapshot(FILES);
  const { status, body } = await plane.call('POST', '/experiments', {
    ...localSubmission(snapshot),
    engine,
    ...more,
  });
  expect(status, JSON.stringify(body)).toBe(201);
  return body.experiment_id;
}

function made(name = 'gpu'): FakeEngine {
  const engine = clusters.made.get(name);
  if (engine === undefined) throw new Error(`nobody made ${name}`);
  return engine;
}

const names = async () => {
  const { body } = await plane.call('GET', '/engines');
  return body.engines.map(({ name }: { name: string }) => name);
};

describe('adding', () => {
  test('gives the engine and what was found, and experiments run on it at once', async () => {
    const { status, body } = await add({ settings: { queue: 'q', gpu: { mig: 'mixed' } } });
    expect(status).toBe(201);
    expect(body.engine).toMatchObject({
      ...{ name: 'gpu', kind: 'kubernetes', healthy: true, default: false },
      kubernetes: {
        ...{ server: 'https://k8s.test', context: 'lab', namespace: 'team' },
        credentials: { kind: 'reference', file: '/home/me/.kube/config' },
        settings: {
          queue: 'q',
          gpu: { mig: 'mixed', product_label: 'nvidia.com/gpu.product' },
          registry: null,
        },
      },
    });
    expect(body.checks).toMatchObject([{ name: 'connection', status: 'ok' }]);
    const id = await submitTo('gpu');
    (await made().started(id)).endWith('Succeeded');
    expect((await plane.until(id, ({ ended }) => ended)).record).toMatchObject({
      ...{ status: 'Succeeded', engine: 'gpu' },
      paths: { output: `s3://out/${id}/` },
    });
  });

  test('is remembered, in a file of its own user', async () => {
    await add();
    expect((await stat(join(plane.data, 'engines.json'))).mode & 0o777).toBe(0o600);
    await restart();
    expect(await names()).toEqual(['local', 'gpu']);
    expect((await plane.call('GET', '/engines/gpu')).body.kubernetes.namespace).toBe('team');
  });

  test.each([
    ['local', 409, 'conflict'],
    ['kubernetes', 409, 'conflict'],
    ['Gpu', 400, 'usage'],
    ['1gpu', 400, 'usage'],
    ['gpu-', 400, 'usage'],
    ['g'.repeat(41), 400, 'usage'],
  ])('is refused for the name %s', async (name, status, code) => {
    const answer = await add({ name });
    expect(answer).toMatchObject({ status, body: { error: { code } } });
  });

  test('is refused over another one, unless that is to be replaced', async () => {
    await add();
    expect(await add({ settings: { queue: 'q' } })).toMatchObject({ status: 409 });
    expect(await add({ settings: { queue: 'q' }, replace: true })).toMatchObject({ status: 201 });
    expect((await plane.call('GET', '/engines/gpu')).body.kubernetes.settings.queue).toBe('q');
  });

  test('refuses settings that are none, with the one that was meant', async () => {
    const { status, body } = await add({ settings: { qeue: 'q' } });
    expect(status).toBe(400);
    expect(body.error).toMatchObject({ code: 'usage', hint: 'did you mean "queue"?' });
    expect(await names()).toEqual(['local']);
  });

  test('takes the namespace of the pod in a cluster, and default elsewhere', async () => {
    await add({ name: 'here', connection: { kind: 'in-cluster' }, namespace: null });
    await add({ name: 'there', namespace: null });
    expect(clusters.entries.map(({ namespace }) => namespace)).toEqual(['of-the-pod', 'default']);
  });

  test('refuses what cannot be reached, and keeps nothing of it; without the check it takes it as it is', async () => {
    clusters.unreachable = true;
    const { status, body } = await add({ connection: STORED });
    expect(status).toBe(422);
    expect(body.error).toMatchObject({
      ...{ code: 'engine_unavailable', message: 'k8s.test cannot be reached' },
      hint: 'start the VPN; --no-check adds it as it is',
    });
    expect(await names()).toEqual(['local']);
    expect(await readdir(join(plane.data, 'kubeconfigs'))).toEqual([]);
    expect(await add({ check: false })).toMatchObject({ status: 201, body: { checks: [] } });
  });
});

describe('credentials', () => {
  const kept = async () => readdir(join(plane.data, 'kubeconfigs'));

  test('that are kept stand in one file of their own user, and nowhere else', async () => {
    const { body } = await add({ connection: STORED });
    const [file = ''] = await kept();
    expect(body.engine.kubernetes.credentials).toEqual({
      kind: 'stored',
      file: join(plane.data, 'kubeconfigs', file),
    });
    const path = join(plane.data, 'kubeconfigs', file);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({
      'current-context': 'lab',
      users: [{ user: { token: TOKEN } }],
    });
    const said = [body, (await plane.call('GET', '/engines')).body, plane.logged];
    expect(JSON.stringify(said)).not.toContain(TOKEN);
    expect(await readFile(join(plane.data, 'engines.json'), 'utf8')).not.toContain(TOKEN);
  });

  test('that are replaced or removed are deleted; those that could not be used do not replace others', async () => {
    await add({ connection: STORED });
    const [first] = await kept();
    clusters.unreachable = true;
    expect((await add({ connection: STORED, replace: true })).status).toBe(422);
    expect(await kept()).toEqual([first]);
    clusters.unreachable = false;
    await add({ connection: STORED, replace: true });
    const [second, ...others] = await kept();
    expect(others).toEqual([]);
    expect(second).not.toBe(first);
    await plane.call('DELETE', '/engines/gpu');
    expect(await kept()).toEqual([]);
  });

  test.each([
    [{ user: { exec: { command: 'aws' } } }],
    [{ user: { tokenFile: '/etc/shadow' } }],
    [{ cluster: { server: 'https://k8s.test', 'certificate-authority': '/etc/shadow' } }],
    [{ cluster: { server: 'file:///etc/shadow' } }],
  ])('that would have the server read or run something are refused: %j', async (part) => {
    const connection = { ...STORED, ...part };
    const { status, body } = await plane.call('POST', '/engines', { name: 'gpu', connection });
    expect(status).toBe(400);
    expect(body.error.code).toBe('usage');
  });

  test('in files of the server are read for its own user only', async () => {
    const remote = await createTestPlane({ kubernetes: clusters, apiKey: 'key' });
    data.push(remote.data);
    const headers = { authorization: 'Bearer key' };
    const { status, body } = await remote.call(
      'POST',
      '/engines',
      { name: 'gpu', connection: REFERENCE },
      headers,
    );
    expect(status).toBe(403);
    expect(body.error.code).toBe('forbidden');
    const stored = await remote.call('POST', '/engines', { name: 'gpu', connection: STORED }, headers);
    expect(stored.status).toBe(201);
    await remote.close();
  });
});

describe('what lives on an engine', () => {
  test('goes on when it is replaced, with no pod begun twice by the old one', async () => {
    await add();
    const id = await submitTo('gpu');
    const run = await made().started(id);
    run.emit(podFact('worker-0-0', 'Running'));
    await plane.until(id, ({ record }) => record.status === 'Running');
    expect((await add({ settings: { queue: 'q' }, replace: true })).status).toBe(201);
    expect(run.context.detach.aborted).toBe(true);
    expect(run.context.stop.aborted).toBe(false);
    const again = await made().started(id);
    again.endWith('Succeeded');
    expect((await plane.until(id, ({ ended }) => ended)).record.status).toBe('Succeeded');
  });

  test('stays cancelled over a replacement', async () => {
    await add();
    const id = await submitTo('gpu');
    const run = await made().started(id);
    run.emit(podFact('worker-0-0', 'Running'));
    await plane.until(id, ({ record }) => record.status === 'Running');
    const replaced = add({ replace: true });
    await plane.call('POST', '/experiments/cancel', { ids: [id] });
    await replaced;
    expect((await plane.until(id, ({ ended }) => ended)).record.status).toBe('Cancelled');
  });

  test('keeps it from getting another namespace, and from being removed', async () => {
    await add();
    const id = await submitTo('gpu');
    const run = await made().started(id);
    expect(await add({ namespace: 'other', replace: true })).toMatchObject({ status: 409 });
    const refused = await plane.call('DELETE', '/engines/gpu');
    expect(refused).toMatchObject({ status: 409, body: { error: { code: 'conflict' } } });
    expect(refused.body.error.message).toContain(id);
    run.endWith('Succeeded');
    await plane.until(id, ({ ended }) => ended);
    expect(await plane.call('DELETE', '/engines/gpu')).toMatchObject({ status: 200, body: { name: 'gpu' } });
    expect(await names()).toEqual(['local']);
    await restart();
    expect(await names()).toEqual(['local']);
    expect((await plane.call('GET', `/experiments/${id}`)).body.engine).toBe('gpu');
  });

  test('ends when it is given up, and is not stopped', async () => {
    await add();
    const id = await submitTo('gpu');
    const run = await made().started(id);
    expect(await plane.call('DELETE', '/engines/gpu?force=true')).toMatchObject({ status: 200 });
    const { record } = await plane.until(id, ({ ended }) => ended);
    expect(record).toMatchObject({ status: 'Failed', reason: 'EngineUnavailable' });
    expect(run.context.stop.aborted).toBe(false);
    expect(plane.plane.supervisor.liveCount()).toBe(0);
  });

  test('that has ended, and whose logs are still to be read, says that they may be incomplete', async () => {
    await add();
    const id = await submitTo('gpu');
    const run = await made().started(id);
    const pods = ['worker-0-0', 'worker-1-0'].map((pod) => podFact(pod, 'Succeeded'));
    run.emit({ type: 'attempt', attempt: 1, message: 'starting' }, ...pods, { type: 'ended' });
    await plane.until(id, ({ ended }) => ended);
    expect(await plane.call('DELETE', '/engines/gpu')).toMatchObject({ status: 200 });
    const isIncomplete = ({ code }: { code: string }) => code === 'log_incomplete';
    const { record } = await plane.until(id, ({ record: { notices } }) => notices.some(isIncomplete));
    expect(record.status).toBe('Succeeded');
  });

  test('does not hold up others', async () => {
    await add();
    await submitTo('gpu');
    const id = await submitTo('local');
    const run = await plane.engine.started(id);
    await plane.call('DELETE', '/engines/gpu?force=true');
    expect(run.context.detach.aborted).toBe(false);
    run.endWith('Succeeded');
    expect((await plane.until(id, ({ ended }) => ended)).record.status).toBe('Succeeded');
  });
});

describe('the list', () => {
  test('does not wait for an engine that does not answer', async () => {
    clusters.options = { capacity: { cpus: 1 } };
    await add();
    made().capacity = () => new Promise(() => undefined);
    const { body } = await plane.call('GET', '/engines');
    expect(body.engines).toMatchObject([
      { name: 'local', healthy: true },
      { name: 'gpu', healthy: false, message: expect.stringContaining('did not answer within 2 s') },
    ]);
  });

  test('names an engine that is not there', async () => {
    for (const [method, path] of [
      ['GET', ''],
      ['DELETE', ''],
      ['POST', '/check'],
    ])
      expect(await plane.call(String(method), `/engines/gup${path}`)).toMatchObject({
        status: 404,
        body: { error: { code: 'not_found', hint: 'the engines there are: local' } },
      });
  });
});

test('the check is a verdict', async () => {
  await add();
  expect((await plane.call('POST', '/engines/gpu/check')).body).toMatchObject({ engine: 'gpu', ok: true });
  clusters.unreachable = true;
  expect((await plane.call('POST', '/engines/gpu/check')).body).toMatchObject({
    ok: false,
    checks: [{ status: 'error', message: 'k8s.test cannot be reached' }],
  });
  expect((await plane.call('POST', '/engines/local/check')).body).toMatchObject({
    engine: 'local',
    ok: true,
  });
});

describe('a configuration that is broken', () => {
  const write = (text: string) => writeFile(join(plane.data, 'engines.json'), text);

  test('in one entry: that engine says so, the others run, and what lives on it waits', async () => {
    await add();
    await add({ name: 'fine' });
    const id = await submitTo('gpu');
    (await made().started(id)).emit(podFact('worker-0-0', 'Running'));
    await plane.until(id, ({ record }) => record.status === 'Running');
    const before = await readFile(join(plane.data, 'engines.json'), 'utf8');
    await write(before.replace('"namespace": "team"', '"namespace": 7'));
    await restart();
    const { body } = await plane.call('GET', '/engines');
    expect(body.engines).toMatchObject([
      { name: 'local' },
      { name: 'fine', healthy: true },
      {
        name: 'gpu',
        healthy: false,
        message: expect.stringContaining('has no text at "engines.gpu.namespace"'),
      },
    ]);
    expect((await plane.call('POST', '/engines/gpu/check')).body.ok).toBe(false);
    const snapshot = await plane.snapshot(FILES);
    const refused = await plane.call('POST', '/experiments', { ...localSubmission(snapshot), engine: 'gpu' });
    expect(refused.body.error.message).toContain('engines.gpu.namespace');
    expect((await plane.call('GET', `/experiments/${id}`)).body.status).toBe('Running');
    await write(before);
    await restart();
    (await made().started(id)).endWith('Succeeded');
    expect((await plane.until(id, ({ ended }) => ended)).record.status).toBe('Succeeded');
  });

  test('as a whole: the server runs, says so, loses nothing and overwrites nothing', async () => {
    await add();
    const id = await submitTo('gpu');
    await made().started(id);
    await write('{"engines": ');
    await restart();
    const { body } = await plane.call('GET', '/engines');
    expect(body.engines.map(({ name }: { name: string }) => name)).toEqual(['local', 'gpu']);
    expect(body.notices).toMatchObject([
      { code: 'engines_unreadable', message: expect.stringContaining('is not valid JSON') },
    ]);
    expect((await plane.call('GET', `/experiments/${id}`)).body.ended_at).toBeNull();
    expect(await add({ name: 'new' })).toMatchObject({ status: 400, body: { error: { code: 'usage' } } });
    expect(await readFile(join(plane.data, 'engines.json'), 'utf8')).toBe('{"engines": ');
  });
});

describe('a manifest that does not fit', () => {
  const finding: Finding = {
    ...{ code: 'engine-too-small', path: ['spec', 'types', 'worker', 'resources', 'cpus'], at: 'value' },
    ...{ message: 'a pod asks for 2 CPUs; the largest node has 1', hint: 'ask for less' },
  };
  const place = {
    file: 'manifest.yaml',
    line: 15,
    column: 15,
    path: 'spec.types.worker.resources.cpus',
    severity: 'error',
  };

  test('is found at its place, before submitting and by it', async () => {
    clusters.options = {
      fit: async () => [finding],
      check: async (_plan, { force }) => {
        if (force) return [{ code: 'engine_too_small', message: finding.message }];
        throw new AichorError('engine_unavailable', finding.message, { diagnostics: [finding] });
      },
    };
    await add();
    const query = { manifest: JOBSET, file: 'manifest.yaml' };
    expect((await plane.call('POST', '/engines/gpu/fit', query)).body.diagnostics).toMatchObject([place]);
    const snapshot = await plane.snapshot(FILES);
    const refused = await plane.call('POST', '/experiments', { ...localSubmission(snapshot), engine: 'gpu' });
    expect(refused).toMatchObject({
      status: 422,
      body: { error: { code: 'engine_unavailable', diagnostics: [place] } },
    });
    const id = await submitTo('gpu', { force: true });
    expect((await plane.call('GET', `/experiments/${id}`)).body.notices).toEqual([
      { code: 'engine_too_small', message: finding.message },
    ]);
  });

  test('needs to be valid by itself', async () => {
    await add();
    const answer = await plane.call('POST', '/engines/gpu/fit', { manifest: 'kind: x', file: 'm.yaml' });
    expect(answer).toMatchObject({ status: 422, body: { error: { code: 'manifest_invalid' } } });
  });
});

describe('files that are not here', () => {
  async function ended(): Promise<string> {
    await add();
    const id = await submitTo('gpu');
    (await made().started(id)).endWith('Succeeded');
    await plane.until(id, (state) => state.ended);
    return id;
  }

  test('are made nowhere, and asking for them says where they are', async () => {
    const id = await ended();
    expect(existsSync('s3:')).toBe(false);
    const listed = await plane.call('GET', `/storage?experiment=${id}`);
    expect(listed).toMatchObject({ status: 422, body: { error: { code: 'engine_unavailable' } } });
    expect(listed.body.error.message).toContain(`s3://out/${id}/`);
    expect(listed.body.error.hint).toContain(`aws s3 sync s3://out/${id}/ .`);
  });

  test('are not deleted: who asks for that is told, and nothing is', async () => {
    const id = await ended();
    const refused = await plane.call('POST', '/experiments/delete', { ids: [id], outputs: true });
    expect(refused.body).toMatchObject({ experiments: [], errors: [{ id, code: 'engine_unavailable' }] });
    expect((await plane.call('POST', '/experiments/delete', { ids: [id] })).body.errors).toEqual([]);
    expect(made().discarded).toContain(id);
  });
});

test('an environment of this machine does not follow an experiment to a cluster', async () => {
  await add();
  const id = await submitTo('local', { python_env: '/opt/venv' });
  (await plane.engine.started(id)).endWith('Succeeded');
  await plane.until(id, ({ ended }) => ended);
  const elsewhere = await plane.call('POST', `/experiments/${id}/resubmit`, { engine: 'gpu' });
  expect(elsewhere.status, JSON.stringify(elsewhere.body)).toBe(201);
  await made().started(elsewhere.body.experiment_id);
  expect(made().builds[0]?.pythonEnv).toBeNull();
  const again = await plane.call('POST', `/experiments/${id}/resubmit`, {});
  await plane.engine.started(again.body.experiment_id);
  expect(plane.engine.builds.at(-1)?.pythonEnv).toBe('/opt/venv');
  const given = await plane.call('POST', `/experiments/${id}/resubmit`, {
    engine: 'gpu',
    python_env: '/opt/venv',
  });
  expect(given).toMatchObject({ status: 400, body: { error: { code: 'usage' } } });
});
