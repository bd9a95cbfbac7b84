/** Pods in containers by way of the commands: the flag, the setting, and what comes after. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { makeProgram, type Program } from '../../cli/program.ts';
import { BASE, findMissing, podman } from './machine.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });

const MANIFEST = `kind: AIchorManifest
apiVersion: "0.2.3"
builder: {image: x, dockerfile: ./Dockerfile}
spec:
  operator: jobset
  image: x
  command: sh /app/main.sh
  types:
    worker: {count: 1, resources: {cpus: 1, memory: 0.2}}
`;

const missing = await findMissing();

describe.skipIf(missing !== null)('submissions to containers', () => {
  let program: Program;
  let repo: string;
  const ids: string[] = [];
  beforeAll(() => {
    program = makeProgram('containers');
    repo = join(program.home, 'contained');
    mkdirSync(repo);
    writeFileSync(join(repo, 'manifest.yaml'), MANIFEST);
    writeFileSync(join(repo, 'Dockerfile'), `FROM ${BASE}\nCOPY main.sh /app/\n`);
    writeFileSync(
      join(repo, 'main.sh'),
      'echo "here: $(ls /app) $NAME"; while [ -n "$HOLD" ]; do sleep 0.1; done\n',
    );
  });
  afterAll(() => {
    program.close();
    for (const id of ids) podman('rmi', '--force', '--ignore', `localhost/aichor/built:${id}`);
  });

  const json = async (...words: string[]) => {
    const { code, stdout, stderr } = await program.aichor(words);
    const body = stdout.startsWith('{') ? JSON.parse(stdout) : null;
    if (body?.experiment_id !== undefined) ids.push(body.experiment_id);
    return { code, stdout, stderr, body };
  };
  const submit = (...flags: string[]) => json('experiments', 'submit', 'local', repo, ...flags);

  test('by the flag, and again; without it a pod is a process', async () => {
    const first = await submit('--container', 'podman', '--env', 'NAME=first', '--wait');
    expect(first).toMatchObject({
      code: 0,
      body: { status: 'Succeeded', image: expect.stringMatching(/^sha256:/) },
    });
    const { stdout } = await program.aichor(['experiments', 'logs', first.body.experiment_id]);
    expect(stdout).toContain('here: main.sh first');
    const again = await json(
      'experiments',
      'resubmit',
      first.body.experiment_id,
      '--env',
      'NAME=again',
      '--wait',
    );
    expect(again.body).toMatchObject({ status: 'Succeeded', image: first.body.image });
    const none = await json(
      'experiments',
      'resubmit',
      first.body.experiment_id,
      '--container',
      'none',
      '--wait',
    );
    expect(none.body.image ?? null).toBeNull();
    const built = await program.aichor(['experiments', 'logs', first.body.experiment_id, '--step', 'build']);
    expect(built.stdout).toContain('COPY main.sh /app/');
  });

  test('by the setting; a command runs in the pod, and a cancel ends it', async () => {
    writeFileSync(join(program.home, 'state', 'settings.json'), '{"container": "podman"}');
    await program.aichor(['server', 'stop']);
    const held = await submit('--env', 'HOLD=1');
    const id = held.body.experiment_id;
    const exec = () => program.aichor(['experiments', 'exec', id, '--', 'cat', '/app/main.sh']);
    await expect.poll(async () => (await exec()).stdout, { timeout: 120_000 }).toContain('echo "here:');
    const cancelled = await json('experiments', 'cancel', id, '--yes', '--wait');
    expect(cancelled.code).toBe(0);
    expect((await json('experiments', 'get', id)).body).toMatchObject({
      status: 'Cancelled',
      image: expect.stringMatching(/^sha256:/),
    });
    expect(podman('ps', '--all', '--quiet', `--filter=label=aichor.experiment=${id}`)).toBe('');
  });

  test('images go when they are asked to, but never one that a live experiment has, or that is not ours', async () => {
    const images = () => podman('images', '--quiet', '--no-trunc', '--filter=label=aichor.image');
    const before = images().split('\n');
    writeFileSync(join(repo, 'Dockerfile'), `FROM ${BASE}\nCOPY main.sh /app/\nENV OF=the-next\n`);
    const held = await submit('--container', 'podman', '--env', 'HOLD=1');
    const { experiment_id: id } = held.body;
    await expect.poll(async () => (await json('experiments', 'get', id)).body.status, { timeout: 120_000 }).toBe('Running');
    const { body: pruned } = await json('server', 'prune', '--images');
    expect(pruned.environments).toEqual([]);
    expect(pruned.images.flatMap(({ experiments }: { experiments: string[] }) => experiments)).toEqual(
      expect.arrayContaining([ids[0]]),
    );
    const { image } = (await json('experiments', 'get', id)).body;
    expect(images()).toContain(image);
    for (const removed of pruned.images) expect(images()).not.toContain(removed.id);
    const ours = new Set(pruned.images.map((each: { id: string }) => `sha256:${each.id}`));
    for (const other of before.filter((each) => each !== '' && !ours.has(each))) expect(images()).toContain(other);
    podman('image', 'inspect', BASE);
    expect((await json('server', 'prune', '--images')).body.images).toEqual([]);
    await json('experiments', 'cancel', id, '--yes', '--wait');
    const last = (await json('server', 'prune', '--images', '--older-than', '1h')).body;
    expect(last.images).toEqual([]);
    const gone = (await json('server', 'prune', '--images')).body;
    expect(gone.images).toMatchObject([{ program: 'podman', experiments: [id] }]);
    expect(images()).not.toContain(image);
  }); // prettier-ignore

  test('what has no place in a container is refused with its cure', async () => {
    const both = await submit('--container', 'podman', '--python-env', '/usr/bin/python3');
    expect(both.code).toBe(2);
    expect(both.stderr).toContain('leave out one of --python-env and --container');
    const buckets = await submit('--container', 'podman', '--storage', 's3');
    expect(buckets.code).toBe(2);
    expect(buckets.stderr).toContain('leave --storage s3 out');
  });
});
