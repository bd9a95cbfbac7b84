import { existsSync, readFileSync } from 'node:fs';
import { appendFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ExperimentFact } from '../../src/experiment/event.ts';
import { createHouse, isPod, jobset, lastOf, type House } from './house.ts';

let house: House;
beforeAll(async () => {
  house = await createHouse();
});
afterAll(() => house.leave());

function failureOf(facts: readonly ExperimentFact[]): { reason: string; explanation: string } | undefined {
  const found = facts.find((fact) => fact.type === 'failure');
  return found?.type === 'failure' ? { reason: found.reason, explanation: found.explanation } : undefined;
}

describe('how a pod ends', () => {
  test.each([
    ['exit 1', 1, 'NonZeroExit', 'worker-0-0 exited with code 1'],
    ['echo no data >&2; exit 255', 255, 'NonZeroExit', 'worker-0-0 exited with code 255: no data; its log'],
    ['echo no data >&2; kill -ABRT $$', 134, 'Killed', 'killed by signal 6 (SIGABRT): no data; its log'],
    ['no-such-program', 127, 'CommandNotFound', 'not found (exit 127)'],
    ['./main.py', 126, 'CommandNotExecutable', 'cannot be executed (exit 126)'],
    ['cd no-such-folder', 1, 'NonZeroExit', 'code 1'],
    ['kill -KILL $$', 137, 'Killed', 'killed by signal 9 (SIGKILL); '],
    ['kill -SEGV $$', 139, 'Killed', 'killed by signal 11 (SIGSEGV)'],
    ['kill -TERM $$', 143, 'Killed', 'killed by signal 15 (SIGTERM)'],
    ['kill -INT $$', 130, 'Killed', 'killed by signal 2 (SIGINT)'],
    ['kill -USR1 0; sleep 600', 138, 'Killed', 'killed by signal 10 (SIGUSR1)'],
    ['sh -c "kill -KILL \\$\\$"; exit 3', 3, 'NonZeroExit', 'code 3'],
  ])('%s', async (command, code, reason, explanation) => {
    const facts = await (await house.submit(jobset(command))).run().done;
    expect(lastOf(facts)['worker-0-0']).toMatchObject({ status: 'Failed', exit_code: code, reason });
    expect(failureOf(facts)).toMatchObject({ reason, explanation: expect.stringContaining(explanation) });
  });

  test('says nothing of its own in the pod’s log', async () => {
    const experiment = await house.submit(jobset('echo mine; kill -SEGV $$'));
    await experiment.run().done;
    expect((await experiment.lines()).map((line) => line.text)).toEqual(['mine']);
  });

  test('without room for its exit code is told to wait for it', async () => {
    const experiment = await house.submit(jobset('sleep 600'));
    const run = experiment.run();
    await run.seen(isPod('worker-0-0', 'Running'));
    // As its shim leaves it on a disk that takes neither bytes nor names.
    const file = join(house.folder, 'experiments', experiment.id, 'engine', '1', 'worker-0-0.exit');
    await writeFile(file, '');
    const told = await run.seen((fact) => fact.type === 'pod' && fact.reason === 'DiskFull');
    expect(told).toMatchObject({ status: 'Running', exit_code: null });
    await writeFile(file, '7\n');
    expect(lastOf(await run.done)['worker-0-0']).toMatchObject({
      status: 'Failed',
      exit_code: 7,
      reason: 'NonZeroExit',
    });
  });

  test('on a full disk leaves its exit code beside who it was', async () => {
    const experiment = await house.submit(jobset('sleep 600'));
    const run = experiment.run();
    await run.seen(isPod('worker-0-0', 'Running'));
    const file = join(house.folder, 'experiments', experiment.id, 'engine', '1', 'worker-0-0');
    await appendFile(`${file}.pid`, '9\n');
    await writeFile(`${file}.exit`, '');
    expect(lastOf(await run.done)['worker-0-0']).toMatchObject({ status: 'Failed', exit_code: 9 });
  });

  test('a shim that is killed from outside is no hang', async () => {
    // In a process namespace the pod's command cannot reach its shim.
    const open = house.restarted({ contained: false });
    const experiment = await house.submit(jobset('kill -KILL $PPID; exec sleep 600'));
    const facts = await experiment.run(open).done;
    expect(lastOf(facts)['worker-0-0']).toMatchObject({
      status: 'Failed',
      reason: 'Killed',
      exit_code: null,
    });
  });

  test('a whole group that is killed from outside is no hang', async () => {
    const facts = await (await house.submit(jobset('kill -KILL 0'))).run().done;
    expect(lastOf(facts)['worker-0-0']).toMatchObject({ status: 'Failed', reason: 'Killed' });
  });

  test('the first failure stops the others and names the culprit', async () => {
    const command = 'test $REPLICATED_JOB_NAME = bad && exit 4; exec sleep 600';
    const facts = await (
      await house.submit(jobset(command, { worker: { count: 3 }, bad: { count: 1 } }))
    ).run().done;
    expect(failureOf(facts)?.explanation).toContain('bad-0-0 exited with code 4');
    const { 'bad-0-0': bad, ...others } = lastOf(facts);
    expect(bad).toMatchObject({ status: 'Failed', reason: 'NonZeroExit' });
    for (const pod of Object.values(others)) {
      expect(pod).toMatchObject({ status: 'Stopped', reason: 'StoppedWithExperiment', exit_code: 143 });
    }
    const types = facts.map((fact) => (fact.type === 'pod' ? `${fact.type} ${fact.status}` : fact.type));
    expect(types.indexOf('failure')).toBeLessThan(types.indexOf('pod Stopped'));
  });

  test('pods that were never started are told to be stopped', async () => {
    const facts = await (await house.submit(jobset('exit 2', { worker: { count: 1, completions: 3 } }))).run()
      .done;
    expect(lastOf(facts)['worker-0-2']).toMatchObject({
      status: 'Stopped',
      exit_code: null,
      started_at: null,
    });
  });
});

describe('a SIGKILL', () => {
  const command = 'sleep 0.5; touch $AICHOR_OUTPUT_PATH/killed; kill -KILL $$';

  test.each([
    [
      'with a kill for want of memory counted by the kernel',
      'OutOfMemory',
      /ran out of memory \(exit 137\): it asked for 1 GB; raise spec\.types\.worker\.resources\.memory/,
    ],
    ['by somebody', 'Killed', /killed by signal 9 \(SIGKILL\); peak 0\.\d+ of 1 GB asked/],
  ])('%s', async (_name, reason, explanation) => {
    await mkdir(`${house.folder}/outputs`, { recursive: true });
    await rm(`${house.folder}/outputs/killed`, { force: true });
    const counted = () => (existsSync(`${house.folder}/outputs/killed`) && reason === 'OutOfMemory' ? 8 : 7);
    const engine = house.restarted({ oom: { kills: async () => counted() } });
    const facts = await (await house.submit(jobset(command))).run(engine).done;
    expect(lastOf(facts)['worker-0-0']).toMatchObject({ reason, exit_code: 137 });
    expect(failureOf(facts)).toMatchObject({ reason, explanation: expect.stringMatching(explanation) });
  });
});

describe('restarts', () => {
  const failing = 'n=$AICHOR_TEST_FILE; echo x >> $n; test $(wc -l < $n) -ge $NEEDED';

  test.each([
    { limit: 0, needed: 1, attempts: 1, outcome: undefined },
    { limit: 2, needed: 2, attempts: 2, outcome: undefined },
    { limit: 2, needed: 3, attempts: 3, outcome: undefined },
    { limit: 2, needed: 9, attempts: 3, outcome: 'BackoffLimitExceeded' },
    { limit: 0, needed: 9, attempts: 1, outcome: 'NonZeroExit' },
  ])('backoffLimit $limit, succeeds at the $needed. try', async ({ limit, needed, attempts, outcome }) => {
    const counter = `${house.folder}/count-${limit}-${needed}`;
    const what = jobset(
      failing.replaceAll('$AICHOR_TEST_FILE', counter),
      { worker: { count: 1 } },
      { restartPolicy: { backoffLimit: limit } },
    );
    const facts = await (await house.submit({ ...what, env: { NEEDED: String(needed) } })).run().done;
    const told = facts.flatMap((fact) => (fact.type === 'attempt' ? [fact.attempt] : []));
    expect(told).toEqual(Array.from({ length: attempts }, (_, index) => index + 1));
    expect(failureOf(facts)?.reason).toBe(outcome);
    expect(lastOf(facts)['worker-0-0']).toMatchObject({
      attempt: attempts,
      status: outcome === undefined ? 'Succeeded' : 'Failed',
    });
  });

  test('never begin in the second of the last one where event files are named by it', async () => {
    const begun = `${house.folder}/begun`;
    const spec = { restartPolicy: { backoffLimit: 2 }, tensorboard: { enabled: true } };
    const what = jobset(`date +%s >> ${begun}; exit 1`, { worker: { count: 1 } }, spec);
    await (await house.submit(what)).run().done;
    const seconds = readFileSync(begun, 'utf8').trim().split('\n');
    expect(new Set(seconds).size).toBe(3);
  });

  test('recreate all pods, finished ones too, and keep every attempt’s log', async () => {
    const flag = `${house.folder}/flag`;
    const said = `${house.folder}/said`;
    const quick = `test $REPLICATED_JOB_NAME = quick && { touch ${said}; exit 0; }`;
    const slow = `until test -e ${said}; do sleep 0.05; done; test -e ${flag} && exit 0; touch ${flag}; exit 1`;
    const command = `echo $HOSTNAME; ${quick}; ${slow}`;
    const what = jobset(
      command,
      { quick: { count: 1 }, slow: { count: 1 } },
      { restartPolicy: { backoffLimit: 1 } },
    );
    const experiment = await house.submit(what);
    const facts = await experiment.run().done;
    expect(lastOf(facts)).toMatchObject({
      'quick-0-0': { attempt: 2, status: 'Succeeded' },
      'slow-0-0': { attempt: 2, status: 'Succeeded' },
    });
    expect(await experiment.printed('quick-0-0', 'stdout', 1)).toBe('quick-0-0');
    expect(await experiment.printed('quick-0-0', 'stdout', 2)).toBe('quick-0-0');
  });
});

describe('timeout', () => {
  test('ends what runs longer, and says so', async () => {
    const what = jobset('exec sleep 600', { worker: { count: 2 } }, { timeout: '1s' });
    const facts = await (await house.submit(what)).run().done;
    expect(failureOf(facts)).toMatchObject({
      reason: 'DeadlineExceeded',
      explanation: expect.stringContaining('spec.timeout (1 s)'),
    });
    expect(lastOf(facts)['worker-1-0']).toMatchObject({
      status: 'Stopped',
      reason: 'DeadlineExceeded',
      exit_code: 143,
    });
  });

  test('counts across attempts', async () => {
    const what = jobset(
      'sleep 0.5; exit 1',
      { worker: { count: 1 } },
      { timeout: '1s', restartPolicy: { backoffLimit: 50 } },
    );
    const facts = await (await house.submit(what)).run().done;
    expect(failureOf(facts)?.reason).toBe('DeadlineExceeded');
    expect(facts.filter((fact) => fact.type === 'attempt').length).toBeGreaterThan(1);
  });

  test('that passed while nobody looked fires at once', async () => {
    let seconds = 1000;
    const engine = house.restarted({ uptime: () => seconds });
    const experiment = await house.submit(
      jobset('exec sleep 600', { worker: { count: 1 } }, { timeout: '1h' }),
    );
    const first = experiment.run(engine);
    await first.seen(isPod('worker-0-0', 'Running'));
    seconds += 3599;
    expect(first.facts.some((fact) => fact.type === 'failure')).toBe(false);
    seconds += 2;
    await first.seen((fact) => fact.type === 'failure');
    const facts = await first.done;
    expect(failureOf(facts)?.reason).toBe('DeadlineExceeded');
  });
});

describe('why an experiment failed', () => {
  const several = (operator: string, command: string, count: number) => ({
    spec: { operator, command, types: { worker: { count, resources: { cpus: 1, ramRatio: 1 } } } },
  });

  test('several ranks without a package lack a package', async () => {
    const experiment = await house.submit(several('pytorch', 'python3 -c "import no_such_package"', 4));
    const facts = await experiment.run().done;
    expect(facts.find((fact) => fact.type === 'failure')).toMatchObject({
      reason: 'NonZeroExit',
      explanation: expect.stringMatching(
        /^worker-\d-0 imports no_such_package, which the Python environment does not have/,
      ),
    });
  });

  test('the rank with an error of its own is the cause, whoever ended first', async () => {
    const command =
      'if [ $RANK = 0 ]; then echo "RuntimeError: [../gloo/transport/tcp/pair.cc:534] Connection closed by peer" >&2; else sleep 0.1; echo "KeyError: 3" >&2; fi; exit 1';
    const facts = await (await house.submit(several('pytorch', command, 2))).run().done;
    expect(facts.find((fact) => fact.type === 'failure')).toMatchObject({
      explanation: expect.stringContaining('KeyError: 3'),
    });
  });

  test('the last line on standard error is quoted', async () => {
    const experiment = await house.submit(
      jobset('echo out; echo "main.py: error: unrecognized arguments: --lr" >&2; exit 2'),
    );
    const facts = await experiment.run().done;
    expect(facts.find((fact) => fact.type === 'failure')).toMatchObject({
      explanation: expect.stringMatching(
        /^worker-0-0 exited with code 2: main.py: error: unrecognized arguments: --lr; its log/,
      ),
    });
  });

  test('a rank of JAX that has failed and waits for the others is told while it waits', async () => {
    const command = `if [ $JAXOPERATOR_PROCESS_ID = 1 ]; then printf 'Traceback (most recent call last):\\nValueError: bad batch\\n' >&2; fi; exec sleep 600`;
    const experiment = await house.submit(several('jax', command, 2));
    const running = experiment.run();
    const told = await running.seen((fact) => fact.type === 'progress' && fact.message.includes('waits at'));
    expect(told).toMatchObject({ message: 'worker-1-0 printed ValueError: bad batch and waits at its end' });
    experiment.stop.abort();
    await running.done;
  });
});

describe('what a pod leaves in its working folder', () => {
  const noticeOf = (facts: readonly ExperimentFact[]) =>
    facts.find((fact) => fact.type === 'notice' && fact.code === 'files_left') ?? null;

  test('is told, because it is removed', async () => {
    const command = 'touch mlflow.db; mkdir -p multirun wandb __pycache__ .cache; exit $JOB_COMPLETION_INDEX';
    const facts = await (await house.submit(jobset(command))).run().done;
    expect(noticeOf(facts)).toMatchObject({
      message:
        'worker-0-0 left mlflow.db, multirun/, wandb/ in its working folder, which is removed; what is written to AICHOR_OUTPUT_PATH stays',
    });
  });

  test('is nothing where all went to its outputs, or only what it brought was changed', async () => {
    const command = 'touch "$AICHOR_OUTPUT_PATH/model"; echo more >>main.py';
    expect(noticeOf(await (await house.submit(jobset(command))).run().done)).toBeNull();
  });

  test('is told after a restart of the server too', async () => {
    const experiment = await house.submit(jobset('touch begun; sleep 1; touch ended'));
    const first = experiment.run();
    await first.seen(isPod('worker-0-0', 'Running'));
    experiment.detach.abort();
    await first.done;
    const facts = await experiment.run(house.restarted(), {}, new AbortController().signal).done;
    expect(noticeOf(facts)).toMatchObject({ message: expect.stringContaining('left begun, ended in') });
  });
});
