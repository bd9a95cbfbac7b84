import { mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { opened, storageList } from '../../src/api/storage-contract.ts';
import { readSmallFiles } from '../../src/base/http/small-files.ts';
import { removeAbandoned } from '../../src/server/storage/files/abandoned.ts';
import { createTestPlane, FILES, localSubmission, type TestPlane } from './control-plane.ts';

let t: TestPlane;
beforeEach(async () => {
  t = await createTestPlane();
});
afterEach(async () => {
  await t.close();
  await rm(t.data, { recursive: true, force: true });
});

async function withOutputs(): Promise<string> {
  const { body } = await t.call('POST', '/experiments', localSubmission(await t.snapshot(FILES)));
  const id: string = body.experiment_id;
  const folder = join(t.data, 'outputs', 'default', 'output', id);
  await mkdir(join(folder, 'checkpoints'), { recursive: true });
  await writeFile(join(folder, 'model.pt'), 'weights');
  await writeFile(join(folder, 'checkpoints', '1.pt'), 'first');
  await writeFile(join(t.data, 'secret'), 'not yours');
  await symlink(join(t.data, 'secret'), join(folder, 'link'));
  await symlink(t.data, join(folder, 'folder-link'));
  return id;
}

const paths = (body: { files: { path: string }[] }) => body.files.map(({ path }) => path);

describe('storage', () => {
  test('lists the outputs of an experiment, links left out', async () => {
    const id = await withOutputs();
    const { status, body } = await t.call('GET', `/storage?experiment=${id.slice(0, 8)}`);
    expect(status).toBe(200);
    expect(storageList.parse(body)).toMatchObject({ kind: 'outputs', project: 'default', experiment_id: id });
    expect(paths(body)).toEqual(['checkpoints/1.pt', 'model.pt']);
    expect(body.files[1]).toMatchObject({ bytes: 7, modified_at: expect.stringMatching(/Z$/) });
  });

  test('lists a folder, a file, and a whole project', async () => {
    const id = await withOutputs();
    const at = async (query: string) => paths((await t.call('GET', `/storage?${query}`)).body);
    expect(await at(`experiment=${id}&path=checkpoints/`)).toEqual(['checkpoints/1.pt']);
    expect(await at(`experiment=${id}&path=model.pt`)).toEqual(['model.pt']);
    expect(await at('project=default')).toEqual([`output/${id}/checkpoints/1.pt`, `output/${id}/model.pt`]);
    expect(await at('kind=inputs')).toEqual([]);
  });

  test('gives a file', async () => {
    const id = await withOutputs();
    const response = await t.stream(`/storage/file?experiment=${id}&path=model.pt`);
    expect(await response.text()).toBe('weights');
    // Whatever it is, a browser saves it and runs nothing of it.
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-disposition': 'attachment',
      'content-security-policy': expect.stringContaining('sandbox'),
      'x-content-type-options': 'nosniff',
    });
  });

  test.each(['../secret', '/etc/passwd', 'checkpoints/../../x', 'a%00b'])(
    'never leaves its folder: %s',
    async (path) => {
      const id = await withOutputs();
      for (const route of ['/storage', '/storage/file']) {
        const { body } = await t.call('GET', `${route}?experiment=${id}&path=${path}`);
        expect(body.error.code).toBe('usage');
      }
    },
  );

  test.each(['link', 'folder-link/secret', 'nothing', 'checkpoints'])(
    'gives no such file: %s',
    async (path) => {
      const id = await withOutputs();
      const { body } = await t.call('GET', `/storage/file?experiment=${id}&path=${path}`);
      expect(body.error.code).toBe('not_found');
    },
  );

  test('lists nothing through a link', async () => {
    const id = await withOutputs();
    const { body } = await t.call('GET', `/storage?experiment=${id}&path=folder-link`);
    expect(body.files).toEqual([]);
  });

  test('inputs are a project’s', async () => {
    const { body } = await t.call('GET', '/storage?kind=inputs&experiment=latest');
    expect(body.error.code).toBe('usage');
  });
});

describe('a link', () => {
  test('is the one the engine told', async () => {
    const { body } = await t.call('POST', '/experiments', localSubmission(await t.snapshot(FILES)));
    const id: string = body.experiment_id;
    const run = await t.engine.started(id);
    run.emit({ type: 'link', name: 'ray_dashboard', url: 'http://127.0.0.1:8265' });
    await t.until(id, ({ record }) => record.links.ray_dashboard !== null);
    const answer = await t.call('POST', `/experiments/${id}/open/ray`);
    expect(opened.parse(answer.body)).toEqual({
      experiment_id: id,
      name: 'ray',
      url: 'http://127.0.0.1:8265',
    });
  });

  test.each(['ray', 'tensorboard', 'jupyter'])('that is not there is explained: %s', async (name) => {
    const { body } = await t.call('POST', '/experiments', localSubmission(await t.snapshot(FILES)));
    const answer = await t.call('POST', `/experiments/${body.experiment_id}/open/${name}`);
    expect(answer.body.error).toMatchObject({ code: 'not_found', hint: expect.any(String) });
  });
});

describe('sending', () => {
  const send = (path: string, bytes: number, body: string) =>
    t.app.request(`/v1/storage/${path}bytes=${bytes}`, { method: 'PUT', body }, {});
  const begin = (bytes: number, path = 'large') =>
    t.call('POST', '/storage/uploads', { kind: 'inputs', path, bytes, content: 'c' });

  test.each([
    [3, 'four'],
    [5, 'four'],
  ])('%d bytes that are %j are no file', async (bytes, body) => {
    expect((await send('file?kind=inputs&path=x&', bytes, body)).status).toBe(400);
    expect(paths((await t.call('GET', '/storage?kind=inputs')).body)).toEqual([]);
  });

  test('parts are one file when all are there, and not before', async () => {
    const bytes = 16 * 1024 * 1024 + 3;
    const { upload, part_bytes, parts } = (await begin(bytes)).body;
    expect([part_bytes, parts]).toEqual([16 * 1024 * 1024, []]);
    const at = (number: number) => `uploads/${upload}/parts/${number}?kind=inputs&path=large&`;
    expect((await send(at(2), bytes, 'end')).status).toBe(200);
    expect((await send(at(3), bytes, 'x')).status).toBe(400);
    expect((await begin(bytes)).body.parts).toEqual([2]);
    const complete = () =>
      t.call('POST', `/storage/uploads/${upload}?kind=inputs&path=large&bytes=${bytes}`, {});
    expect((await complete()).body.error.code).toBe('conflict');
    expect(paths((await t.call('GET', '/storage?kind=inputs')).body)).toEqual([]);
    expect((await send(at(1), bytes, 'a'.repeat(part_bytes))).status).toBe(200);
    expect((await complete()).status).toBe(200);
    // The answer was lost on its way.
    expect((await complete()).status).toBe(200);
    const response = await t.stream(`/storage/file?kind=inputs&path=large&start=${part_bytes - 1}`);
    expect(await response.text()).toBe('aend');
  });

  test('what a killed server left of an upload does not stand for what has become of the file', async () => {
    const { upload } = (await begin(3)).body;
    const part = () => send(`uploads/${upload}/parts/1?kind=inputs&path=large&`, 3, 'one');
    const complete = () => t.call('POST', `/storage/uploads/${upload}?kind=inputs&path=large&bytes=3`, {});
    const content = async () => (await t.stream('/storage/file?kind=inputs&path=large')).text();
    await part();
    // Killed after the parts had become the file, and before their names were gone.
    const inputs = join(t.data, 'inputs', 'default');
    await mkdir(inputs, { recursive: true });
    await rename(join(t.data, 'uploads', upload, 'data'), join(inputs, 'large'));
    expect((await complete()).status).toBe(200);
    expect(await readdir(join(t.data, 'uploads'))).toEqual([]);
    expect(await content()).toBe('one');
    // And the file is another one by the time that the same is sent again.
    await begin(3);
    await part();
    await rename(join(t.data, 'uploads', upload, 'data'), join(inputs, 'large'));
    await writeFile(join(inputs, 'large'), 'two');
    expect((await begin(3)).body.parts).toEqual([]);
    await part();
    expect((await complete()).status).toBe(200);
    expect(await content()).toBe('one');
  });

  test('uploads that nobody goes on with are removed, and no others', async () => {
    const { upload } = (await begin(3)).body;
    await send(`uploads/${upload}/parts/1?kind=inputs&path=large&`, 3, 'one');
    const uploads = join(t.data, 'uploads');
    const remove = (ms: number) =>
      removeAbandoned(uploads, new Date(Date.now() + ms), () => Promise.reject(new Error('no store')));
    await remove(-3_600_000);
    expect((await begin(3)).body.parts).toEqual([1]);
    await remove(3_600_000);
    expect(await readdir(uploads)).toEqual([]);
    expect((await begin(3)).body.parts).toEqual([]);
  });

  test('a file that is another one by now is not gone on with', async () => {
    await send('file?kind=inputs&path=x&', 4, 'four');
    const [{ version }] = (await t.call('GET', '/storage?kind=inputs')).body.files;
    const rest = () => t.call('GET', `/storage/file?kind=inputs&path=x&start=2&version=${version}`);
    await send('file?kind=inputs&path=x&', 5, 'fifth');
    expect((await rest()).body.error.code).toBe('conflict');
  });

  test('the longest names are taken, and longer ones told as such', async () => {
    for (const path of [`${'n'.repeat(255)}`, `a/${'ü'.repeat(127)}`])
      expect((await send(`file?kind=inputs&path=${path}&`, 3, 'one')).status, path).toBe(200);
    const longer = `a/${'n'.repeat(256)}/x`;
    for (const question of ['storage/file', 'storage'])
      expect((await t.call('GET', `/${question}?kind=inputs&path=${longer}`)).body.error.code).toBe(
        'not_found',
      );
    expect((await begin(3, longer)).body.error.code).toBe('usage');
    const answer = await send(`file?kind=inputs&path=${longer}&`, 3, 'one');
    expect(await answer.json()).toMatchObject({
      error: { code: 'usage', hint: expect.stringContaining('shorter') },
    });
  });

  test('small files come though one of them cannot be read, and that one says why by itself', async () => {
    await send('file?kind=inputs&path=x&', 3, 'one');
    // No file can have it: the system refuses to look.
    const refused = 'n'.repeat(300);
    const body = JSON.stringify({ kind: 'inputs', paths: [refused, 'x'], at_a_time: 2 });
    const headers = { 'content-type': 'application/json' };
    const answer = await t.app.request('/v1/storage/files', { method: 'POST', headers, body }, {});
    expect(answer.status, answer.status === 200 ? '' : await answer.text()).toBe(200);
    const came = new Map<string, string | null>();
    for await (const { path, content } of readSmallFiles(answer.body!))
      came.set(path, content === null ? null : Buffer.from(content).toString());
    expect([...came]).toEqual([
      [refused, null],
      ['x', 'one'],
    ]);
    const alone = await t.call('GET', `/storage/file?kind=inputs&path=${refused}`);
    expect(alone.body.error.message).toBeTruthy();
  });
});
