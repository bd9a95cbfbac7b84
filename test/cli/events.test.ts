import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { BIN, documentOf, errorOf, makeProgram, type Program } from './program.ts';

let program: Program;
beforeAll(() => {
  program = makeProgram('events');
});
afterAll(() => program.close());

interface Line {
  sequence: number;
  kind: string;
  experiment_id: string;
  status: string;
}

const linesOf = (stdout: string): Line[] =>
  stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

/** `aichor events` in a process of its own, until it is interrupted. */
function follow(...flags: string[]) {
  const child = spawn(process.execPath, [BIN, 'events', '--follow', ...flags], { env: program.env });
  const lines: Line[] = [];
  createInterface(child.stdout).on('line', (line) => lines.push(JSON.parse(line)));
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  return {
    lines,
    async stop() {
      child.kill('SIGINT');
      return ended;
    },
  };
}

it('follows every change over a kill of the server: no gap, nothing twice', async () => {
  const { stdout } = await program.submit('--quiet', '--wait');
  const first = stdout.trim();
  const following = follow();
  await expect.poll(() => following.lines.at(-1)?.kind, { timeout: 30_000 }).toBe('ended');
  const { pid } = documentOf(await program.aichor(['server', 'status']));
  process.kill(pid, 'SIGKILL');
  const { stdout: again } = await program.submit('--quiet', '--wait');
  const second = again.trim();
  const isOver = () => following.lines.some((line) => line.experiment_id === second && line.kind === 'ended');
  await expect.poll(isOver, { timeout: 30_000 }).toBe(true);
  expect(await following.stop()).toBe(130);
  const { lines } = following;
  expect(lines.map(({ sequence }) => sequence)).toEqual(lines.map((_line, index) => index + 1));
  expect(new Set(lines.map((line) => line.experiment_id))).toEqual(new Set([first, second]));
  const kept = await program.aichor(['events']);
  expect(linesOf(kept.stdout)).toEqual(lines);
  const since = String(lines[3]?.sequence);
  expect(linesOf((await program.aichor(['events', '--since', since])).stdout)).toEqual(lines.slice(4));
  const ended = await program.aichor([
    'events',
    '--kind',
    'ended',
    '--status',
    'succeeded',
    '--output',
    'id',
  ]);
  expect(ended.stdout).toBe(`${first}\n${second}\n`);
});

it('begins with what comes, says a sequence that is not one, and one that is not there', async () => {
  const following = follow('--since', 'now', '--label', 'wanted');
  const more = () => program.submit('--quiet', '--wait', '--label', 'wanted=1');
  await program.submit('--quiet', '--wait', '--label', 'other=1');
  const id = (await more()).stdout.trim();
  await expect.poll(() => following.lines.at(-1)?.kind, { timeout: 30_000 }).toBe('ended');
  await following.stop();
  expect(new Set(following.lines.map((line) => line.experiment_id))).toEqual(new Set([id]));
  const mistyped = await program.aichor(['events', '--since', 'yesterday']);
  expect([mistyped.code, errorOf(mistyped).code]).toEqual([2, 'usage']);
  const gone = await program.aichor(['events', '--since', '123456']);
  expect([gone.code, errorOf(gone).code]).toEqual([6, 'events_gone']);
  const shown = await program.aichor(['events', '--kind', 'ended', '--utc'], {
    more: { AICHOR_OUTPUT: 'table' },
  });
  expect(shown.stdout).toMatch(/^[\d-]{10} [\d:]{8}Z {2}[0-9a-f]{8} {2}Running → Succeeded {2}ended/);
});
