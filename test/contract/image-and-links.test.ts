import { rm } from 'node:fs/promises';
import { afterEach, expect, test } from 'vitest';
import { experimentRecord } from '../../src/api/contract.ts';
import type { TensorBoardContext } from '../../src/engines/engine.ts';
import { ExperimentFailure } from '../../src/experiment/failure/failure.ts';
import { REACHED } from '../../src/experiment/link.ts';
import { createFakeEngine, podFact, type FakeEngineOptions } from '../fakes/fake-engine.ts';
import { createTestPlane, FILES, JOBSET, localSubmission, type TestPlane } from './control-plane.ts';

const IMAGE = 'images.example/a@sha256:0a';
const EARLIER = '3f2a1b4c-9d8e-4f7a-b6c5-1a2b3c4d5e6f';

let t: TestPlane;
afterEach(async () => {
  await t.close();
  await rm(t.data, { recursive: true, force: true });
});

async function submitted(options: FakeEngineOptions = {}, files: Record<string, string> = FILES) {
  const engine = createFakeEngine(options);
  t = await createTestPlane({ engine });
  const { body } = await t.call('POST', '/experiments', localSubmission(await t.snapshot(files)));
  const record = async () => experimentRecord.parse((await t.call('GET', '/experiments/latest')).body);
  return { engine, id: String(body.experiment_id), record };
}

test('the image that a build gives is in the record, once, and in lists', async () => {
  const build = async () => ({ message: 'image built', image: IMAGE, data: {}, notices: [] });
  const { engine, id, record } = await submitted({ build });
  const run = await engine.started(id);
  const { image, events } = await record();
  expect(image).toBe(IMAGE);
  expect(events.filter(({ type }) => type === 'image')).toHaveLength(1);
  const { body } = await t.call('GET', '/experiments');
  expect(body.experiments[0]).toMatchObject({ image: IMAGE });
  run.endWith('Succeeded');
  await t.until(id, (state) => state.ended);
});

test('a build that fails says why in its own terms', async () => {
  const failure = new ExperimentFailure({ reason: 'ImageNotFound', explanation: 'there is none' });
  const { id, record } = await submitted({ build: () => Promise.reject(failure) });
  await t.until(id, (state) => state.ended);
  expect(await record()).toMatchObject({
    ...{
      status: 'Failed',
      step: 'build',
      reason: 'ImageNotFound',
      explanation: 'there is none',
      image: null,
    },
  });
});

test('a finished image needs no earlier experiment; one that is named beside it is not looked for', async () => {
  for (const skipBuild of ['{enabled: true}', `{enabled: true, experimentId: ${EARLIER}}`]) {
    const manifest = JOBSET.replaceAll('image: experiment', 'image: localhost/image:v1').replace(
      '  context: .\n',
      `  context: .\n  skipBuild: ${skipBuild}\n`,
    );
    const { engine, id } = await submitted({}, { ...FILES, 'manifest.yaml': manifest });
    const { context, endWith } = await engine.started(id);
    expect(context.plan.builder.image).toBe('localhost/image:v1');
    expect(engine.builds[0]?.reuse).toBeNull();
    endWith('Succeeded');
    await t.until(id, (state) => state.ended);
    if (skipBuild.includes(EARLIER)) continue;
    await t.close();
    await rm(t.data, { recursive: true, force: true });
  }
});

test('a link through the control plane has its address, and is opened with a pass', async () => {
  const { engine, id, record } = await submitted();
  const run = await engine.started(id);
  run.emit(podFact('worker-0-0', 'Running'), { type: 'link', name: 'ray_dashboard', url: REACHED });
  await t.until(id, (state) => state.record.links.ray_dashboard !== null);
  const address = `https://team.example/links/${id}/ray/`;
  expect((await record()).links.ray_dashboard).toBe(address);
  const { body } = await t.call('POST', `/experiments/${id}/open/ray`);
  expect(body).toEqual({
    ...{ experiment_id: id, name: 'ray' },
    url: expect.stringMatching(new RegExp(`^${address}\\?pass=\\d+\\.\\d+\\.[\\w-]+$`)),
  });
  run.emit({ type: 'link', name: 'ray_dashboard', url: null });
  run.endWith('Succeeded');
  await t.until(id, (state) => state.ended);
  expect((await record()).links.ray_dashboard).toBeNull();
});

test('TensorBoard that is started again behind the control plane is opened with a pass', async () => {
  const manifest = JOBSET.replace('  types:', '  tensorboard: {enabled: true}\n  types:');
  const { engine, id } = await submitted({}, { ...FILES, 'manifest.yaml': manifest });
  const asked: TensorBoardContext[] = [];
  engine.openTensorBoard = async (context) => {
    asked.push(context);
    return REACHED;
  };
  (await engine.started(id)).endWith('Succeeded');
  await t.until(id, (state) => state.ended);
  const { body } = await t.call('POST', `/experiments/${id}/open/tensorboard`);
  expect(body.url).toMatch(`https://team.example/links/${id}/tensorboard/?pass=`);
  expect(asked).toMatchObject([{ experimentId: id, project: 'default', plan: { operator: 'jobset' } }]);
});

const refusedLink = async (id: string, name: string) => {
  const { status, body } = await t.call('POST', `/experiments/${id}/open/${name}`);
  expect(status).toBe(404);
  return String(`${body.error.message}; ${body.error.hint}`);
};

const KUBERAY = JOBSET.replace('operator: jobset', 'operator: kuberay').replace(
  /  types:[^]*$/,
  `  rayVersion: 2.52.1
  types:
    Head: {resources: {cpus: 1, memory: 1}}
    Workers: [{name: cpu, count: 1, resources: {cpus: 1, memory: 1}}]
`,
);

test('a Ray cluster that has ended is shown by the history server that its engine knows of; without one it says so', async () => {
  const { engine, id } = await submitted({}, { ...FILES, 'manifest.yaml': KUBERAY });
  const history = `https://history.example/ray/${id}`;
  engine.rayHistory = () => null;
  const run = await engine.started(id);
  expect(await refusedLink(id, 'ray')).toContain('its head is not up yet');
  run.endWith('Succeeded');
  await t.until(id, (state) => state.ended);
  expect(await refusedLink(id, 'ray')).toMatch(
    /it has ended \(Succeeded\); its dashboard went with it: .*--set ray_history_url=URL$/,
  );
  engine.rayHistory = (asked) => (asked === id ? history : null);
  const { status, body } = await t.call('POST', `/experiments/${id}/open/ray`);
  expect({ status, body }).toEqual({ status: 200, body: { experiment_id: id, name: 'ray', url: history } });
});

test('a link that is not there says what is missing, and asks for nothing that is set', async () => {
  const debugged = '  debug: {vscode: {enabled: true}}\n  tensorboard: {enabled: true}\n  types:';
  const manifest = JOBSET.replace('  types:', debugged);
  const { engine, id } = await submitted({}, { ...FILES, 'manifest.yaml': manifest });
  const run = await engine.started(id);
  for (const name of ['tensorboard', 'vscode']) {
    expect(await refusedLink(id, name)).toMatch(/it is not up yet \(\w+\); it comes once the pods run/);
    expect(await refusedLink(id, name)).not.toContain('set spec.');
  }
  expect(await refusedLink(id, 'jupyter')).toContain('set spec.debug.jupyter in the manifest');
  run.endWith('Succeeded');
  await t.until(id, (state) => state.ended);
  const short = id.slice(0, 8);
  expect(await refusedLink(id, 'vscode')).toContain(
    `it has ended (Succeeded); it is there only while the experiment runs: aichor experiments resubmit ${short}`,
  );
  expect(await refusedLink(id, 'jupyter')).toContain('set spec.debug.jupyter in the manifest');
});

test('a link that the manifest does not ask for names its key', async () => {
  const { engine, id } = await submitted();
  const run = await engine.started(id);
  expect(await refusedLink(id, 'tensorboard')).toContain(
    'it is not enabled; set spec.tensorboard.enabled in the manifest',
  );
  expect(await refusedLink(id, 'vscode')).toContain(
    'it is not being debugged; set spec.debug.vscode in the manifest',
  );
  expect(await refusedLink(id, 'ray')).toContain('its operator is jobset');
  run.endWith('Succeeded');
  await t.until(id, (state) => state.ended);
});

test("a team's server says where experiments go that name no engine", async () => {
  t = await createTestPlane({ defaultEngine: 'cluster' });
  const snapshot = await t.snapshot(FILES);
  const refused = await t.call('POST', '/experiments', localSubmission(snapshot));
  expect(refused.body.error).toMatchObject({
    code: 'engine_unavailable',
    message: 'there is no engine called "cluster"',
  });
  const named = await t.call('POST', '/experiments', localSubmission(snapshot, { engine: 'local' }));
  expect(named.status).toBe(201);
  (await t.engine.started(named.body.experiment_id)).endWith('Succeeded');
  await t.until(named.body.experiment_id, (state) => state.ended);
  const { body } = await t.call('GET', '/engines');
  expect(body.engines).toMatchObject([{ name: 'local', default: false }]);
});
