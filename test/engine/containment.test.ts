import { hostname, userInfo } from 'node:os';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { run } from '../../src/base/io/run.ts';
import { readIfThere } from '../../src/base/io/files.ts';
import { findEntrance } from '../../src/engines/local/mounts/enter.ts';
import { findContainment } from '../../src/engines/local/mounts/containment.ts';
import { signalProcess } from '../../src/machine/signals.ts';
import { createHouse, isPod, jobset, lastOf, type House, type Submitted } from './house.ts';

let house: House;
let isAllowed = false;
beforeAll(async () => {
  isAllowed = (await findContainment(await findEntrance(process.env, userInfo()), process.env)) !== null;
});
beforeEach(async () => {
  house = await createHouse();
});
afterEach(() => house.leave());

/** A process that made itself a session and forgot its environment; its pid, as the machine counts, is in a file. */
const forgetful = (file: string) =>
  `env -i /usr/bin/setsid /bin/sh -c 'read -r pid rest </proc/self/stat; echo $pid >${file}; exec /bin/sleep 300' >/dev/null 2>&1 & while ! test -s ${file}; do sleep 0.02; done`;

async function sleepers(): Promise<string[]> {
  const { stdout } = await run('ps', ['-A', '-o', 'args='], { env: process.env });
  return stdout.split('\n').filter((line) => line.trim() === '/bin/sleep 300');
}

async function whenReady(experiment: Submitted) {
  const running = experiment.run();
  await running.seen(isPod('worker-0-0', 'Running'));
  while (!(await experiment.lines()).some((line) => line.text === 'ready'))
    await new Promise((resolve) => setTimeout(resolve, 10));
  return running;
}

describe('what a pod has started is gone, whatever became of it', () => {
  test('when it ends by itself', async (context) => {
    context.skip(!isAllowed, 'process namespaces are not allowed here');
    const before = await sleepers();
    const facts = await (await house.submit(jobset(forgetful('pid')))).run().done;
    expect(lastOf(facts)['worker-0-0']).toMatchObject({ status: 'Succeeded', exit_code: 0 });
    expect(await sleepers()).toEqual(before);
  });

  test('when it is cancelled, and when its shim is killed', async (context) => {
    context.skip(!isAllowed, 'process namespaces are not allowed here');
    const before = await sleepers();
    const cancelled = await house.submit(jobset(`${forgetful('pid')}; echo ready; exec sleep 600`));
    const first = await whenReady(cancelled);
    expect((await sleepers()).length).toBe(before.length + 1);
    cancelled.stop.abort();
    await first.done;
    expect(await sleepers()).toEqual(before);

    const killed = await house.submit(jobset(`${forgetful('pid')}; echo ready; exec sleep 600`));
    const second = await whenReady(killed);
    const folder = (await killed.context()).directory;
    const pid = Number((await readIfThere(`${folder}/1/worker-0-0.pid`))?.split(' ')[0]);
    expect(signalProcess(pid, 'SIGKILL')).toBe(true);
    const facts = await second.done;
    expect(lastOf(facts)['worker-0-0']).toMatchObject({ status: 'Failed', reason: 'Killed' });
    expect(await sleepers()).toEqual(before);
  });

  test('chains of processes that fork as fast as they die', async (context) => {
    context.skip(!isAllowed, 'process namespaces are not allowed here');
    const chain = `sh -c 'f() { (sleep 0.01; f) & exit 0; }; f' chain`;
    const facts = await (await house.submit(jobset(`${chain} & ${chain} & sleep 0.3`))).run().done;
    expect(lastOf(facts)['worker-0-0']).toMatchObject({ status: 'Succeeded' });
    const { stdout } = await run('ps', ['-A', '-o', 'args='], { env: process.env });
    expect(stdout.split('\n').filter((line) => line.endsWith('f chain'))).toEqual([]);
  });
});

describe('a pod', () => {
  test('has its own host name, which leads to this machine, and those of the others', async (context) => {
    context.skip(!isAllowed, 'host names of their own are not allowed here');
    const command = 'uname -n; getent hosts $(uname -n) worker-1-0 | tr -s " "';
    const experiment = await house.submit(jobset(command, { worker: { count: 2 } }));
    await experiment.run().done;
    expect(await experiment.printed('worker-0-0')).toBe(
      'worker-0-0\n127.0.0.1 worker-0-0\n127.0.0.1 worker-1-0',
    );
    expect(await experiment.printed('worker-1-0')).toBe(
      'worker-1-0\n127.0.0.1 worker-1-0\n127.0.0.1 worker-1-0',
    );
    expect(hostname()).not.toMatch(/worker/);
  });

  test('sees its own processes only, and is not the first of them', async (context) => {
    context.skip(!isAllowed, 'process namespaces are not allowed here');
    const experiment = await house.submit(
      jobset('test $$ -gt 1 && test -d /proc/$$ && ls /proc | grep -c "^[0-9]"'),
    );
    const facts = await experiment.run().done;
    expect(lastOf(facts)['worker-0-0']).toMatchObject({ exit_code: 0 });
    expect(Number(await experiment.printed('worker-0-0'))).toBeLessThan(8);
  });

  test.each([true, false])(
    'inherits no descriptor, no ignored signal, nothing of the shells before it (contained: %s)',
    async (contained) => {
      await house.leave();
      house = await createHouse({ contained });
      const command = `ls /proc/self/fd | tr '\\n' ' '; grep SigIgn /proc/self/status; env | grep -E '^(_aichor|OLDPWD|PWD=)' | sort`;
      const experiment = await house.submit(jobset(command));
      await experiment.run().done;
      const [fds = '', ignored, ...variables] = (await experiment.printed('worker-0-0'))
        .replace('SigIgn', '\nSigIgn')
        .split('\n');
      // 3 is the folder that ls reads.
      expect(fds.trim()).toBe('0 1 2 3');
      expect(Number.parseInt(ignored?.split('\t')[1] ?? 'x', 16)).toBe(0);
      expect(variables).toEqual([expect.stringMatching(/^PWD=.*\/worker-0-0$/)]);
    },
  );

  test('gets values with line breaks, blanks, quotes and signs of the shell as they are', async () => {
    const value = `a\n+b\n!\n  c 'd' "e" $HOME \`id\` \\n ü`;
    const experiment = await house.submit({
      ...jobset('printf "%s|" "$ODD" "$BASH_ENV"', { worker: { count: 2 } }),
      env: { ODD: value, BASH_ENV: '/dev/null' },
    });
    await experiment.run().done;
    expect(await experiment.printed('worker-1-0')).toBe(`${value}|/dev/null|`);
  });

  test('whose environment is too large says which variable it is', async () => {
    const experiment = await house.submit({ ...jobset('true'), env: { LARGE: 'x'.repeat(140_000) } });
    const facts = await experiment.run().done;
    expect(facts).toContainEqual(
      expect.objectContaining({
        type: 'failure',
        reason: 'StartFailed',
        explanation: expect.stringContaining('the largest variable is LARGE (140000 bytes'),
      }),
    );
  });
});
