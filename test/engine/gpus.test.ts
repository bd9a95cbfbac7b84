import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { afterEach, expect, test } from 'vitest';
import { createHouse, jobset, type House } from './house.ts';

let house: House;
afterEach(() => house.leave());

/** An engine whose PATH has an nvidia-smi that lists these lines. */
async function withGpus(...lines: string[]) {
  house = await createHouse();
  const folder = `${house.folder}/driver`;
  await mkdir(folder);
  const listing = lines.map((line) => `echo '${line}'`).join('\n');
  await writeFile(`${folder}/nvidia-smi`, `#!/bin/sh\n[ "$1" = -L ] || exit 2\n${listing}\n`);
  await chmod(`${folder}/nvidia-smi`, 0o755);
  return house.restarted({ env: { PATH: `${folder}:${process.env['PATH'] ?? ''}` } });
}

function pods(count: number, gpus: number, command: string) {
  const accelerators = { gpu: { count: gpus, type: 'gpu', product: 'any' } };
  const resources = { cpus: 1, ramRatio: 1, accelerators };
  return jobset(command, { worker: { count, resources } });
}

test('are divided among the pods that nvidia-smi’s devices suffice for', async () => {
  const engine = await withGpus('GPU 0: A100 (UUID: GPU-0)', 'GPU 1: A100 (UUID: GPU-1)', 'GPU 2: A100 (UUID: GPU-2)'); // prettier-ignore
  const experiment = await house.submit(pods(2, 1, 'echo "$CUDA_VISIBLE_DEVICES"; touch "$AICHOR_OUTPUT_PATH/$HOSTNAME"; until [ $(ls "$AICHOR_OUTPUT_PATH" | wc -l) = 2 ]; do sleep 0.05; done')); // prettier-ignore
  await mkdir(`${house.folder}/outputs`, { recursive: true });
  await experiment.run(engine).done;
  const seen = await Promise.all(['worker-0-0', 'worker-1-0'].map((pod) => experiment.printed(pod)));
  expect(seen.toSorted()).toEqual(['0', '1']);
});

test('are waited for where there are too few', async () => {
  const engine = await withGpus('GPU 0: T4 (UUID: GPU-0)');
  const experiment = await house.submit(pods(3, 1, 'echo "$CUDA_VISIBLE_DEVICES"'));
  const facts = await experiment.run(engine).done;
  expect(facts).toContainEqual({
    type: 'progress',
    message: '1 of 3 pods running; the rest wait for GPUs',
  });
  for (const pod of ['worker-0-0', 'worker-1-0', 'worker-2-0'])
    expect(await experiment.printed(pod)).toBe('0');
});

test('cut into instances are given as instances', async () => {
  const engine = await withGpus(
    'GPU 0: A100 (UUID: GPU-0)',
    '  MIG 3g.20gb     Device  0: (UUID: MIG-aaa)',
    '  MIG 3g.20gb     Device  1: (UUID: MIG-bbb)',
  );
  const experiment = await house.submit(pods(1, 2, 'echo "$CUDA_VISIBLE_DEVICES"'));
  await experiment.run(engine).done;
  expect(await experiment.printed('worker-0-0')).toBe('MIG-aaa,MIG-bbb');
});

test('more for one pod than the machine has is told at once', async () => {
  const engine = await withGpus('GPU 0: T4 (UUID: GPU-0)');
  const experiment = await house.submit(pods(1, 2, 'true'));
  expect(await experiment.run(engine).done).toContainEqual(
    expect.objectContaining({ type: 'failure', reason: 'Unschedulable' }),
  );
});
