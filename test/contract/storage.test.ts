import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { opened, storageList } from '../../src/api/storage-contract.ts';
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
