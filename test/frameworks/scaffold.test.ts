import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { experimentRecord, type ExperimentRecord } from '../../src/experiment/record.ts';
import { installer } from './environment.ts';
import { findTorch, TORCH_ABSENT } from './torch.ts';

const bin = join(import.meta.dirname, '../../bin/aichor.js');
const TORCH = await findTorch();

let home: string;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'aichor-scaffold-'));
  const path = [dirname(await installer()), process.env['PATH']].join(delimiter);
  env = { ...process.env, PATH: path, AICHOR_HOME: join(home, 'state') };
}, 120_000);
afterAll(async () => {
  await aichor(['server', 'stop']);
  await rm(home, { recursive: true, force: true });
});

interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

function aichor(args: readonly string[]): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [bin, ...args], {
      env,
      cwd: home,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const outcome: Outcome = { code: null, stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (outcome.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (outcome.stderr += text));
    child.once('error', reject);
    child.once('close', (code) => resolve({ ...outcome, code }));
  });
}

/** What a newcomer does: two commands. */
async function scaffolded(operator: string, ...flags: string[]): Promise<ExperimentRecord> {
  const answers = ['--name', `try-${operator}`, '--operator', operator, '--python', '3.11', '--yes'];
  const init = await aichor(['local-repo', 'init', ...answers]);
  expect(init).toMatchObject({ code: 0 });
  const { path } = JSON.parse(init.stdout);
  const submit = ['experiments', 'submit', 'local', '--repo-dir', path, '--wait', ...flags];
  const { code, stdout, stderr } = await aichor(submit);
  const record = code === 0 ? experimentRecord.parse(JSON.parse(stdout)) : null;
  if (record === null)
    throw new Error(`${stderr}\n${(await aichor(['experiments', 'logs'])).stdout.slice(-4000)}`);
  const memory = record.pods.reduce((sum, pod) => sum + (pod.peak_memory_bytes ?? 0), 0);
  process.stdout.write(
    `  scaffold of ${operator}: ${record.pods.length} pods, ${record.duration_s?.toFixed(1)} s, ${Math.round(memory / 2 ** 20)} MB\n`,
  );
  return record;
}

describe('the scaffold, as scaffolded,', () => {
  test.each(['jobset', 'jax', 'xgboost', 'kuberay'])(
    'of %s runs',
    async (operator) => {
      expect(await scaffolded(operator)).toMatchObject({ status: 'Succeeded', operator });
    },
    400_000,
  );

  test.skipIf(TORCH === null)(
    `of pytorch runs${TORCH === null ? TORCH_ABSENT : ''}`,
    async () => {
      const record = await scaffolded('pytorch', '--python-env', TORCH ?? '');
      expect(record).toMatchObject({ status: 'Succeeded', operator: 'pytorch' });
    },
    400_000,
  );
});
