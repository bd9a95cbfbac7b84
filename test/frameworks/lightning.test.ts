import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createHouse, type House } from '../engine/house.ts';
import { frameworkEnvironment } from './environment.ts';
import { measured } from './measured.ts';
import { failureOf, fails, sees, submission, type Ranks } from './ranks.ts';
import { LIGHTNING } from './scripts.ts';
import { findTorch, TORCH_ABSENT } from './torch.ts';

const TORCH = await findTorch();

let house: House;
let programs: string;

beforeAll(async () => {
  programs = TORCH === null ? '' : await frameworkEnvironment('lightning', TORCH);
  house = await createHouse();
});
afterAll(() => house.leave());

describe.runIf(TORCH !== null)(`Lightning${TORCH === null ? TORCH_ABSENT : ''}`, () => {
  const ranks = (more: Partial<Ranks> = {}): Ranks => ({
    operator: 'pytorch',
    count: 2,
    script: LIGHTNING,
    programs,
    ...more,
    env: { PYTHONPATH: join(import.meta.dirname, 'debian'), ...more.env },
  });
  // Each has half of the eight batches.
  const lines = (rank: number) => `rank ${rank} of 2: sum 3.0, 4 batches`;

  test('python train.py with num_nodes=2 is one run of both pods', async () => {
    await sees(house, ranks(), { what: 'lightning: 2 pods', lines });
  });

  test('torchrun with num_nodes=2 is one run of both pods', async () => {
    // Debian's torch 1.13 on Python 3.11 needs the two redirects.
    const command = 'python3 -m torch.distributed.run -r 1 -t 1 --nproc_per_node=1 train.py';
    await sees(house, ranks({ command }), { what: 'lightning: torchrun in 2 pods', lines: () => 'of 2: sum 3.0, 4 batches' }); // prettier-ignore
  });

  test('what its logger and its checkpoints leave in the working folder is told', async () => {
    const submitted = await house.submit(submission(ranks({ env: { LOGGED: '1' } })));
    const facts = await measured('lightning: logs to its folder', submitted.run().done);
    expect(failureOf(facts)).toBeNull();
    expect(facts.filter((fact) => fact.type === 'notice')).toContainEqual({
      type: 'notice',
      code: 'files_left',
      message: expect.stringMatching(
        /^worker-0-0.* left (?:checkpoints\/, )?lightning_logs\/ in its working folder, which is removed; what is written to AICHOR_OUTPUT_PATH stays$/,
      ),
    });
  });

  test('two pods that both act as rank 0 are told as such', async () => {
    const failure = await fails(house, ranks({ env: { NODE_RANK: '0' } }), 'lightning: both are rank 0');
    expect(failure).toMatchObject({
      explanation: expect.stringMatching(
        /worker-[01]-0 and (?:worker-[01]-0|the pod of rank 0) both act as rank 0|it and the pod of rank 0 both act as rank 0/,
      ),
    });
  });
});
