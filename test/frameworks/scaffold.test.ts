import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ExperimentRecord } from '../../src/experiment/record.ts';
import { openCli, type Cli } from './cli.ts';
import { findTorch, TORCH_ABSENT } from './torch.ts';

const TORCH = await findTorch();

let cli: Cli;
beforeAll(async () => {
  cli = await openCli();
});
afterAll(() => cli.leave());

/** What a newcomer does: two commands. */
async function scaffolded(
  operator: string,
  { profile = 'cpu', flags = [] as string[] } = {},
): Promise<ExperimentRecord> {
  const name = `try-${operator}-${profile}`;
  const answers = ['--name', name, '--operator', operator, '--profile', profile, '--python', '3.11', '--yes'];
  const init = await cli.run(['local-repo', 'init', ...answers]);
  expect(init).toMatchObject({ code: 0 });
  const { record, printed } = await cli.submit(JSON.parse(init.stdout).path, flags);
  if (record.status !== 'Succeeded') throw new Error([record.explanation, ...printed.slice(-40)].join('\n'));
  const memory = record.pods.reduce((sum, pod) => sum + (pod.peak_memory_bytes ?? 0), 0);
  process.stdout.write(
    `  scaffold of ${operator}, ${profile}: ${record.pods.length} pods, ${record.duration_s?.toFixed(1)} s, ${Math.round(memory / 2 ** 20)} MB\n`,
  );
  return record;
}

describe('the scaffold, as scaffolded,', () => {
  test.each(['jobset', 'jax', 'xgboost', 'kuberay'])('of %s runs', async (operator) => {
    expect(await scaffolded(operator)).toMatchObject({ status: 'Succeeded', operator });
  });

  test.each(['jobset', 'jax', 'xgboost'])(
    'of %s runs in several pods, twice at the same time',
    async (operator) => {
      const first = await scaffolded(operator, { profile: 'multi-pod' });
      expect(first.pods.length).toBeGreaterThan(1);
      const again = () => cli.run(['experiments', 'resubmit', first.experiment_id, '--wait']);
      for (const { code, stderr } of await Promise.all([again(), again()])) expect({ code, stderr }).toMatchObject({ code: 0 }); // prettier-ignore
    },
  );

  test.skipIf(TORCH === null)(`of pytorch runs${TORCH === null ? TORCH_ABSENT : ''}`, async () => {
    const flags = ['--python-env', TORCH ?? ''];
    expect(await scaffolded('pytorch', { flags })).toMatchObject({
      status: 'Succeeded',
      operator: 'pytorch',
    });
    const several = await scaffolded('pytorch', { profile: 'multi-pod', flags });
    expect(several.pods.length).toBeGreaterThan(1);
  });
});
