import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EXPERIMENT_MARK } from '../../src/engines/local/pod/pod-environment.ts';
import { chooseProcesses } from '../../src/machine/choose-processes.ts';
import { createHouse, isPod, type House } from '../engine/house.ts';
import { frameworkEnvironment } from './environment.ts';
import { PATIENCE_MS, measured } from './measured.ts';
import { failureOf, fails, sees, submission, withTakenPort, type Ranks } from './ranks.ts';
import { ACCELERATED, ACCUMULATE, DDP, JOINED, LAUNCHED, OLD_TREES, PSUM, TREES } from './scripts.ts';
import { findTorch, TORCH_ABSENT } from './torch.ts';

const TORCH = await findTorch();

let house: House;
let programs: string;
let oldXgboost: string;
let accelerate: string;

beforeAll(async () => {
  programs = await frameworkEnvironment('jax-xgboost-tensorboard');
  oldXgboost = await frameworkEnvironment('xgboost-1');
  accelerate = TORCH === null ? '' : await frameworkEnvironment('accelerate', TORCH);
  house = await createHouse();
});
afterAll(() => house.leave());

const sumOf = (count: number) => (count * (count + 1)) / 2;

describe('JAX', () => {
  const ranks = (count: number, more: Partial<Ranks> = {}): Ranks => ({ operator: 'jax', count, script: PSUM, programs, ...more }); // prettier-ignore

  test.each([1, 2, 4])('a collective over %i pods', async (count) => {
    const lines = (rank: number) => `rank ${rank} of ${count}: sum ${sumOf(count)}.0`;
    await sees(house, ranks(count), { what: `jax: ${count} pods`, lines });
  });

  test('two experiments at once do not meet', async () => {
    const one = (index: number) =>
      sees(house, ranks(2), { what: `jax: 2 pods, ${index} of 2 at once`, lines: (rank) => `rank ${rank} of 2: sum 3.0` }); // prettier-ignore
    await Promise.all([one(1), one(2)]);
  });

  test('a command without a shell variable gets the expanded address', async () => {
    const script = 'import sys; print(sys.argv[1])';
    const command = 'exec python3 train.py "$(JAXOPERATOR_COORDINATOR_ADDRESS)"';
    await sees(house, ranks(1, { script, command }), { what: 'jax: $() in the command', lines: () => '127.0.0.1:' }); // prettier-ignore
  });

  test('a killed rank is named', async () => {
    expect(await fails(house, ranks(2, { env: { KILLED: '1' } }), 'jax: rank 1 of 2 is killed')).toMatchObject({
      reason: 'Killed',
      explanation: expect.stringMatching(/^rank 1 \(worker-1-0\) was killed by signal 9 while rank 0 ran on/),
    }); // prettier-ignore
  });

  test('a port that is taken is explained', async () => {
    const failure = await withTakenPort((port) => fails(house, ranks(2, { env: { FIXED_PORT: port } }), 'jax: taken port')); // prettier-ignore
    expect(failure).toMatchObject({
      explanation: expect.stringContaining("could not listen on the coordinator's port"),
    });
  });
});

describe('XGBoost', () => {
  const ranks = (count: number, more: Partial<Ranks> = {}): Ranks => ({ operator: 'xgboost', count, script: TREES, programs, ...more }); // prettier-ignore

  test.each([1, 2, 4])('an allreduce and a training over %i pods', async (count) => {
    const lines = (rank: number) => `rank ${rank} of ${count}: sum [${sumOf(count)}.] 10 trees`;
    await sees(house, ranks(count), { what: `xgboost: ${count} pods`, lines });
  });

  test.each([1, 2, 4])('the same with the tracker of 1.x over %i pods', async (count) => {
    const lines = (rank: number) => `task ${rank} of ${count}: sum [${sumOf(count)}.] 10 trees`;
    const old = ranks(count, { script: OLD_TREES, programs: oldXgboost });
    await sees(house, old, { what: `xgboost 1.7: ${count} pods`, lines });
  });

  test('two experiments at once do not meet', async () => {
    const one = (index: number) =>
      sees(house, ranks(2), { what: `xgboost: 2 pods, ${index} of 2 at once`, lines: (rank) => `rank ${rank} of 2: sum [3.]` }); // prettier-ignore
    await Promise.all([one(1), one(2)]);
  });

  test('ranks of more than ten workers are those of their pods, as the scaffold joins them', async () => {
    const lines = (rank: number) => `pod ${rank} is rank ${rank} of 11: sum [66.]`;
    await sees(house, ranks(11, { script: JOINED }), { what: 'xgboost: 11 pods', lines });
  });

  test('a killed rank is named', async () => {
    expect(await fails(house, ranks(2, { env: { KILLED: '1' } }), 'xgboost: rank 1 of 2 is killed')).toMatchObject({
      reason: 'Killed',
      explanation: expect.stringMatching(/^rank 1 \(worker-1-0\) was killed by signal 9 while rank 0 ran on/),
    }); // prettier-ignore
  });

  test('a port that is taken is explained', async () => {
    const failure = await withTakenPort((port) => fails(house, ranks(2, { env: { FIXED_PORT: port } }), 'xgboost: taken port')); // prettier-ignore
    expect(failure).toMatchObject({ explanation: expect.stringContaining('could not start the tracker') });
  });

  test('a package that is not there is named with its cure', async () => {
    const failure = await fails(house, ranks(2, { script: 'import lightgbm_of_nobody' }), 'xgboost: missing package'); // prettier-ignore
    expect(failure).toMatchObject({
      explanation: expect.stringMatching(
        /imports lightgbm_of_nobody, which the Python environment does not have; add the package/,
      ),
    });
  });
});

describe.runIf(TORCH !== null)(`PyTorch${TORCH === null ? TORCH_ABSENT : ''}`, () => {
  const ranks = (count: number, more: Partial<Ranks> = {}): Ranks => ({ operator: 'pytorch', count, script: DDP, programs: dirname(TORCH ?? '/'), ...more }); // prettier-ignore

  test.each([1, 2, 4])('gloo and a DDP step over %i pods', async (count) => {
    const lines = (rank: number) => `rank ${rank} of ${count}: sum ${sumOf(count)}.0 weights equal`;
    await sees(house, ranks(count), { what: `pytorch: ${count} pods`, lines });
  });

  test('torchrun with one process a node is one run of all pods', async () => {
    // Debian's torch 1.13 on Python 3.11 needs the two redirects.
    const command = 'python3 -m torch.distributed.run -r 1 -t 1 --nproc_per_node=1 train.py';
    const launched = ranks(4, { script: LAUNCHED, command });
    await sees(house, launched, { what: 'pytorch: torchrun on 4 pods', lines: () => 'of 4: sum 10.0' });
  });

  test.each([
    [1, ''],
    [2, ''],
    [4, ''],
    [2, '--machine_rank $RANK --num_machines $WORLD_SIZE --num_processes $WORLD_SIZE --main_process_ip $MASTER_ADDR --main_process_port $MASTER_PORT '], // prettier-ignore
  ])('Accelerate’s launcher in %i pods is one run: accelerate launch %strain.py', async (count, options) => {
    const command = `accelerate launch ${options}train.py`;
    const launched = ranks(count, { script: ACCELERATED, programs: accelerate, command });
    const lines = (rank: number) => `process ${rank} of ${count}: sum ${sumOf(count)}.0, ${8 / count} batches`; // prettier-ignore
    await sees(house, launched, { what: `accelerate: ${count} pods${options === '' ? '' : ', told so'}`, lines }); // prettier-ignore
  });

  test('what fails under a launcher is told, not that the launcher failed', async () => {
    const script = `raise ValueError("no such column")\n`;
    const command = 'accelerate launch train.py';
    const launched = ranks(2, { script, programs: accelerate, command });
    expect(await fails(house, launched, 'accelerate: fails')).toMatchObject({
      explanation: expect.stringContaining('ValueError: no such column'),
    });
  });

  test('two experiments at once do not meet', async () => {
    const one = (index: number) =>
      sees(house, ranks(2), { what: `pytorch: 2 pods, ${index} of 2 at once`, lines: (rank) => `rank ${rank} of 2: sum 3.0` }); // prettier-ignore
    await Promise.all([one(1), one(2)]);
  });

  test('a dead rank is named, with those that wait for it and its error', async () => {
    expect(await fails(house, ranks(4, { env: { DEAD: '2' } }), 'pytorch: rank 2 of 4 fails')).toMatchObject({
      explanation:
        'rank 2 (worker-2-0) ended with code 1 while ranks 0, 1 and 3 ran on, which can only wait for it in init_process_group or a collective; ValueError: no such column',
    }); // prettier-ignore
  });

  test('a port that is taken is explained', async () => {
    const failure = await withTakenPort((port) => fails(house, ranks(2, { env: { FIXED_PORT: port } }), 'pytorch: taken port')); // prettier-ignore
    expect(failure).toMatchObject({ explanation: expect.stringContaining('could not listen on its port') });
  });

  test('a pod that is killed from outside ends the run, and is named', async () => {
    const submitted = await house.submit(submission(ranks(2, { script: ACCUMULATE })));
    const running = submitted.run();
    await running.seen(isPod('worker-1-0', 'Running'));
    await expect
      .poll(() => submitted.printed('worker-1-0'), { timeout: PATIENCE_MS, interval: 100 })
      .toMatch(/process \d+ works/);
    const pid = Number(/process (\d+) works/.exec(await submitted.printed('worker-1-0'))?.[1]);
    process.kill(await pidOutside(submitted.id, 'worker-1-0', pid), 'SIGKILL');
    expect(failureOf(await measured('pytorch: killed pod', running.done))).toMatchObject({
      reason: 'Killed',
      explanation: expect.stringContaining('rank 1 (worker-1-0) was killed by signal 9 while rank 0 ran on'),
    });
  });
});

/** The id that a pod's process has out here: pods may have process ids of their own. */
async function pidOutside(experiment: string, pod: string, inside: number): Promise<number> {
  const processes = chooseProcesses(process.env, process.platform);
  for (const pid of await processes.withEnvironment({ [EXPERIMENT_MARK]: experiment, HOSTNAME: pod })) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    if (Number(/^NSpid:.*?(\d+)$/m.exec(status)?.[1]) === inside) return pid;
  }
  throw new Error(`no process of ${pod} is ${inside} inside`);
}

/** They wait for most of their time, so they do it together. */
describe.concurrent('a rank that never comes is explained', () => {
  const cases: [Ranks['operator'], string, () => string, string][] = [
    ['jax', PSUM, () => programs, 'jax.distributed.initialize'],
    ['xgboost', TREES, () => programs, 'the tracker'],
    ['pytorch', DDP, () => dirname(TORCH ?? '/'), 'init_process_group or a collective'],
  ];
  test.each(cases.filter(([operator]) => operator !== 'pytorch' || TORCH !== null))(
    '%s',
    async (operator, script, place, waitsIn) => {
      const ranks = { operator, count: 3, script, programs: place(), env: { ABSENT: '1' } };
      expect(await fails(house, ranks, `${operator}: rank 1 of 3 never comes`)).toMatchObject({
        explanation: expect.stringContaining(
          `waited for the others in ${waitsIn} and gave up: rank 1 had ended already`,
        ),
      });
    },
  );
});
