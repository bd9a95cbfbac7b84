import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { experimentRecord, experimentSummary } from '../../src/api/contract.ts';
import { errorBody } from '../../src/api/error-body.ts';
import { createTestPlane, FILES, JOBSET, localSubmission, type TestPlane } from './control-plane.ts';

let t: TestPlane;
beforeEach(async () => {
  t = await createTestPlane();
});
afterEach(async () => {
  await t.close();
  await rm(t.data, { recursive: true, force: true });
});

describe('a submitted directory', () => {
  test('is asked for by its digest before it is sent again', async () => {
    const snapshot = await t.snapshot(FILES);
    const { status, body } = await t.call('GET', `/snapshots/${snapshot}`, undefined);
    expect([status, body]).toEqual([200, { digest: snapshot, missing: [] }]);
  });

  test('becomes an experiment that runs to its end', async () => {
    const snapshot = await t.snapshot(FILES);
    const { status, body } = await t.call(
      'POST',
      '/experiments',
      localSubmission(snapshot, { message: 'first', labels: { sweep: 'a' } }),
    );
    expect(status).toBe(201);
    expect(experimentSummary.parse(body)).toMatchObject({
      status: 'Waiting',
      step: 'wait',
      operator: 'jobset',
      engine: 'local',
      project: 'default',
      message: 'first',
      labels: { sweep: 'a' },
      manifest_path: 'manifest.yaml',
      source: { kind: 'local', snapshot },
      resources: { pods: 2, cpus: 4 },
    });
    const run = await t.engine.started(body.experiment_id);
    run.endWith('Succeeded');
    await t.until(body.experiment_id, (state) => state.ended);
    const { body: record } = await t.call('GET', '/experiments/latest');
    expect(experimentRecord.parse(record)).toMatchObject({ status: 'Succeeded', step: 'run', reason: null });
    expect(record.events.map((event: { message: string }) => event.message.split(':')[0])).toEqual(
      expect.arrayContaining(['wait', 'clone', 'build', 'submit', 'run', 'ended']),
    );
    await expect.poll(() => t.engine.discarded).toEqual([body.experiment_id]);
  });

  test('hands the engine what it needs', async () => {
    const snapshot = await t.snapshot(FILES);
    const { body } = await t.call(
      'POST',
      '/experiments',
      localSubmission(snapshot, {
        env: { LR: '0.1' },
        secrets: { TOKEN: 'hunter2' },
        shell: { PATH: '/bin' },
      }),
    );
    const { context } = await t.engine.started(body.experiment_id);
    expect(context).toMatchObject({
      secrets: { TOKEN: 'hunter2' },
      shell: { PATH: '/bin' },
      admitted: { pods: 2, cpus: 4 },
    });
    expect(context.paths.output.endsWith(`/output/${body.experiment_id}/`)).toBe(true);
    expect((await stat(context.paths.output)).isDirectory()).toBe(true);
    expect((await context.snapshot.read('main.py'))?.toString()).toBe('print(1)\n');
    expect(context.directory).toBe(join(t.data, 'experiments', body.experiment_id, 'engine'));
  });

  test('never shows a secret, and keeps it in a private file', async () => {
    const snapshot = await t.snapshot(FILES);
    const { body } = await t.call(
      'POST',
      '/experiments',
      localSubmission(snapshot, { secrets: { TOKEN: 'hunter2' } }),
    );
    const { body: record } = await t.call('GET', `/experiments/${body.experiment_id}`);
    expect(record.secrets).toEqual(['TOKEN']);
    expect(JSON.stringify([body, record, t.logged])).not.toContain('hunter2');
    for (const name of await readdir(t.data)) {
      const path = join(t.data, name);
      const found = await stat(path);
      if (!found.isFile() || !(await readFile(path)).includes('hunter2')) continue;
      expect(name).toMatch(/^private-values\.sqlite/);
      expect(found.mode & 0o777).toBe(0o600);
    }
    expect(await t.plane.privateValues.read(body.experiment_id)).toMatchObject({
      secrets: { TOKEN: 'hunter2' },
    });
  });

  test.each([
    {
      what: 'a bad manifest',
      files: { ...FILES, 'manifest.yaml': JOBSET.replace('operator: jobset', 'operator: jobsett') },
      code: 'manifest_invalid',
      status: 422,
    },
    { what: 'no manifest', files: { 'main.py': '' }, code: 'repository_invalid', status: 422 },
    {
      what: 'a context that is not there',
      files: { ...FILES, 'manifest.yaml': JOBSET.replace('context: .', 'context: ./gone') },
      code: 'repository_invalid',
      status: 422,
    },
    {
      what: 'a protected variable',
      files: FILES,
      more: { env: { AICHOR_EXPERIMENT_ID: 'x' } },
      code: 'manifest_invalid',
      status: 422,
    },
    {
      what: 'an engine that is not there',
      files: FILES,
      more: { engine: 'moon' },
      code: 'engine_unavailable',
      status: 422,
    },
    {
      what: 'a project that is no name',
      files: FILES,
      more: { project: 'a\nb' },
      code: 'usage',
      status: 400,
    },
    {
      what: 'a secret that holds a NUL',
      files: FILES,
      more: { secrets: { A: 'x\0y' } },
      code: 'usage',
      status: 400,
    },
    {
      what: 'a name that is variable and secret',
      files: FILES,
      more: { env: { A: '1' }, secrets: { A: '2' } },
      code: 'usage',
      status: 400,
    },
  ])('is refused with $what, and no experiment is made', async ({ files, more, code, status }) => {
    const snapshot = await t.snapshot(files);
    const answer = await t.call('POST', '/experiments', localSubmission(snapshot, more));
    expect({ status: answer.status, code: errorBody.parse(answer.body).error.code }).toEqual({
      status,
      code,
    });
    expect((await t.call('GET', '/experiments')).body.experiments).toEqual([]);
  });

  test('with mistakes in its manifest is refused with every one of them', async () => {
    const snapshot = await t.snapshot({ ...FILES, 'manifest.yaml': `${JOBSET}  nonsense: 1\n  folly: 2\n` });
    const { body } = await t.call('POST', '/experiments', localSubmission(snapshot));
    expect(body.error.diagnostics.map((found: { path: string }) => found.path)).toEqual([
      'spec.nonsense',
      'spec.folly',
    ]);
  });

  test('that was never sent is not found', async () => {
    const { status, body } = await t.call(
      'POST',
      '/experiments',
      localSubmission(`sha256:${'0'.repeat(64)}`),
    );
    expect({ status, code: body.error.code }).toEqual({ status: 404, code: 'not_found' });
  });

  test('runs on the embedded engine when the manifest names one that is not here, and says so', async () => {
    const snapshot = await t.snapshot({
      ...FILES,
      'manifest.yaml': JOBSET.replace('  operator:', '  engineName: cluster-7\n  operator:'),
    });
    const { body } = await t.call('POST', '/experiments', localSubmission(snapshot));
    expect(body.engine).toBe('local');
    expect(body.notices).toEqual(
      expect.arrayContaining([expect.objectContaining({ code: 'engine_replaced' })]),
    );
  });
});

describe('an idempotency key', () => {
  test('gives the same experiment again for the same content', async () => {
    const snapshot = await t.snapshot(FILES);
    const send = (shell: Record<string, string>) =>
      t.call(
        'POST',
        '/experiments',
        localSubmission(snapshot, { idempotency_key: 'k1', env: { A: '1', B: '2' }, shell }),
      );
    const [first, second] = await Promise.all([send({ PATH: '/a' }), send({ PATH: '/b' })]);
    const third = await send({});
    expect([first.status, second.status].sort()).toEqual([200, 201]);
    expect(new Set([first, second, third].map(({ body }) => body.experiment_id)).size).toBe(1);
    expect(t.engine.order.length).toBeLessThanOrEqual(1);
    expect((await t.call('GET', '/experiments')).body.experiments).toHaveLength(1);
  });

  test('is a conflict for other content', async () => {
    const snapshot = await t.snapshot(FILES);
    await t.call(
      'POST',
      '/experiments',
      localSubmission(snapshot, { idempotency_key: 'k1', env: { A: '1' } }),
    );
    const { status, body } = await t.call(
      'POST',
      '/experiments',
      localSubmission(snapshot, { idempotency_key: 'k1', env: { A: '2' } }),
    );
    expect({ status, code: body.error.code }).toEqual({ status: 409, code: 'conflict' });
  });
});
