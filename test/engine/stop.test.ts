import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { chooseProcesses } from '../../src/machine/choose-processes.ts';
import { EXPERIMENT_MARK } from '../../src/engines/local/pod/pod-environment.ts';
import { createHouse, isPod, jobset, lastOf, type House, type Submitted } from './house.ts';

let house: House;
beforeEach(async () => {
  house = await createHouse();
});
afterEach(() => house.leave());

const processes = chooseProcesses(process.env, process.platform);

async function leftOf(experiment: Submitted): Promise<number[]> {
  return processes.withEnvironment({ [EXPERIMENT_MARK]: experiment.id });
}

/** Runs until the pod has printed a line, then cancels. */
async function cancelWhenReady(experiment: Submitted) {
  const running = experiment.run();
  await running.seen(isPod('worker-0-0', 'Running'));
  while (!(await experiment.lines()).some((line) => line.text === 'ready'))
    await new Promise((resolve) => setTimeout(resolve, 10));
  experiment.stop.abort();
  return running.done;
}

const graceful = (command: string[], seconds: number) => ({
  gracefulTermination: { shutdownCommand: command, terminationGracePeriodSeconds: seconds },
});

describe('cancel', () => {
  test('SIGTERM is enough for most', async () => {
    const experiment = await house.submit(jobset('echo ready; exec sleep 600'));
    const facts = await cancelWhenReady(experiment);
    expect(lastOf(facts)['worker-0-0']).toMatchObject({
      status: 'Stopped',
      reason: 'CancelledByUser',
      exit_code: 143,
    });
    expect(facts.some((fact) => fact.type === 'failure')).toBe(false);
    expect(await leftOf(experiment)).toEqual([]);
  });

  test('a program that ends well on SIGTERM was stopped all the same, and what it says is kept', async () => {
    const experiment = await house.submit(
      jobset('trap "echo saved; exit 0" TERM; echo ready; while :; do sleep 0.05; done'),
    );
    const facts = await cancelWhenReady(experiment);
    expect(lastOf(facts)['worker-0-0']).toMatchObject({ status: 'Stopped', exit_code: 0 });
    expect(await experiment.printed('worker-0-0')).toBe('ready\nsaved');
  });

  test.each([
    ['SIGTERM ignored', 'trap "" TERM; echo ready; while :; do sleep 0.05; done'],
    [
      'a child that ignores SIGTERM, its parent gone',
      '(trap "" TERM; while :; do sleep 0.05; done) & echo ready; exec sleep 600',
    ],
    ['a session of its own', 'setsid sh -c "trap \\"\\" TERM; echo ready; exec sleep 600" & exec sleep 600'],
    ['a double fork', '(setsid sh -c "sleep 600 & echo ready" &) ; exec sleep 600'],
    ['stopped', 'trap "" TERM; echo ready; kill -STOP $$; exec sleep 600'],
    ['a stopped group', 'trap "" TERM; echo ready; kill -STOP 0; exec sleep 600'],
  ])('leaves nothing: %s', async (_name, command) => {
    const experiment = await house.submit(jobset(command, { worker: { count: 1 } }, graceful(['true'], 1)));
    const facts = await cancelWhenReady(experiment);
    expect(lastOf(facts)['worker-0-0']?.status).toBe('Stopped');
    expect(await leftOf(experiment)).toEqual([]);
  });

  test('a pod that is killed at the end of the grace has the code of SIGKILL', async () => {
    const what = jobset(
      'trap "" TERM; echo ready; while :; do sleep 0.05; done',
      { worker: { count: 1 } },
      graceful(['true'], 1),
    );
    const facts = await cancelWhenReady(await house.submit(what));
    expect(lastOf(facts)['worker-0-0']).toMatchObject({ status: 'Stopped', exit_code: 137 });
  });

  test('before the first pod', async () => {
    const experiment = await house.submit(jobset('echo started'));
    experiment.stop.abort();
    const facts = await experiment.run().done;
    expect(lastOf(facts)['worker-0-0']).toMatchObject({ status: 'Stopped', started_at: null });
    expect(await experiment.lines()).toEqual([]);
  });

  test('after the end changes nothing', async () => {
    const experiment = await house.submit(jobset('true'));
    await experiment.run().done;
    experiment.stop.abort();
    const again = await experiment.run().done;
    expect(lastOf(again)['worker-0-0']).toMatchObject({ status: 'Succeeded', exit_code: 0 });
  });
});

describe('the shutdown command', () => {
  test('runs first, in the pod’s folder and environment', async () => {
    const what = jobset(
      'echo ready; exec sleep 600',
      { worker: { count: 1 } },
      graceful(['sh', '-c', 'echo saving $HOSTNAME; ls'], 20),
    );
    const experiment = await house.submit(what);
    await cancelWhenReady(experiment);
    expect((await experiment.printed('worker-0-0')).split('\n')).toEqual([
      'ready',
      'saving worker-0-0',
      'main.py',
    ]);
  });

  test('a pod that ends because of it needs no signal', async () => {
    const what = jobset('echo ready; while ! test -e saved; do sleep 0.02; done; exit 7', {
      worker: { count: 1 },
    });
    const spec = { ...what.spec, ...graceful(['sh', '-c', 'touch saved; exec sleep 600'], 20) };
    const facts = await cancelWhenReady(await house.submit({ spec }));
    expect(lastOf(facts)['worker-0-0']).toMatchObject({ status: 'Stopped', exit_code: 7 });
  });

  test.each([
    ['is missing', ['no-such-program']],
    ['fails', ['sh', '-c', 'exit 3']],
    ['hangs', ['sleep', '600']],
  ])('that %s is told, and the pod ends', async (_name, command) => {
    const what = jobset('echo ready; exec sleep 600', { worker: { count: 1 } }, graceful(command, 1));
    const experiment = await house.submit(what);
    const facts = await cancelWhenReady(experiment);
    expect(facts.find((fact) => fact.type === 'notice')).toMatchObject({ code: 'shutdown_command_failed' });
    expect(lastOf(facts)['worker-0-0']?.status).toBe('Stopped');
    expect(await leftOf(experiment)).toEqual([]);
  });

  test('does not run when the pod ends by itself', async () => {
    const what = jobset('echo done', { worker: { count: 1 } }, graceful(['echo', 'saving'], 20));
    const experiment = await house.submit(what);
    await experiment.run().done;
    expect(await experiment.printed('worker-0-0')).toBe('done');
  });
});

test('what a pod leaves running when it has ended is gone too', async () => {
  const experiment = await house.submit(
    jobset('setsid sleep 600 & sleep 600 & (setsid sh -c "sleep 600 &" &); echo ok'),
  );
  const facts = await experiment.run().done;
  expect(lastOf(facts)['worker-0-0']?.status).toBe('Succeeded');
  expect(await leftOf(experiment)).toEqual([]);
});
