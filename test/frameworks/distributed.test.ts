import { createServer } from 'node:net';
import { delimiter, dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ExperimentFact } from '../../src/experiment/event.ts';
import { createHouse, isPod, lastOf, type House, type Submission } from '../engine/house.ts';
import { frameworkEnvironment } from './environment.ts';
import { measured } from './measured.ts';
import { ACCUMULATE, DDP, LAUNCHED, PSUM, TREES } from './scripts.ts';
import { findTorch, TORCH_ABSENT } from './torch.ts';

let house: House;
let programs: string;

beforeAll(async () => {
  programs = await frameworkEnvironment('jax-xgboost-tensorboard');
  house = await createHouse();
}, 300_000);
afterAll(() => house.leave());

const TORCH = await findTorch();

type Operator = 'jax' | 'pytorch' | 'xgboost';

function ranks(
  operator: Operator,
  count: number,
  what: { script: string; command?: string; env?: Record<string, string> },
): Submission {
  const first = operator === 'pytorch' && TORCH !== null ? dirname(TORCH) : programs;
  return {
    spec: {
      operator,
      command: what.command ?? 'python3 -u train.py',
      gracefulTermination: { shutdownCommand: ['true'], terminationGracePeriodSeconds: 2 },
      types: { worker: { count, resources: { cpus: 1, ramRatio: 1 } } },
    },
    files: { 'train.py': what.script },
    shell: { PATH: `${first}${delimiter}${process.env['PATH']}`, HOME: process.env['HOME'] ?? '/' },
    env: what.env ?? {},
  };
}

const failureOf = (facts: readonly ExperimentFact[]) => facts.find((fact) => fact.type === 'failure') ?? null;

async function sees(submission: Submission, what: string, lines: (rank: number) => string): Promise<void> {
  const submitted = await house.submit(submission);
  const facts = await measured(what, submitted.run().done);
  expect(failureOf(facts)).toBeNull();
  const pods = Object.keys(lastOf(facts));
  expect(pods).toHaveLength(submitted.plan.groups[0]?.replicas ?? 0);
  for (const [rank, pod] of pods.toSorted().entries())
    expect(await submitted.printed(pod)).toContain(lines(rank));
}

describe('JAX', () => {
  test.each([1, 2, 4])(
    'a collective over %i pods',
    async (count) => {
      const sum = (count * (count + 1)) / 2;
      await sees(
        ranks('jax', count, { script: PSUM }),
        `jax: ${count} pods`,
        (rank) => `rank ${rank} of ${count}: sum ${sum}.0`,
      );
    },
    120_000,
  );

  test('two experiments at once do not meet', async () => {
    const one = (index: number) =>
      sees(
        ranks('jax', 2, { script: PSUM }),
        `jax: 2 pods, ${index} of 2 at once`,
        (rank) => `rank ${rank} of 2: sum 3.0`,
      );
    await Promise.all([one(1), one(2)]);
  }, 120_000);

  test('a command without a shell variable gets the expanded address', async () => {
    const script = 'import sys; print(sys.argv[1])';
    const submission = ranks('jax', 1, {
      script,
      command: 'exec python3 train.py "$(JAXOPERATOR_COORDINATOR_ADDRESS)"',
    });
    await sees(submission, 'jax: $() in the command', () => '127.0.0.1:');
  }, 60_000);

  test('a rank that never comes is explained', async () => {
    const submitted = await house.submit(ranks('jax', 3, { script: PSUM, env: { ABSENT: '1' } }));
    const failure = failureOf(await measured('jax: rank 1 of 3 never comes', submitted.run().done));
    expect(failure).toMatchObject({
      explanation: expect.stringMatching(
        /waited for the others in jax\.distributed\.initialize and gave up: rank 1 had ended already/,
      ),
    });
  }, 120_000);

  test('a killed rank is named', async () => {
    const submitted = await house.submit(ranks('jax', 2, { script: PSUM, env: { KILLED: '1' } }));
    const failure = failureOf(await measured('jax: rank 1 of 2 is killed', submitted.run().done));
    expect(failure).toMatchObject({
      reason: 'Killed',
      explanation: expect.stringMatching(/^rank 1 \(worker-1-0\) was killed by signal 9 while rank 0 ran on/),
    });
  }, 120_000);

  test('a port that is taken is explained', async () => {
    const server = createServer().listen(0, '0.0.0.0');
    await new Promise((resolve) => server.once('listening', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const submitted = await house.submit(
      ranks('jax', 2, { script: PSUM, env: { FIXED_PORT: String(address.port) } }),
    );
    const failure = failureOf(await measured('jax: taken port', submitted.run().done));
    server.close();
    expect(failure).toMatchObject({
      explanation: expect.stringContaining("could not listen on the coordinator's port"),
    });
  }, 120_000);
});

describe('XGBoost', () => {
  test.each([1, 2, 4])(
    'an allreduce and a training over %i pods',
    async (count) => {
      const sum = (count * (count + 1)) / 2;
      await sees(
        ranks('xgboost', count, { script: TREES }),
        `xgboost: ${count} pods`,
        (rank) => `rank ${rank} of ${count}: sum [${sum}.] 10 trees`,
      );
    },
    180_000,
  );

  test('two experiments at once do not meet', async () => {
    const one = (index: number) =>
      sees(
        ranks('xgboost', 2, { script: TREES }),
        `xgboost: 2 pods, ${index} of 2 at once`,
        (rank) => `rank ${rank} of 2: sum [3.]`,
      );
    await Promise.all([one(1), one(2)]);
  }, 180_000);

  test('a package that is not there is named with its cure', async () => {
    const submitted = await house.submit(ranks('xgboost', 2, { script: 'import lightgbm_of_nobody' }));
    expect(failureOf(await submitted.run().done)).toMatchObject({
      explanation: expect.stringMatching(
        /imports lightgbm_of_nobody, which the Python environment does not have; add the package/,
      ),
    });
  }, 60_000);
});

describe(`PyTorch${TORCH === null ? TORCH_ABSENT : ''}`, () => {
  test.runIf(TORCH !== null).each([1, 2, 4])(
    'gloo and a DDP step over %i pods',
    async (count) => {
      const sum = (count * (count + 1)) / 2;
      await sees(
        ranks('pytorch', count, { script: DDP }),
        `pytorch: ${count} pods`,
        (rank) => `rank ${rank} of ${count}: sum ${sum}.0 weights equal`,
      );
    },
    120_000,
  );

  test.runIf(TORCH !== null)(
    'torchrun with one process a node is one run of all pods',
    async () => {
      // Debian's torch 1.13 on Python 3.11 needs the two redirects.
      const command = 'python3 -m torch.distributed.run -r 1 -t 1 --nproc_per_node=1 train.py';
      await sees(
        ranks('pytorch', 4, { script: LAUNCHED, command }),
        'pytorch: torchrun on 4 pods',
        () => 'of 4: sum 10.0',
      );
    },
    180_000,
  );

  test.runIf(TORCH !== null)(
    'two experiments at once do not meet',
    async () => {
      const one = (index: number) =>
        sees(
          ranks('pytorch', 2, { script: DDP }),
          `pytorch: 2 pods, ${index} of 2 at once`,
          (rank) => `rank ${rank} of 2: sum 3.0`,
        );
      await Promise.all([one(1), one(2)]);
    },
    120_000,
  );

  test.runIf(TORCH !== null)(
    'a dead rank is named, with those that wait for it and its error',
    async () => {
      const submitted = await house.submit(ranks('pytorch', 4, { script: DDP, env: { DEAD: '2' } }));
      const failure = failureOf(await measured('pytorch: rank 2 of 4 fails', submitted.run().done));
      expect(failure).toMatchObject({
        explanation:
          'rank 2 (worker-2-0) ended with code 1 while ranks 0, 1 and 3 ran on, which can only wait for it in init_process_group or a collective; ValueError: no such column',
      });
    },
    120_000,
  );

  test.runIf(TORCH !== null)(
    'a pod that is killed from outside ends the run, and is named',
    async () => {
      const submitted = await house.submit(ranks('pytorch', 2, { script: ACCUMULATE }));
      const running = submitted.run();
      await running.seen(isPod('worker-1-0', 'Running'));
      await expect
        .poll(() => submitted.printed('worker-1-0'), { timeout: 60_000, interval: 100 })
        .toMatch(/process \d+ works/);
      const pid = Number(/process (\d+) works/.exec(await submitted.printed('worker-1-0'))?.[1]);
      process.kill(pid, 'SIGKILL');
      const failure = failureOf(await measured('pytorch: killed pod', running.done));
      expect(failure).toMatchObject({
        reason: 'Killed',
        explanation: expect.stringContaining(
          'rank 1 (worker-1-0) was killed by signal 9 while rank 0 ran on',
        ),
      });
    },
    120_000,
  );
});
