/** Pods in containers of podman: real images, networks and limits, where this machine lets containers run. */
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { run } from '../../../src/base/io/run.ts';
import type { ExecRequest, ExecSession } from '../../../src/engines/engine.ts';
import {
  createHouse,
  isPod,
  jobset,
  lastOf,
  type House,
  type Running,
  type Submission,
  type Submitted,
} from '../house.ts';
import { createHosting, ENGINE_CRASH_POINTS } from '../hosting.ts';
import { BASE, findMissing, mayContain, podman } from './machine.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });

const PATIENCE = { timeout: 60_000, interval: 50 };
const POD = 'worker-0-0';

const missing = await findMissing();
if (missing !== null) console.warn(`containers are not tried: ${missing}`);
// There CI has installed podman: that it does not work is told, not skipped.
const isExpected = process.env['CI'] && !process.env['AICHOR_CONTAINERS_MISSING'];
test.runIf(missing !== null && isExpected && mayContain())('this machine runs containers', () =>
  expect(missing).toBeNull(),
);

describe.skipIf(missing !== null)('pods in containers', () => {
  let house: House;
  const ids: string[] = [];
  beforeEach(async () => {
    house = await createHouse();
  });
  afterEach(async () => {
    for (const id of ids) await house.engine.discard(id, 'deleted');
    await house.leave();
  });
  afterAll(() => {
    for (const id of ids) podman('rmi', '--force', '--ignore', `localhost/aichor/built:${id}`);
  });

  async function submit(what: Submission, dockerfile = ''): Promise<Submitted> {
    const files = { Dockerfile: `FROM ${BASE}\n${dockerfile}`, 'main.txt': 'of the image\n', ...what.files };
    const experiment = await house.submit({ ...what, files, container: 'podman' });
    ids.push(experiment.id);
    return experiment;
  }

  async function built(what: Submission, dockerfile?: string): Promise<Submitted> {
    const experiment = await submit(what, dockerfile);
    await experiment.build();
    return experiment;
  }

  function expectNothingLeft({ id }: Submitted): void {
    expect(podman('ps', '--all', '--quiet', `--filter=label=aichor.experiment=${id}`)).toBe('');
    expect(podman('network', 'ls', '--quiet', `--filter=label=aichor.experiment=${id}`)).toBe('');
  }

  async function isReady(experiment: Submitted, lines = 1): Promise<void> {
    const ready = async () => (await experiment.lines()).filter(({ text }) => text === 'ready').length;
    await expect.poll(ready, PATIENCE).toBe(lines);
  }

  test('a pod has its image, its variables and its outputs, and its streams are kept apart', async () => {
    const command = 'cat main.txt; echo "$IN_IMAGE $(pwd) $HOSTNAME $(hostname) $LD_LIBRARY_PATH"; echo "$MANY"; echo "$TOKEN" | wc -c; echo no >&2; echo made >"$AICHOR_OUTPUT_PATH/made"'; // prettier-ignore
    const env = { MANY: 'a\nb "c" $d', LD_LIBRARY_PATH: '/opt/lib' };
    const experiment = await built(
      { ...jobset(command), env, secrets: { TOKEN: 'very-secret' } },
      'ENV IN_IMAGE=yes\nWORKDIR /app\nCOPY main.txt .\nENTRYPOINT ["/bin/false"]\n',
    );
    const facts = await experiment.run().done;
    expect(lastOf(facts)[POD]).toMatchObject({ status: 'Succeeded', exit_code: 0 });
    expect(await experiment.printed(POD)).toBe(
      `of the image\nyes /app ${POD} ${POD} /opt/lib\na\nb "c" $d\n12`,
    );
    expect(await experiment.printed(POD, 'stderr')).toBe('no');
    const file = join(house.folder, 'outputs', 'made');
    expect(readFileSync(file, 'utf8')).toBe('made\n');
    expect(statSync(file).uid).toBe(process.getuid?.());
    expectNothingLeft(experiment);
  });

  test('proxies that podman itself goes by do not reach a pod, those of its variables do', async () => {
    const before = process.env['http_proxy'];
    process.env['http_proxy'] = 'http://user:s3cret@127.0.0.1:9';
    try {
      const experiment = await built({ ...jobset('env | grep -i ^[a-z]*_proxy'), env: { HTTPS_PROXY: 'http://given:1' } });
      await experiment.run().done;
      expect(await experiment.printed(POD)).toBe('HTTPS_PROXY=http://given:1');
      expectNothingLeft(experiment);
    } finally {
      if (before === undefined) delete process.env['http_proxy'];
      else process.env['http_proxy'] = before;
    }
  }); // prettier-ignore

  test('four pods find each other by their names and by the documented port', async () => {
    const others = 'worker-0-0 worker-1-0 master-0-0 master-1-0';
    // Each goes when all have been heard by all.
    const command = `nc -ll -p 1234 -e hostname & for pod in ${others}; do until [ "$(nc $pod 1234 </dev/null)" = $pod ]; do sleep 0.1; done; done
      touch "$AICHOR_OUTPUT_PATH/$HOSTNAME"; until [ $(ls "$AICHOR_OUTPUT_PATH" | wc -l) = 4 ]; do sleep 0.1; done; echo all`;
    const experiment = await built(jobset(command, { worker: { count: 2 }, master: { count: 2 } }));
    const facts = await experiment.run().done;
    expect(Object.values(lastOf(facts)).map(({ status }) => status)).toEqual(Array(4).fill('Succeeded'));
    for (const pod of others.split(' ')) expect(await experiment.printed(pod)).toBe('all');
    expectNothingLeft(experiment);
  });

  test('a large output comes whole, and an exit code is the pod’s', async () => {
    const experiment = await built(jobset('i=0; while [ $i -lt 20000 ]; do echo "line $i"; i=$((i+1)); done; exit 7')); // prettier-ignore
    const facts = await experiment.run().done;
    expect(lastOf(facts)[POD]).toMatchObject({ status: 'Failed', reason: 'NonZeroExit', exit_code: 7 });
    const lines = (await experiment.printed(POD)).split('\n');
    expect(lines.length).toBe(20_000);
    expect(lines.at(-1)).toBe('line 19999');
    expectNothingLeft(experiment);
  });

  test('a cancelled pod runs its shutdown command, hears SIGTERM and may end by itself', async () => {
    const graceful = {
      shutdownCommand: ['sh', '-c', 'echo shutting $HOSTNAME'],
      terminationGracePeriodSeconds: 60,
    };
    const what = jobset(
      'trap "echo saved; exit 0" TERM; echo ready; while :; do sleep 0.1; done',
      undefined,
      {
        gracefulTermination: graceful,
      },
    );
    const experiment = await built(what);
    const running = experiment.run();
    await isReady(experiment);
    experiment.stop.abort();
    const facts = await running.done;
    expect(lastOf(facts)[POD]).toMatchObject({ status: 'Stopped', reason: 'CancelledByUser', exit_code: 0 });
    expect(await experiment.printed(POD)).toBe(`ready\nshutting ${POD}\nsaved`);
    expectNothingLeft(experiment);
  });

  test('a pod that its shutdown command ends keeps its exit code: who waits for it is not ended instead', async () => {
    const graceful = { shutdownCommand: ['touch', '/dev/shm/stop'], terminationGracePeriodSeconds: 60 };
    const command = 'echo ready; until [ -e /dev/shm/stop ]; do sleep 0.01; done; exit 3';
    const experiment = await built(jobset(command, undefined, { gracefulTermination: graceful }));
    const running = experiment.run();
    await isReady(experiment);
    experiment.stop.abort();
    const facts = await running.done;
    expect(lastOf(facts)[POD]).toMatchObject({ status: 'Stopped', reason: 'CancelledByUser', exit_code: 3 });
    expectNothingLeft(experiment);
  });

  test('a deaf pod is killed when its time and its grace are over', async () => {
    const what = jobset('trap "" TERM; echo ready; while :; do sleep 0.1; done', undefined, {
      timeout: '3s',
      gracefulTermination: { shutdownCommand: ['true'], terminationGracePeriodSeconds: 1 },
    });
    const experiment = await built(what);
    const facts = await experiment.run().done;
    expect(facts).toContainEqual(expect.objectContaining({ type: 'failure', reason: 'DeadlineExceeded' }));
    expect(lastOf(facts)[POD]).toMatchObject({ status: 'Stopped', exit_code: 137 });
    expectNothingLeft(experiment);
  });

  test('more memory than it asked for ends a pod, and is said', async () => {
    const resources = { cpus: 0.1, ramRatio: 1 };
    const command = 'echo ready; dd if=/dev/zero of=/dev/null bs=400M count=1; exit $?';
    const experiment = await built(jobset(command, { worker: { count: 1, resources } }));
    const facts = await experiment.run().done;
    expect(lastOf(facts)[POD]).toMatchObject({ status: 'Failed', reason: 'OutOfMemory', exit_code: 137 });
    expectNothingLeft(experiment);
  });

  test('GPUs that podman cannot give are no container, never one without them', async () => {
    const driver = join(house.folder, 'driver');
    mkdirSync(driver);
    writeFileSync(join(driver, 'nvidia-smi'), '#!/bin/sh\necho "GPU 0: A100 (UUID: GPU-0)"\n');
    chmodSync(join(driver, 'nvidia-smi'), 0o755);
    const engine = house.restarted({ env: { ...process.env, PATH: `${driver}:${process.env['PATH']}` } });
    const resources = {
      cpus: 1,
      ramRatio: 1,
      accelerators: { gpu: { count: 1, type: 'gpu', product: 'any' } },
    };
    const experiment = await built(jobset('echo ran', { worker: { count: 1, resources } }));
    const facts = await experiment.run(engine).done;
    expect(lastOf(facts)[POD]).toMatchObject({ status: 'Failed', reason: 'StartFailed' });
    const failure = facts.find((fact) => fact.type === 'failure');
    expect(failure?.explanation).toContain('nvidia.com/gpu=0');
    expect(await experiment.printed(POD)).toBe('');
    expectNothingLeft(experiment);
  });

  test('a failing RUN and a base image that is not there are told in the build’s own words', async () => {
    const experiment = await submit(jobset('true'), 'RUN echo because; exit 3\n');
    await expect(experiment.build()).rejects.toThrow(/image could not be built: .*exit status 3/);
    expect((await experiment.lines()).map(({ text }) => text)).toContain('because');
    const absent = await submit({
      ...jobset('true'),
      files: { Dockerfile: 'FROM localhost/nothing/here:1\n' },
    });
    await expect(absent.build()).rejects.toThrow(/image could not be built: .*localhost\/nothing\/here/);
  });

  test('a build that is cancelled leaves no container, and nothing that runs', async () => {
    const experiment = await submit(
      jobset('true'),
      `RUN echo begun; while :; do sleep 0.1; done; : ${process.pid}-built\n`,
    );
    const external = () => podman('ps', '--all', '--external', '--quiet').split('\n').filter(Boolean);
    const before = external();
    const building = experiment.build();
    const begun = async () => (await experiment.lines()).some(({ text }) => text === 'begun');
    await expect.poll(begun, PATIENCE).toBe(true);
    experiment.stop.abort();
    await expect(building).rejects.toThrow('the build was stopped');
    const seen = (await run('ps', ['-A', '-o', 'args='], { env: process.env })).stdout;
    expect(seen).not.toContain(`: ${process.pid}-built`);
    // Others build meanwhile, too: theirs are gone when those are done.
    await expect.poll(() => external().filter((id) => !before.includes(id)), PATIENCE).toEqual([]);
  });

  test('an image that is given, and one of an earlier experiment, are taken as they are', async () => {
    const first = await submit(jobset('true'), 'RUN echo first >/which\n');
    const build = await first.build();
    const given = await built({
      ...jobset('cat /which; echo $0'),
      builder: { image: `localhost/aichor/built:${first.id}`, skipBuild: { enabled: true } },
    });
    await given.run().done;
    expect(await given.printed(POD)).toContain('first');
    const builder = { skipBuild: { enabled: true, experimentId: first.id, failIfNotFound: true } };
    const reusing = await built({ ...jobset('cat /which'), builder, reuse: build });
    await reusing.run().done;
    expect(await reusing.printed(POD)).toBe('first');
    podman('rmi', '--force', `localhost/aichor/built:${first.id}`);
    const late = await submit({ ...jobset('cat /which'), builder, reuse: build });
    await expect(late.build()).rejects.toThrow(/image of experiment .* is not there/);
  });

  test('volumes are where the manifest wants them, and the shared one goes with the experiment', async () => {
    const storage = {
      sharedVolume: { mountPoint: '/mnt/shared', sizeGB: 1 },
      attachExistingPVCs: [{ name: 'data', mountPoint: '/data' }],
    };
    const command = 'echo x >/data/$HOSTNAME; echo y >/mnt/shared/$HOSTNAME; until [ $(ls /mnt/shared | wc -l) = 2 ]; do sleep 0.1; done'; // prettier-ignore
    const experiment = await built(jobset(command, { worker: { count: 2 } }, { storage }));
    const facts = await experiment.run().done;
    expect(lastOf(facts)['worker-1-0']?.status).toBe('Succeeded');
    expect(readFileSync(join(house.folder, 'volumes', 'data', 'worker-1-0'), 'utf8')).toBe('x\n');
  });

  describe('commands in pods', () => {
    let experiment: Submitted;
    let running: Running;
    beforeEach(async () => {
      const hold = 'trap "exit 0" TERM; echo ready; while :; do sleep 0.1; done';
      experiment = await built({ ...jobset(hold), env: { MINE: 'yes' } }, 'WORKDIR /app\nCOPY main.txt .\n');
      running = experiment.run();
      await running.seen(isPod(POD, 'Running'));
      await isReady(experiment);
    });
    afterEach(async () => {
      experiment.stop.abort();
      await running.done;
      expectNothingLeft(experiment);
    });

    function exec(command: readonly string[], more: Partial<ExecRequest> = {}): Promise<ExecSession> {
      if (house.engine.exec === undefined) throw new Error('the engine cannot');
      return house.engine.exec(experiment.id, { pod: POD, command, stdin: false, terminal: null, ...more });
    }

    async function read(stream: NodeJS.ReadableStream | null): Promise<string> {
      const chunks: Buffer[] = [];
      for await (const chunk of stream ?? []) chunks.push(Buffer.from(chunk));
      return Buffer.concat(chunks).toString('latin1');
    }

    test('have its files, variables and streams', async () => {
      const session = await exec(['sh', '-c', 'echo $MINE $HOSTNAME; ls; echo no >&2; exit 3']);
      const [stdout, stderr, code] = await Promise.all([
        read(session.stdout),
        read(session.stderr),
        session.ended,
      ]);
      expect({ stdout, stderr, code }).toEqual({ stdout: `yes ${POD}\nmain.txt\n`, stderr: 'no\n', code: 3 });
    });

    test('are fed bytes as they are', async () => {
      const bytes = Buffer.alloc(1_000_000, Buffer.from(Array.from({ length: 256 }, (_, n) => n)));
      const session = await exec(['cat'], { stdin: true });
      session.stdin?.write(bytes);
      session.stdin?.end();
      const [stdout, code] = await Promise.all([read(session.stdout), session.ended]);
      expect(code).toBe(0);
      expect(Buffer.from(stdout, 'latin1').equals(bytes)).toBe(true);
    });

    test('have a terminal of the size that it is given', async () => {
      const terminal = { columns: 91, rows: 27, term: 'xterm-256color' };
      const session = await exec(['sh', '-c', 'until stty size | grep -q 91; do sleep 0.1; done; stty size; echo $TERM; test -t 0; exit $?'], { stdin: true, terminal }); // prettier-ignore
      const [stdout, code] = await Promise.all([read(session.stdout), session.ended]);
      expect(stdout).toContain('27 91\r\nxterm-256color\r\n');
      expect(code).toBe(0);
    });

    test('end with whoever asked for them', async () => {
      const name = `left-${process.pid}`;
      const session = await exec(['sh', '-c', `echo here; while :; do sleep 0.1; done; : ${name}`]);
      for await (const chunk of session.stdout) if (String(chunk).includes('here')) break;
      const seen = async () => (await run('ps', ['-A', '-o', 'args='], { env: process.env })).stdout;
      expect(await seen()).toContain(name);
      session.end();
      await session.ended;
      await expect.poll(seen, PATIENCE).not.toContain(name);
    });

    test('what a pod takes is told', async () => {
      const used = async () => (await house.engine.usage?.(experiment.id))?.find(({ pod }) => pod === POD);
      await expect.poll(async () => (await used())?.memory_bytes ?? 0, PATIENCE).toBeGreaterThan(0);
    });
  });

  describe('kill -9 of the server', () => {
    test.each(ENGINE_CRASH_POINTS)('at %s: each pod runs once, with exit code and log', async (crashAt) => {
      mkdirSync(join(house.folder, 'outputs'));
      const hosting = await createHosting();
      try {
        const command = 'echo $HOSTNAME >>"$AICHOR_OUTPUT_PATH/ran"; echo from $HOSTNAME';
        const experiment = await submit(jobset(command, { worker: { count: 2 } }));
        expect((await hosting.host(house.folder, experiment, { crashAt })).signal).toBe('SIGKILL');
        const { facts, signal } = await hosting.host(house.folder, experiment, {});
        expect(signal).toBeNull();
        const pods = ['worker-0-0', 'worker-1-0'];
        expect(Object.values(lastOf(facts)).map(({ status }) => status)).toEqual(['Succeeded', 'Succeeded']);
        const ran = readFileSync(join(house.folder, 'outputs', 'ran'), 'utf8')
          .trim()
          .split('\n');
        expect(ran.toSorted()).toEqual(pods);
        const printed = (await experiment.linesOnDisk()).filter(({ step }) => step === 'run');
        expect(printed.map(({ text }) => text).toSorted()).toEqual(pods.map((pod) => `from ${pod}`));
        expectNothingLeft(experiment);
      } finally {
        await hosting.end();
      }
    });

    test('while an image is built: what the build left ends with the experiment', async () => {
      const hosting = await createHosting();
      try {
        const name = `${process.pid}-left`;
        const experiment = await submit(
          jobset('true'),
          `RUN echo begun; while :; do sleep 0.1; done; : ${name}\n`,
        );
        const external = () => podman('ps', '--all', '--external', '--quiet').split('\n').filter(Boolean);
        const before = external();
        const seen = async () => (await run('ps', ['-A', '-o', 'args='], { env: process.env })).stdout;
        const killedAfter = async () => {
          await expect.poll(seen, PATIENCE).toContain(name);
        };
        const { signal } = await hosting.host(house.folder, experiment, { killedAfter });
        expect(signal).toBe('SIGKILL');
        expect(await seen()).toContain(name);
        await house.engine.discard(experiment.id, 'ended');
        expect(await seen()).not.toContain(name);
        await expect.poll(() => external().filter((id) => !before.includes(id)), PATIENCE).toEqual([]);
      } finally {
        await hosting.end();
      }
    });

    test('while pods run: they go on, and a cancel after it ends them', async () => {
      const hosting = await createHosting();
      try {
        const experiment = await submit(jobset('echo ready; exec sleep 600', { worker: { count: 2 } }));
        const { signal } = await hosting.host(house.folder, experiment, {
          until: isPod('worker-1-0', 'Running'),
        });
        expect(signal).toBe('SIGKILL');
        const running = () =>
          podman('ps', '--quiet', `--filter=label=aichor.experiment=${experiment.id}`).split('\n');
        await expect.poll(() => running().length, PATIENCE).toBe(2);
        const { facts } = await hosting.host(house.folder, experiment, { stop: true });
        expect(lastOf(facts)['worker-1-0']).toMatchObject({ status: 'Stopped', reason: 'CancelledByUser' });
        expectNothingLeft(experiment);
      } finally {
        await hosting.end();
      }
    });
  });
});
