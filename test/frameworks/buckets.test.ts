import { mkdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findProgram } from '../../src/machine/find-program.ts';
import { createHouse, jobset, type House } from '../engine/house.ts';
import { frameworkEnvironment } from './environment.ts';
import { measured } from './measured.ts';

let house: House;
beforeAll(async () => {
  house = await createHouse();
}, 300_000);
afterAll(() => house.leave());

/** What a program of Python printed in an experiment whose inputs and outputs are buckets. */
async function printedBy(program: string, { lock, words }: { lock: string; words: string }): Promise<string> {
  const programs = await frameworkEnvironment(lock);
  const experiment = await house.submit({
    ...jobset(`python3 -u ${program} ${words}`),
    files: { [program]: readFileSync(join(import.meta.dirname, 's3', program), 'utf8') },
    shell: { PATH: `${programs}${delimiter}${process.env['PATH']}`, HOME: process.env['HOME'] ?? '/' },
  });
  experiment.plan.storage.kind = 's3';
  const output = `${join(house.folder, 'outputs', 'default', 'output', experiment.id)}/`;
  mkdirSync(output, { recursive: true });
  const input = `${join(house.folder, 'inputs', 'default')}/`;
  await measured(lock, experiment.run(undefined, { input, output }).done);
  return experiment.printed('worker-0-0');
}

const BELOW = '"${AICHOR_OUTPUT_PATH#s3://default-outputs/}"';

test('boto3 finds in an experiment’s buckets what it expects of S3', async () => {
  const words = `"$AWS_ENDPOINT_URL" "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" default-inputs default-outputs ${BELOW}`;
  expect(await printedBy('protocol.py', { lock: 's3', words })).toBe('70 right, 0 wrong');
}, 300_000);

const rclone = await findProgram('rclone', process.env['PATH'] ?? '');

test(`boto3, s3fs, pyarrow, polars, obstore, smart_open, tensorstore, tensorboardX, TensorBoard${rclone === null ? '' : ', rclone'} read what each other wrote`, async () => {
  if (rclone === null) process.stdout.write('  rclone is not installed: it is left out\n');
  const words = `"$AWS_ENDPOINT_URL" default-outputs ${BELOW}`;
  const printed = await printedBy('cross_reading.py', { lock: 'cross-reading', words });
  expect(printed).toBe(`${rclone === null ? 145 : 188} right, 0 wrong`);
}, 900_000);
