import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ExperimentRecord } from '../../src/experiment/record.ts';
import { createGathering, metricsGathered, nothingGathered } from '../../src/server/metrics/gathering.ts';
import { readRuns, type Runs } from '../fixtures/event-file-values.ts';
import { frameworkEnvironment } from './environment.ts';
import { findTorch, TORCH_ABSENT } from './torch.ts';

const SCRIPT = join(import.meta.dirname, '../fixtures/event-files/write.py');
const TORCH = await findTorch();

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aichor-event-files-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What these writers have written, and what TensorBoard's own reader says of it. */
async function written(programs: string, writers: readonly string[]): Promise<Record<string, Runs>> {
  // Beside the fixtures the folders there would be taken for packages.
  const script = join(folder, 'write.py');
  await cp(SCRIPT, script);
  await promisify(execFile)(join(programs, 'python'), [script, folder, ...writers]);
  return JSON.parse(await readFile(join(folder, 'expected.json'), 'utf8'));
}

/** What the record would say of them. */
async function recordOf(tensorboard: string): Promise<ExperimentRecord['metrics']> {
  const gathered = nothingGathered();
  const logs = { find: async () => 0 };
  const { remarks } = await createGathering({ tensorboard, output: null, logs }, gathered, 1).look(1);
  expect(remarks).toEqual([]);
  return metricsGathered(gathered);
}

describe('files that real writers have just written are read as TensorBoard reads them, each tag and step', () => {
  const writers = ['tensorboardX', 'purged', 'tensorboard', 'forms', 'tensorflow', 'clu', 'flax'];

  test('by tensorboardX, tensorboard, TensorFlow, clu, flax, and in forms of its own', async () => {
    const expected = await written(await frameworkEnvironment('event-files'), writers);
    for (const writer of writers) {
      const { [writer]: runs } = expected;
      expect(readRuns(join(folder, writer)), writer).toEqual(runs);
    }
    expect(Object.keys(await recordOf(join(folder, 'tensorboardX'))).sort()).toContain('hparam/accuracy');
    expect(await recordOf(join(folder, 'flax'))).toMatchObject({
      loss: { last: 16777216, step: 2 ** 40 + 1, min: '-Infinity', max: 'Infinity' },
    });
    expect(Object.keys(await recordOf(join(folder, 'tensorflow')))).toEqual(
      expect.arrayContaining(['train/loss', 'validation/loss', 'train/count']),
    );
  });

  test.skipIf(TORCH === null)(
    `torch.utils.tensorboard, in each of its forms${TORCH === null ? TORCH_ABSENT : ''}`,
    async () => {
      const programs = await frameworkEnvironment('tensorboard-beside-torch', TORCH);
      const { torch } = await written(programs, ['torch']);
      expect(readRuns(join(folder, 'torch'))).toEqual(torch);
      expect(Object.keys(await recordOf(join(folder, 'torch'))).sort()).toEqual([
        'as a tensor',
        'both_a/both',
        'both_b/both',
        'hparam/accuracy',
        'loss',
        'of 64 bits',
      ]);
    },
  );
});
