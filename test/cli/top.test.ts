import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { documentOf, makeProgram, type Program } from './program.ts';

let program: Program;
beforeAll(() => {
  program = makeProgram('top');
});
afterAll(() => program.close());

it('tells what the pods take, a line each round until the end; once for people', async () => {
  const hold = join(program.home, 'hold');
  const { stdout } = await program.submit('--quiet', '--env', `HOLD=${hold}`);
  const id = stdout.trim();
  const get = async () => documentOf(await program.aichor(['experiments', 'get', id]));
  await expect.poll(async () => (await get()).status, { timeout: 60_000, interval: 200 }).toBe('Running');
  const once = documentOf(await program.aichor(['experiments', 'top', '--once']));
  expect(once).toMatchObject({ experiment_id: id, time: expect.any(String), pods: [{ pod: 'worker-0-0' }] });
  expect(once.pods[0].memory_bytes).toBeGreaterThan(0);
  const more = { AICHOR_OUTPUT: 'table', COLUMNS: '100', NO_COLOR: '1' };
  const shown = await program.aichor(['experiments', 'top', id, '--once'], { more });
  expect(shown.stdout).toMatch(/^POD .* CPU +MEMORY/m);
  // A first sample is kept soon, and stays.
  const usage = async () => (await get()).pods[0].usage;
  await expect.poll(usage, { timeout: 60_000, interval: 500 }).toMatchObject({
    samples: expect.any(Number),
    memory_bytes: { mean: expect.any(Number), peak: expect.any(Number) },
  });
  const following = program.aichor(['experiments', 'top', id, '--interval', '1s'], {
    onStdout: () => writeFileSync(hold, ''),
  });
  const { code, stdout: lines } = await following;
  expect(code).toBe(0);
  const samples = lines
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(samples.at(-1)).toMatchObject({ experiment_id: id, pods: [] });
  const kept = await program.aichor(['experiments', 'top', id]);
  expect(JSON.parse(kept.stdout.split('\n')[0] ?? '')).toMatchObject({
    experiment_id: id,
    span_s: expect.any(Number),
    pods: [{ pod: 'worker-0-0', cpus: expect.any(Number), peak: { memory_bytes: expect.any(Number) } }],
  });
  for (const words of [
    ['top', id],
    ['get', id],
  ]) {
    const page = await program.aichor(['experiments', ...words], { more });
    expect(page.stdout).toMatch(/^POD .* CPU\/MAX +MEMORY +PEAK/m);
  }
  const nothing = await program.aichor(['experiments', 'top', '--once']);
  expect(nothing).toMatchObject({ code: 0, stdout: '' });
});
