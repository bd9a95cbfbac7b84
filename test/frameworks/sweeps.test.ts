import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openCli, type Cli } from './cli.ts';
import { PATIENCE_MS } from './measured.ts';
import { findTorch, TORCH_ABSENT } from './torch.ts';

const TORCH = await findTorch();

let cli: Cli;
beforeAll(async () => {
  cli = await openCli();
});
afterAll(() => cli.leave());

interface Row {
  point: Record<string, string>;
  counts: Record<string, number>;
  metrics: Record<string, { mean: number; n: number }>;
}

/** The document of a command that may end with any of these codes. */
async function documentOf(args: readonly string[], codes: readonly number[] = [0]) {
  const { code, stdout, stderr } = await cli.run(args);
  if (!codes.includes(code ?? -1)) throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout);
}

/** Two learning rates that end, one that is no number and crashes at each start, and one that does not come to its end. */
const POINTS = [
  { LEARNING_RATE: '0.1', STEPS: '10' },
  { LEARNING_RATE: '0.3', STEPS: '10' },
  { LEARNING_RATE: 'none', STEPS: '10' },
  { LEARNING_RATE: '0.2', STEPS: '100000000' },
];

/** A crash, a restart of the attempt and of the server, and a cancel in the middle. */
async function swept(operator: string, flags: readonly string[] = []): Promise<void> {
  const name = `sweep-${operator}`;
  const answers = ['--name', name, '--operator', operator, '--python', '3.11', '--yes'];
  const { path } = await documentOf(['local-repo', 'init', ...answers]);
  const list = join(cli.home, `${name}.jsonl`);
  await writeFile(list, POINTS.map((point) => JSON.stringify(point)).join('\n'));
  const restart = ['--set', 'spec.restartPolicy.backoffLimit=1'];
  const sweep = ['experiments', 'sweep', '--repo-dir', path, '--list', list, '--name', name];
  const { experiments } = await documentOf([...sweep, ...restart, ...flags]);
  const [, , crashing, endless] = experiments.map((one: { experiment_id: string }) => one.experiment_id);
  const metricsOf = async () =>
    Object.keys((await documentOf(['experiments', 'get', endless])).metrics).length;
  await expect.poll(metricsOf, { timeout: PATIENCE_MS, interval: 1000 }).toBeGreaterThan(0);
  await documentOf(['server', 'stop']);
  await documentOf(['experiments', 'cancel', endless, '--wait'], [0, 9]);
  await documentOf(['sweeps', 'wait', name], [9]);
  const metric = operator === 'xgboost' ? 'rmse' : 'loss';
  const results = ['sweeps', 'results', name, '--metric', metric, '--goal', 'min', '--take', 'min'];
  const { rows, missing }: { rows: Row[]; missing: unknown[] } = await documentOf(results);
  expect(missing).toEqual([]);
  const table = rows.map(({ point, counts, metrics }) => ({
    rate: point['LEARNING_RATE'],
    counts,
    n: metrics[metric]?.n ?? 0,
  }));
  const succeeded = { Succeeded: 1 };
  expect(
    table
      .slice(0, 2)
      .map(({ rate }) => rate)
      .sort(),
  ).toEqual(['0.1', '0.3']);
  expect(table.slice(0, 2)).toMatchObject([
    { counts: succeeded, n: 1 },
    { counts: succeeded, n: 1 },
  ]);
  expect(table.slice(2)).toEqual(
    expect.arrayContaining([
      { rate: 'none', counts: { Failed: 1 }, n: 0 },
      { rate: '0.2', counts: { Cancelled: 1 }, n: 0 },
    ]),
  );
  const [best, second] = rows.map(({ metrics }) => metrics[metric]?.mean ?? Number.NaN);
  expect(best).toBeLessThanOrEqual(second ?? Number.NaN);
  expect(await documentOf(['experiments', 'get', crashing])).toMatchObject({ status: 'Failed', attempt: 2 });
  process.stdout.write(`  sweep of ${operator}: best ${metric} ${best}, then ${second}\n`);
}

describe('the scaffold, swept,', () => {
  test.each(['jobset', 'xgboost', 'jax', 'kuberay'])('of %s ends in the right table', (operator) =>
    swept(operator),
  );

  test.skipIf(TORCH === null)(`of pytorch ends in the right table${TORCH === null ? TORCH_ABSENT : ''}`, () =>
    swept('pytorch', ['--python-env', TORCH ?? '']),
  );
});
