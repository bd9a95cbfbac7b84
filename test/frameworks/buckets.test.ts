import { mkdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createHouse, jobset, type House } from '../engine/house.ts';
import { frameworkEnvironment } from './environment.ts';
import { measured } from './measured.ts';

let house: House;
let programs: string;
beforeAll(async () => {
  programs = await frameworkEnvironment('s3');
  house = await createHouse();
}, 300_000);
afterAll(() => house.leave());

const COMMAND =
  'python3 -u protocol.py "$AWS_ENDPOINT_URL" "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" default-inputs default-outputs "${AICHOR_OUTPUT_PATH#s3://default-outputs/}"';

test('boto3 finds in an experiment’s buckets what it expects of S3', async () => {
  const experiment = await house.submit({
    ...jobset(COMMAND),
    files: { 'protocol.py': readFileSync(join(import.meta.dirname, 's3', 'protocol.py'), 'utf8') },
    shell: { PATH: `${programs}${delimiter}${process.env['PATH']}`, HOME: process.env['HOME'] ?? '/' },
  });
  experiment.plan.storage.kind = 's3';
  const output = `${join(house.folder, 'outputs', 'default', 'output', experiment.id)}/`;
  mkdirSync(output, { recursive: true });
  const input = `${join(house.folder, 'inputs', 'default')}/`;
  await measured('boto3', experiment.run(undefined, { input, output }).done);
  expect(await experiment.printed('worker-0-0')).toBe('70 right, 0 wrong');
}, 300_000);
