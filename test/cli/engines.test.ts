import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { serveJobSets, kubeconfigText, startFakeApi, type FakeApi } from '../fakes/kubernetes-api.ts';
import { documentOf, errorOf, makeProgram, manifest, type Program } from './program.ts';

let program: Program;
let api: FakeApi;
beforeAll(async () => {
  api = await startFakeApi();
  program = makeProgram('engines', { KUBECONFIG: api.kubeconfig });
  serveJobSets(api, 'lab');
  const status = {
    conditions: [{ type: 'Ready', status: 'True' }],
    allocatable: { cpu: '8', memory: '32Gi', 'nvidia.com/gpu': '2' },
  };
  const labels = { 'nvidia.com/gpu.product': 'Tesla-T4' };
  api.store.put('nodes', { metadata: { name: 'node1', labels }, status });
});
afterAll(async () => {
  program.close();
  await api.close();
});
beforeEach(() => {
  api.misbehave(() => null);
  api.forbidden.clear();
});

const aichor: Program['aichor'] = (...args) => program.aichor(...args);
const ENGINE = ['engines', 'add', 'gpu', '--registry', 'reg.example.org/team'];

describe('engines', () => {
  it('are added with the context that kubectl would use, listed, shown and removed', async () => {
    const added = await aichor([...ENGINE, '--set', 'selectors.pool=a', '--pull-secret', 'key']);
    const document = documentOf(added);
    expect(document).toMatchObject({
      ...{ name: 'gpu', kind: 'kubernetes', healthy: true, capacity: { cpus: 8, memory_gb: 32, gpus: 2 } },
      kubernetes: {
        ...{ server: api.url, context: 'fake', namespace: 'lab' },
        credentials: { kind: 'reference', file: api.kubeconfig },
        settings: { registry: 'reg.example.org/team', pull_secret: 'key', selectors: { pool: 'a' } },
      },
    });
    expect(added.stderr).toContain(`Kubernetes v1.36.4 at ${api.url}`);
    expect(added.stderr).toContain('aichor engines check gpu says what to do');
    const listed = documentOf(await aichor(['engines', 'list']));
    expect(listed.engines.map(({ name }: { name: string }) => name)).toEqual(['local', 'gpu']);
    expect(documentOf(await aichor(['engines', 'get', 'gpu']))).toEqual(document);
    expect(documentOf(await aichor(['engines', 'remove', 'gpu'])).name).toBe('gpu');
    const gone = await aichor(['engines', 'get', 'gpu']);
    expect(gone).toMatchObject({ code: 5, stdout: '' });
  });

  it('outlive the server', async () => {
    await aichor([...ENGINE, '--replace']);
    await aichor(['server', 'stop']);
    expect(documentOf(await aichor(['engines', 'get', 'gpu'])).healthy).toBe(true);
  });

  it('can keep their credentials, which are printed nowhere', async () => {
    const added = await aichor(['engines', 'add', 'kept', '--store-credentials']);
    const { file } = documentOf(added).kubernetes.credentials;
    expect(JSON.parse(readFileSync(file, 'utf8')).users[0].user).toEqual({ token: 'secret-token' });
    const said = [
      added,
      await aichor(['engines', 'get', 'kept']),
      await aichor(['engines', 'check', 'kept']),
    ];
    const files = ['engines.json', 'server.log'].map((name) =>
      readFileSync(join(program.home, 'state', name), 'utf8'),
    );
    expect(JSON.stringify([said, files])).not.toContain('secret-token');
  });

  it.each([
    [
      ['engines', 'add', 'Gpu_1'],
      2,
      'up to 40 lower case letters, digits and hyphens, beginning with a letter: gpu-1',
    ],
    [['engines', 'add', 'local'], 6, 'choose another name'],
    [['engines', 'add', 'x', '--context', 'fkae'], 2, 'did you mean "fake"?'],
    [['engines', 'add', 'x', '--kubeconfig', '/nowhere'], 2, 'with --kubeconfig FILE'],
    [['engines', 'add', 'x', '--set', 'gpu.product_lable=y'], 2, 'did you mean "gpu.product_label"?'],
    [['engines', 'add', 'x', '--in-cluster'], 7, 'give the cluster with a kubeconfig'],
    [['engines', 'check', 'x'], 5, 'the engines there are: local'],
  ])('are refused: %j', async (args, code, hint) => {
    const outcome = await aichor(args);
    expect(outcome).toMatchObject({ code, stdout: '' });
    expect(errorOf(outcome).hint).toContain(hint);
  });

  it('are not added when they cannot be reached, unless it is said', async () => {
    const file = join(program.home, 'gone');
    writeFileSync(file, kubeconfigText('http://127.0.0.1:9', 'secret-token'));
    const refused = await aichor(['engines', 'add', 'gone', '--kubeconfig', file]);
    expect(refused).toMatchObject({ code: 7, stdout: '' });
    expect(errorOf(refused)).toMatchObject({
      code: 'engine_unavailable',
      message: expect.stringContaining('http://127.0.0.1:9 cannot be reached'),
      hint: expect.stringContaining('--no-check adds it as it is'),
    });
    const flags = ['--kubeconfig', file, '--registry', 'reg.example.org', '--no-check'];
    const added = documentOf(await aichor(['engines', 'add', 'gone', ...flags]));
    expect(added).toMatchObject({ healthy: false, message: expect.stringContaining('cannot be reached') });
    expect((await aichor(['engines', 'check', 'gone'])).code).toBe(7);
    const unreachable = await program.submit('--engine', 'gone');
    expect(unreachable).toMatchObject({ code: 7, stdout: '' });
    expect(errorOf(unreachable).hint).toContain('--force');
    expect((await aichor(['engines', 'remove', 'gone'])).code).toBe(0);
  });
});

describe('the check', () => {
  it('is a verdict: the document and the error, exit code 7', async () => {
    await aichor([...ENGINE, '--replace']);
    const ready = await aichor(['engines', 'check', 'gpu']);
    expect(documentOf(ready)).toMatchObject({ engine: 'gpu', ok: true });
    expect(ready.code).toBe(0);
    api.forbidden.add('create jobsets');
    const outcome = await aichor(['engines', 'check', 'gpu']);
    expect(outcome.code).toBe(7);
    expect(documentOf(outcome).ok).toBe(false);
    expect(errorOf(outcome)).toMatchObject({
      code: 'engine_unavailable',
      message: 'the engine gpu is not ready: not allowed in lab: create jobsets.jobset.x-k8s.io',
    });
  });
});

describe('manifests', () => {
  const file = () => join(program.home, 'fit.yaml');
  const write = (product: string) =>
    writeFileSync(
      file(),
      manifest('python main.py').replace(
        '{cpus: 1, memory: 1}',
        `{cpus: 99, memory: 1, accelerators: {gpu: {count: 1, product: ${product}}}}`,
      ),
    );

  it('are checked against the nodes, line by line', async () => {
    await aichor([...ENGINE, '--replace']);
    write('Tesla-T5');
    const outcome = await aichor(['manifest', 'validate', file(), '--engine', 'gpu']);
    expect(outcome.code).toBe(3);
    const found = documentOf(outcome).files[0].diagnostics;
    expect(found).toMatchObject([
      { code: 'engine-too-small', line: 9, path: 'spec.types.worker.resources.cpus' },
      { code: 'engine-gpu-product', line: 9, hint: 'did you mean "Tesla-T4"? it has Tesla-T4' },
    ]);
    expect((await aichor(['manifest', 'validate', file(), '--engine', 'local'])).code).toBe(0);
    expect((await aichor(['manifest', 'validate', file(), '--engine', 'gup'])).code).toBe(7);
  });

  it('are rendered with the settings of an engine', async () => {
    await aichor([...ENGINE, '--replace', '--set', 'gpu.product_label=accelerator', '--queue', 'team']);
    write('T4');
    const { engine, objects } = documentOf(await aichor(['manifest', 'render', file(), '--engine', 'gpu']));
    expect(engine).toBe('gpu');
    const jobset = objects.find(({ kind }: { kind: string }) => kind === 'JobSet');
    expect(jobset.metadata).toMatchObject({
      namespace: 'lab',
      labels: { 'kueue.x-k8s.io/queue-name': 'team' },
    });
    expect(JSON.stringify(jobset)).toContain('"accelerator":"T4"');
    const plain = documentOf(await aichor(['manifest', 'render', file(), '--engine', 'kubernetes']));
    expect(JSON.stringify(plain)).toContain('"nvidia.com/gpu.product":"T4"');
    expect((await aichor(['manifest', 'render', file(), '--engine', 'gup'])).code).toBe(5);
  });

  it('are refused by submit with all that does not fit', async () => {
    await aichor([...ENGINE, '--replace']);
    writeFileSync(
      join(program.repo, 'big.yaml'),
      manifest('sh main.sh').replace('cpus: 1, memory: 1', 'cpus: 99, memory: 99'),
    );
    const refused = await program.submit('--engine', 'gpu', '--manifest-path', 'big.yaml');
    expect(refused).toMatchObject({ code: 7, stdout: '' });
    expect(errorOf(refused)).toMatchObject({
      code: 'engine_unavailable',
      message: expect.stringContaining('(and 1 more)'),
      hint: expect.stringContaining('--force submits all the same'),
      diagnostics: [
        { code: 'engine-too-small', file: 'big.yaml', line: 9 },
        { code: 'engine-too-small', file: 'big.yaml', line: 9 },
      ],
    });
  });
});
