import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EXPERIMENT_MARK, POD_MARK } from '../../src/engines/local/pod/pod-environment.ts';
import { OBJECT_STORE } from '../../src/engines/local/services/buckets.ts';
import { chooseProcesses } from '../../src/machine/choose-processes.ts';
import { s3Client } from '../object-store/client.ts';
import { createHouse, jobset, lastOf, type House } from './house.ts';

let house: House;
beforeAll(async () => {
  house = await createHouse();
});
afterAll(() => house.leave());

/** Prints its environment, and waits until somebody says that it may end. */
const WAITS = `"${process.execPath}" -e 'console.log(JSON.stringify(process.env))'; until [ -e "$END" ]; do sleep 0.05; done`;

test('pods have buckets, which come back when their server is killed and go with the experiment', async () => {
  const end = join(house.folder, 'end');
  const experiment = await house.submit({ ...jobset(WAITS), env: { END: end } });
  experiment.plan.storage.kind = 's3';
  const outputs = join(house.folder, 'outputs', 'default');
  const paths = {
    input: `${join(house.folder, 'inputs', 'default')}/`,
    output: `${join(outputs, 'output', experiment.id)}/`,
    tensorboard: join(outputs, 'output', experiment.id, 'tensorboard'),
  };
  mkdirSync(paths.output, { recursive: true });
  const running = experiment.run(undefined, paths);
  await expect.poll(() => experiment.printed('worker-0-0'), { timeout: 30_000 }).toMatch(/\}$/);
  const env: Record<string, string> = JSON.parse(await experiment.printed('worker-0-0'));
  expect(env).toMatchObject({
    AICHOR_INPUT_PATH: 's3://default-inputs/',
    AICHOR_OUTPUT_PATH: `s3://default-outputs/output/${experiment.id}/`,
    S3_ENDPOINT: env['AWS_ENDPOINT_URL'],
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
  });
  const port = Number(new URL(env['AWS_ENDPOINT_URL'] ?? '').port);
  const keys = { accessKey: env['AWS_ACCESS_KEY_ID'] ?? '', secretKey: env['AWS_SECRET_ACCESS_KEY'] ?? '' };
  const s3 = s3Client(port, keys);
  const key = `/default-outputs/output/${experiment.id}/model`;
  expect((await s3('PUT', key, { body: 'first' })).status).toBe(200);
  expect(readFileSync(join(paths.output, 'model'), 'utf8')).toBe('first');

  const processes = chooseProcesses(process.env, process.platform);
  const marked = async () => {
    const all = await processes.marked(EXPERIMENT_MARK, experiment.id, POD_MARK);
    return all.filter(({ also }) => also === OBJECT_STORE).map(({ pid }) => pid);
  };
  const [pid] = await marked();
  process.kill(pid ?? 0, 'SIGKILL');
  const put = () =>
    s3('PUT', key, { body: 'second' }).then(
      ({ status }) => status,
      () => null,
    );
  await expect.poll(put, { timeout: 30_000, interval: 100 }).toBe(200);

  writeFileSync(end, '');
  expect(lastOf(await running.done)['worker-0-0']?.status).toBe('Succeeded');
  expect(readFileSync(join(paths.output, 'model'), 'utf8')).toBe('second');
  await expect.poll(marked).toEqual([]);
}, 120_000);

test('without being asked for they are folders', async () => {
  const experiment = await house.submit(jobset('echo "$AICHOR_OUTPUT_PATH ${AWS_ENDPOINT_URL:-none}"'));
  await experiment.run().done;
  expect(await experiment.printed('worker-0-0')).toBe(`${house.folder}/outputs/ none`);
});
