import { mkdir, readFile, rm } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { EXPERIMENT_MARK } from '../../src/engines/local/pod/pod-environment.ts';
import { chooseProcesses } from '../../src/machine/choose-processes.ts';
import { createHouse, isPod, jobset, lastOf, type House, type Submitted } from './house.ts';
import { createHosting, ENGINE_CRASH_POINTS, type HostOptions } from './hosting.ts';

let hosting: Awaited<ReturnType<typeof createHosting>>;
let house: House;
beforeAll(async () => {
  hosting = await createHosting();
});
afterAll(() => hosting.end());
beforeEach(async () => {
  house = await createHouse();
  await mkdir(`${house.folder}/outputs`);
});
afterEach(() => house.leave());

const host = (experiment: Submitted, options: HostOptions) => hosting.host(house.folder, experiment, options);

async function ranPods(): Promise<string[]> {
  return (await readFile(`${house.folder}/outputs/ran`, 'utf8')).trim().split('\n').sort();
}

describe('kill -9 of the server', () => {
  test.each(ENGINE_CRASH_POINTS)('twice at %s: each pod runs once, with exit code and log', async (point) => {
    const what = jobset('echo $HOSTNAME >> $AICHOR_OUTPUT_PATH/ran; echo from $HOSTNAME', {
      worker: { count: 3, completions: 2 },
    });
    const experiment = await house.submit(what);
    expect((await host(experiment, { crashAt: point })).signal).toBe('SIGKILL');
    await host(experiment, { crashAt: point });
    const { facts, signal } = await host(experiment, {});
    expect(signal).toBeNull();
    expect(Object.values(lastOf(facts)).map(({ status }) => status)).toEqual(Array(6).fill('Succeeded'));
    expect(await ranPods()).toEqual(Object.keys(lastOf(facts)).sort());
    const printed = (await experiment.linesOnDisk()).map((line) => line.text).sort();
    expect(printed).toEqual(Object.keys(lastOf(facts)).map((pod) => `from ${pod}`).sort()); // prettier-ignore
  });

  test('after a failure was decided on: the same failure, nothing restarted', async () => {
    const command =
      'echo $HOSTNAME >> $AICHOR_OUTPUT_PATH/ran; test $REPLICATED_JOB_NAME = bad && exit 6; exec sleep 600';
    const experiment = await house.submit(jobset(command, { bad: { count: 1 }, good: { count: 1 } }));
    expect((await host(experiment, { crashAt: 'engine-stop-marked' })).signal).toBe('SIGKILL');
    const { facts } = await host(experiment, {});
    expect(facts.filter((fact) => fact.type === 'failure')).toMatchObject([
      { reason: 'NonZeroExit', explanation: expect.stringContaining('bad-0-0') },
    ]);
    expect(lastOf(facts)).toMatchObject({
      'bad-0-0': { status: 'Failed', exit_code: 6 },
      'good-0-0': { status: 'Stopped' },
    });
  });

  test('between two attempts: the count goes on', async () => {
    const command = 'echo x >> $AICHOR_OUTPUT_PATH/ran; exit 1';
    const what = jobset(command, { worker: { count: 1 } }, { restartPolicy: { backoffLimit: 2 } });
    const experiment = await house.submit(what);
    for (let time = 0; time < 3; time++) await host(experiment, { crashAt: 'engine-attempt-ended' });
    const { facts } = await host(experiment, {});
    expect(facts.filter((fact) => fact.type === 'failure')).toMatchObject([
      { reason: 'BackoffLimitExceeded' },
    ]);
    expect(await ranPods()).toEqual(['x', 'x', 'x']);
  });

  test('while pods run; they go on, and a cancel after it ends them', async () => {
    const experiment = await house.submit(jobset('echo $HOSTNAME; exec sleep 600', { worker: { count: 2 } }));
    expect((await host(experiment, { until: isPod('worker-1-0', 'Running') })).signal).toBe('SIGKILL');
    const processes = chooseProcesses(process.env, process.platform);
    expect(
      (await processes.withEnvironment({ [EXPERIMENT_MARK]: experiment.id })).length,
    ).toBeGreaterThanOrEqual(2);
    const { facts } = await host(experiment, { stop: true });
    expect(lastOf(facts)['worker-1-0']).toMatchObject({
      status: 'Stopped',
      reason: 'CancelledByUser',
      exit_code: 143,
    });
    expect(await processes.withEnvironment({ [EXPERIMENT_MARK]: experiment.id })).toEqual([]);
  });

  test('at moments of no choice', async () => {
    const what = jobset('echo $HOSTNAME >> $AICHOR_OUTPUT_PATH/ran; echo 1; sleep 0.1; echo 2', {
      worker: { count: 2, completions: 3 },
    });
    for (const after of [1, 3, 5, 7, 9, 11]) {
      await rm(`${house.folder}/outputs/ran`, { force: true });
      const experiment = await house.submit(what);
      let count = 0;
      await host(experiment, { until: () => ++count === after });
      const { facts } = await host(experiment, {});
      expect(
        Object.values(lastOf(facts)).map(({ status }) => status),
        `killed after ${after} facts`,
      ).toEqual(Array(6).fill('Succeeded'));
      expect(await ranPods(), `killed after ${after} facts`).toEqual(Object.keys(lastOf(facts)).sort());
      expect((await experiment.linesOnDisk()).map((line) => line.text).sort()).toEqual([
        ...Array(6).fill('1'),
        ...Array(6).fill('2'),
      ]);
    }
  });
});
