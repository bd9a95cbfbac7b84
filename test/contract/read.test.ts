import { rm } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { experimentList, serverStatus } from '../../src/api/contract.ts';
import { engineList } from '../../src/api/engine-contract.ts';
import { podFact } from '../fakes/fake-engine.ts';
import { createTestPlane, FILES, JOBSET, localSubmission, type TestPlane } from './control-plane.ts';

let t: TestPlane;
beforeEach(async () => {
  t = await createTestPlane();
});
afterEach(async () => {
  await t.close();
  await rm(t.data, { recursive: true, force: true });
});

async function submit(more: object = {}): Promise<string> {
  const { body } = await t.call('POST', '/experiments', localSubmission(await t.snapshot(FILES), more));
  return body.experiment_id;
}

async function end(id: string, how: 'Succeeded' | 'Failed' = 'Succeeded'): Promise<void> {
  (await t.engine.started(id)).endWith(how);
  await t.until(id, ({ ended }) => ended);
}

function ids(answer: { body: { experiments: { experiment_id: string }[] } }): string[] {
  return answer.body.experiments.map(({ experiment_id }) => experiment_id);
}

describe('an experiment is found', () => {
  test('by its id, a unique prefix in any case, and latest', async () => {
    const id = await submit();
    for (const ref of [id, id.slice(0, 6), id.slice(0, 10).toUpperCase(), 'latest']) {
      expect((await t.call('GET', `/experiments/${ref}`)).body.experiment_id).toBe(id);
    }
  });

  test.each(['nothing', 'abc', '00000000-0000', '%25_%25_%25_'])('or not: %s', async (ref) => {
    await submit();
    const { status, body } = await t.call('GET', `/experiments/${ref}`);
    expect({ status, code: body.error.code, exit: body.error.exit_code }).toEqual({
      status: 404,
      code: 'not_found',
      exit: 5,
    });
  });

  test('with the manifest that ran', async () => {
    const id = await submit();
    expect((await t.call('GET', `/experiments/${id}/manifest`)).body).toBe(JOBSET);
  });

  test('with what is to be said of that manifest, and where', async () => {
    const files = {
      ...FILES,
      'manifest.yaml': JOBSET.replace('  image: experiment\n  command', '  image: other\n  command'),
    };
    const made = await t.call('POST', '/experiments', localSubmission(await t.snapshot(files)));
    const { body } = await t.call('GET', `/experiments/${made.body.experiment_id}/manifest/findings`);
    expect(body.diagnostics).toMatchObject([
      { severity: 'warning', code: 'image-mismatch', line: 9, column: 10 },
    ]);
  });
});

describe('the list', () => {
  test('is newest first, and filtered', async () => {
    const a = await submit({ message: 'LR sweep 100%', labels: { s: 'a', t: 'x=y' } });
    const b = await submit({ message: 'other', labels: { s: 'b' } });
    await end(a, 'Failed');
    const list = async (query: string) => ids(await t.call('GET', `/experiments?${query}`));
    expect(await list('')).toEqual([b, a]);
    expect(await list('status=Failed')).toEqual([a]);
    expect(
      await list(
        'status=Failed&status=Waiting&status=Cloning&status=Building&status=Submitting&status=Running',
      ),
    ).toEqual([b, a]);
    expect(await list('label=s%3Da&label=t%3Dx%3Dy')).toEqual([a]);
    expect(await list('message=sweep')).toEqual([a]);
    expect(await list('message=100%25')).toEqual([a]);
    expect(await list('message=1%25%25')).toEqual([]);
    expect(await list('operator=jax')).toEqual([]);
    expect(await list('since=2999-01-01T00:00:00.000Z')).toEqual([]);
    expect(await list('until=2999-01-01T00:00:00.000Z')).toEqual([b, a]);
    expect(await list('until=1999-01-01T00:00:00.000Z')).toEqual([]);
    const again = (await t.call('POST', `/experiments/${a}/resubmit`, {})).body.experiment_id;
    expect(await list(`resubmit_of=${a}`)).toEqual([again]);
    expect(await list(`resubmit_of=${b}`)).toEqual([]);
  });

  test('comes in pages that stay right while experiments come and go', async () => {
    const made: string[] = [];
    for (let index = 0; index < 5; index++) made.push(await submit({ message: `${index}` }));
    const first = experimentList.parse((await t.call('GET', '/experiments?limit=2')).body);
    await submit({ message: 'new' });
    const [third = ''] = made.slice(2);
    t.plane.supervisor.cancel([third]);
    await t.until(third, ({ ended }) => ended);
    await t.call('POST', '/experiments/delete', { ids: [third] });
    const rest = await t.call('GET', `/experiments?limit=2&cursor=${first.next_cursor}`);
    expect([...first.experiments.map(({ experiment_id }) => experiment_id), ...ids(rest)]).toEqual([
      made[4],
      made[3],
      made[1],
      made[0],
    ]);
    expect(rest.body.next_cursor).toBeNull();
  });

  test.each(['limit=0', 'status=Gone', 'label=%3Dx', 'cursor=zzz', 'since=yesterday'])(
    'refuses %s',
    async (query) => {
      const { status, body } = await t.call('GET', `/experiments?${query}`);
      expect({ status, code: body.error.code }).toEqual({ status: 400, code: 'usage' });
    },
  );
});

describe('a watch', () => {
  test('of ids shows the present, then each change, until all have ended', async () => {
    const [a, b] = [await submit(), await submit()];
    await end(a);
    const seen: { experiment_id: string; status: string }[] = [];
    const reading = linesOf(await t.stream(`/watch?id=${a}&id=${b}`), (line) => seen.push(JSON.parse(line)));
    await end(b, 'Failed');
    await reading;
    expect(seen.filter(({ experiment_id }) => experiment_id === a).map(({ status }) => status)).toEqual([
      'Succeeded',
    ]);
    expect(seen.filter(({ experiment_id }) => experiment_id === b).at(-1)?.status).toBe('Failed');
  });

  test('of a query goes on, and shows what ceases to match', async () => {
    const id = await submit({ labels: { s: 'a' } });
    const gone = new AbortController();
    const seen: string[] = [];
    const response = await t.stream('/watch?label=s%3Da', gone.signal);
    const reader = response.body?.getReader();
    const other = await submit({ labels: { s: 'b' } });
    const run = await t.engine.started(id);
    run.emit(podFact('worker-0-0', 'Running'));
    run.endWith('Succeeded');
    while (!seen.join('').includes('"Succeeded"')) {
      const { done, value } = (await reader?.read()) ?? {};
      expect(done).toBe(false);
      seen.push(Buffer.from(value ?? []).toString());
    }
    await reader?.cancel();
    expect(seen.join('')).not.toContain(other);
  });

  test('of an unknown id is refused', async () => {
    expect((await t.stream('/watch?id=ffffffff')).status).toBe(404);
  });
});

describe('logs', () => {
  test('are followed while they are written, and end when the experiment has', async () => {
    const id = await submit();
    const { context } = await t.engine.started(id);
    const source = { step: 'run', pod: 'worker-0-0', attempt: 1, stream: 'stdout' } as const;
    const file = await context.logs.file(source);
    const lines: string[] = [];
    const reading = linesOf(await t.stream(`/experiments/${id}/logs?follow=true`), (line) =>
      lines.push(line),
    );
    const { appendFile } = await import('node:fs/promises');
    await appendFile(file, 'one\ntwo\n');
    await context.logs.appended([source]);
    await context.logs.closed(source);
    await expect.poll(() => lines.length).toBeGreaterThanOrEqual(2);
    t.plane.supervisor.cancel([id]);
    await reading;
    const texts = lines.map((line) => JSON.parse(line)).filter((line) => 'text' in line);
    expect(texts.map(({ text, pod, sequence }) => [text, pod, sequence])).toEqual([
      ['one', 'worker-0-0', 1],
      ['two', 'worker-0-0', 2],
    ]);
    const later = await t.call('GET', `/experiments/${id}/logs?follow=true`);
    expect(later.body.split('\n').filter((line: string) => line.includes('"text"'))).toHaveLength(2);
    expect((await t.call('GET', `/experiments/${id}/logs?raw=true&pod=worker-0-0`)).body).toBe('one\ntwo\n');
    const text = await t.call('GET', `/experiments/${id}/logs?text=true&step=run`);
    expect(text.body).toBe('worker-0-0 | one\nworker-0-0 | two\n');
    const found = await t.call('GET', `/experiments/${id}/logs?text=true&grep=tw`);
    expect(found.body).toBe('worker-0-0 | two\n');
  });

  test.each([
    ['raw=true', 'usage'],
    ['raw=true&pod=worker-9-9', 'not_found'],
    ['pod=nobody', 'not_found'],
    ['tail=-1', 'usage'],
    ['follow=true&until=2999-01-01T00:00:00.000Z', 'usage'],
    ['follow=true&before=3', 'usage'],
    ['follow=true&text=true', 'usage'],
    ['grep=', 'usage'],
  ])('refuse %s', async (query, code) => {
    const id = await submit();
    expect((await t.call('GET', `/experiments/${id}/logs?${query}`)).body.error.code).toBe(code);
  });
});

describe('the server', () => {
  test('says who it is, what its engines hold, and what it keeps', async () => {
    const id = await submit();
    await t.engine.started(id);
    expect((await t.call('GET', '/health')).body).toEqual({ version: '1.2.3', pid: 42 });
    const { body: engines } = await t.call('GET', '/engines');
    expect(engineList.parse(engines).engines).toMatchObject([
      { name: 'local', default: true, in_use: { experiments: 1, cpus: 4 } },
    ]);
    const { body: status } = await t.call('GET', '/server');
    expect(serverStatus.parse(status)).toMatchObject({
      running: true,
      live_experiments: 1,
      address: 'memory',
    });
  });

  test('describes itself with the schemas it checks with', async () => {
    const { body } = await t.call('GET', '/openapi.json');
    expect(Object.keys(body.paths)).toEqual(
      expect.arrayContaining([
        '/v1/experiments',
        '/v1/experiments/{ref}/logs',
        '/v1/watch',
        '/v1/snapshots/{digest}/files',
      ]),
    );
    expect(
      body.paths['/v1/experiments'].post.requestBody.content['application/json'].schema.properties,
    ).toHaveProperty('idempotency_key');
  });

  test.each([
    ['GET', '/nowhere', undefined, 404, 'not_found'],
    ['POST', '/experiments', { source: { kind: 'moon' } }, 400, 'usage'],
    [
      'POST',
      '/snapshots',
      { entries: [{ path: '../x', kind: 'file', executable: false, bytes: 1, sha256: '0'.repeat(64) }] },
      400,
      'usage',
    ],
    [
      'POST',
      '/snapshots',
      { entries: [{ path: 'x', kind: 'file', executable: false, bytes: 2_000_000, sha256: '0'.repeat(64) }] },
      413,
      'too_large',
    ],
    ['GET', `/snapshots/sha256:${'0'.repeat(64)}`, undefined, 404, 'not_found'],
  ])('answers %s %s with an error that has a code and an id', async (method, path, body, status, code) => {
    const answer = await t.call(method, path, body);
    expect(answer).toMatchObject({ status, body: { error: { code, request_id: expect.any(String) } } });
  });

  test('does not show the insides of a bug', async () => {
    t.plane.store.list = () => {
      throw new TypeError('secret internals');
    };
    const { status, body } = await t.call('GET', '/experiments');
    expect({ status, code: body.error.code }).toEqual({ status: 500, code: 'internal' });
    expect(JSON.stringify(body)).not.toContain('secret internals');
    expect(t.logged).toEqual(
      expect.arrayContaining([expect.objectContaining({ request_id: body.error.request_id })]),
    );
  });

  test('with a key lets in who has it, and tells anybody that it is there', async () => {
    const team = await createTestPlane({ apiKey: 'k3y' });
    try {
      expect((await team.call('GET', '/health')).status).toBe(200);
      expect(await team.call('GET', '/experiments')).toMatchObject({
        status: 401,
        body: {
          error: {
            code: 'unauthenticated',
            exit_code: 4,
            message: expect.stringContaining('none was given'),
          },
        },
      });
      for (const header of ['Bearer wrong', 'Basic k3y', 'k3y']) {
        const answer = await team.call('GET', '/server', undefined, { authorization: header });
        expect(answer.status).toBe(401);
        expect(answer.body.error.message).toContain('does not know this API key');
      }
      expect((await team.call('GET', '/server', undefined, { authorization: 'Bearer k3y' })).status).toBe(
        200,
      );
    } finally {
      await team.close();
      await rm(team.data, { recursive: true, force: true });
    }
  });
});

async function linesOf(response: Response, onLine: (line: string) => void): Promise<void> {
  let rest = '';
  for await (const chunk of response.body ?? []) {
    const parts = (rest + Buffer.from(chunk).toString()).split('\n');
    rest = parts.pop() ?? '';
    parts.forEach(onLine);
  }
}

test.each(['/experiments?staus=Failed', '/watch?lable=a=b', '/experiments/latest/logs?fllow=true'])(
  'a query that is mistyped is refused: %s',
  async (path) => {
    const { status, body } = await t.call('GET', path);
    expect([status, body.error.code]).toEqual([400, 'usage']);
    expect(body.error.message).toMatch(/is no query parameter of this route$/);
  },
);
