import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isPortFree } from '../../src/machine/ports.ts';
import { createHouse, isPod, jobset, lastOf, type House } from './house.ts';

let house: House;
beforeAll(async () => {
  house = await createHouse();
});
afterAll(() => house.leave());

const DUMP = `"${process.execPath}" -e 'process.stdout.write(JSON.stringify(process.env))'`;

async function seenBy(
  experiment: Awaited<ReturnType<House['submit']>>,
  pod = 'worker-0-0',
): Promise<Record<string, string>> {
  const facts = await experiment.run().done;
  expect(lastOf(facts)[pod]?.status).toBe('Succeeded');
  return JSON.parse(await experiment.printed(pod));
}

describe('the environment of a pod', () => {
  test('takes any value as it is', async () => {
    const env = {
      NEWLINES: 'one\ntwo\n\n',
      QUOTES: `'"\`\\`,
      DOLLARS: '$HOME $(HOSTNAME) $$ ${x}',
      LONG: 'x'.repeat(100_000),
      UNICODE: 'ä€😀',
      EMPTY: '',
      SPACES: '  a  ',
    };
    expect(await seenBy(await house.submit({ ...jobset(DUMP), env }))).toMatchObject(env);
  });

  test('has the endpoint of the user’s object storage: this engine has none', async () => {
    const env = { AWS_ENDPOINT_URL: 'http://127.0.0.1:9', S3_ENDPOINT: 'http://127.0.0.1:9' };
    expect(await seenBy(await house.submit({ ...jobset(DUMP), env }))).toMatchObject(env);
    const none = await seenBy(await house.submit(jobset(DUMP)));
    expect(Object.keys(none)).not.toContain('S3_ENDPOINT');
  });

  test('is the plan’s, the shell’s basics and nothing else', async () => {
    const shell = {
      PATH: process.env['PATH'] ?? '',
      HOME: '/nowhere',
      LANG: 'C.UTF-8',
      UV_INDEX_URL: 'x',
      PIP_INDEX_URL: 'x',
    };
    const experiment = await house.submit({ ...jobset(DUMP), shell, secrets: { TOKEN: 's3cret' } });
    const env = await seenBy(experiment);
    const { PWD: _1, OLDPWD: _2, SHLVL: _3, _: _4, ...given } = env;
    expect(given).toMatchObject({
      HOME: '/nowhere',
      LANG: 'C.UTF-8',
      HOSTNAME: 'worker-0-0',
      TOKEN: 's3cret',
      PATH: shell.PATH,
    });
    const planned = new Set(experiment.plan.groups.flatMap((group) => group.env.map(({ name }) => name)));
    const foreign = Object.keys(given).filter((name) => !planned.has(name));
    expect(foreign.sort()).toEqual(['HOME', 'HOSTNAME', 'LANG', 'PATH']);
  });

  test('that is too large is a failure with its cause', async () => {
    const facts = await (await house.submit({ ...jobset('true'), env: { HUGE: 'x'.repeat(200_000) } })).run()
      .done;
    expect(lastOf(facts)['worker-0-0']).toMatchObject({
      status: 'Failed',
      reason: 'StartFailed',
      exit_code: null,
    });
    expect(facts.find((fact) => fact.type === 'failure')).toMatchObject({
      explanation: expect.stringContaining('HUGE (200000 bytes'),
    });
  });
});

describe('the folder of a pod', () => {
  test('is builder.context of its own copy', async () => {
    const files = { 'code/here.txt': 'x', 'top.txt': 'y' };
    const what = jobset('ls; touch mine; ls ..', { worker: { count: 2 } });
    const experiment = await house.submit({ ...what, files, builder: { context: 'code' } });
    await experiment.run().done;
    expect(await experiment.printed('worker-0-0')).toBe('here.txt\ncode\ntop.txt');
    expect(await experiment.printed('worker-1-0')).toBe('here.txt\ncode\ntop.txt');
  });

  test('is kept on request, and told', async () => {
    const experiment = await house.submit({ ...jobset('echo result > out.txt'), keep: true });
    const facts = await experiment.run().done;
    const told = facts.find((fact) => fact.type === 'workdir');
    expect(told).toMatchObject({ path: `${house.folder}/experiments/${experiment.id}/engine/work` });
  });

  test('that is not in the repository is a failure with its cause', async () => {
    const facts = await (await house.submit({ ...jobset('true'), builder: { context: 'missing' } })).run()
      .done;
    expect(facts.find((fact) => fact.type === 'failure')).toMatchObject({
      reason: 'StartFailed',
      explanation: expect.stringContaining('missing'),
    });
  });

  test('may be made read-only or removed by the pod', async () => {
    const facts = await (await house.submit(jobset('mkdir -p a/b; chmod 500 a/b a .; true'))).run().done;
    expect(lastOf(facts)['worker-0-0']?.status).toBe('Succeeded');
    const removed = await (await house.submit(jobset('rm -rf "$PWD"; true'))).run().done;
    expect(lastOf(removed)['worker-0-0']?.status).toBe('Succeeded');
  });
});

describe('ports', () => {
  const pytorch = (command: string) => ({
    spec: {
      operator: 'pytorch',
      command,
      types: { worker: { count: 2, resources: { cpus: 1, ramRatio: 1 } } },
    },
  });
  const DOCUMENTED = 23456;

  test('two experiments at once have different ones; all pods of one have the same', async () => {
    const gate = `${house.folder}/gate`;
    const command = `echo $MASTER_ADDR $MASTER_PORT; while ! test -e ${gate}; do sleep 0.02; done`;
    const [one, two] = [await house.submit(pytorch(command)), await house.submit(pytorch(command))];
    const running = [one.run(), two.run()];
    for (const each of running)
      await Promise.all(['worker-0-0', 'worker-1-0'].map((pod) => each.seen(isPod(pod, 'Running'))));
    await mkdir(gate);
    for (const each of running) await each.done;
    const printed = [await one.printed('worker-0-0'), await two.printed('worker-0-0')];
    expect(printed[0]).not.toBe(printed[1]);
    expect(await one.printed('worker-1-0')).toBe(printed[0]);
    expect(await two.printed('worker-1-0')).toBe(printed[1]);
  });

  test('the documented one that somebody holds is not given out', async () => {
    const server = createServer();
    if (await isPortFree(DOCUMENTED)) {
      server.listen(DOCUMENTED, '127.0.0.1');
      await once(server, 'listening');
    }
    const experiment = await house.submit(pytorch('echo $MASTER_PORT'));
    await experiment.run().done;
    server.close();
    expect(await experiment.printed('worker-0-0')).not.toBe(String(DOCUMENTED));
  });
});

describe('GPUs', () => {
  const gpu = (count: number) => ({
    accelerators: { gpu: { count, product: 'A100', type: 'gpu' } },
    cpus: 1,
    ramRatio: 1,
  });

  test('are divided; pods wait for one', async () => {
    const engine = house.restarted({ gpus: async () => ['0', '1'] });
    const experiment = await house.submit(
      jobset('echo $CUDA_VISIBLE_DEVICES', { worker: { count: 3, resources: gpu(1) }, plain: { count: 1 } }),
    );
    const facts = await experiment.run(engine).done;
    expect(Object.values(lastOf(facts)).every(({ status }) => status === 'Succeeded')).toBe(true);
    const devices = await Promise.all([0, 1, 2].map((job) => experiment.printed(`worker-${job}-0`)));
    expect(devices.slice(0, 2)).toEqual(['0', '1']);
    expect(['0', '1']).toContain(devices[2]);
    expect(await experiment.printed('plain-0-0')).toBe('');
    expect(facts).toContainEqual({
      type: 'progress',
      message: expect.stringContaining('the rest wait for GPUs'),
    });
  });

  test('that a machine will never have for one pod', async () => {
    const engine = house.restarted({ gpus: async () => ['0'] });
    const facts = await (
      await house.submit(jobset('true', { worker: { count: 1, resources: gpu(2) } }))
    ).run(engine).done;
    expect(facts).toContainEqual(expect.objectContaining({ type: 'failure', reason: 'Unschedulable' }));
  });

  test('a machine without any runs it all the same', async () => {
    const engine = house.restarted({ gpus: async () => [] });
    const experiment = await house.submit(
      jobset('echo ${CUDA_VISIBLE_DEVICES-unset}', { worker: { count: 1, resources: gpu(2) } }),
    );
    expect(await engine.check(experiment.plan, { force: false })).toContainEqual({
      code: 'gpus_absent',
      message: expect.stringContaining('asks for 2 GPUs'),
    });
    await experiment.run(engine).done;
    expect(await experiment.printed('worker-0-0')).toBe('unset');
  });
});
