import { spawn } from 'node:child_process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { BIN, makeProgram, type Program } from './program.ts';

let program: Program;
beforeAll(async () => {
  program = makeProgram('pipes');
  await program.submit('--env', 'HOLD=never', '--quiet');
});
afterAll(() => program.close());

/** Real pipes are a shell's; those that Node makes are sockets. */
function shell(line: string): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const env = { ...program.env, NODE: process.execPath, BIN };
    const child = spawn('bash', ['-c', line], { env, cwd: program.repo, stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (piece) => (stdout += piece));
    child.stderr.on('data', (piece) => (stderr += piece));
    child.on('error', reject).on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

// Nothing changes while these run: what ends them can only be that their reader has left.
it.each([
  ['experiments list --watch', 1],
  ['experiments logs --follow', 1],
  ['experiments wait latest', 0],
])('%s ends quietly with 0 when its reader leaves, though nothing happens', async (command, lines) => {
  const { code, stdout, stderr } = await shell(
    `"$NODE" "$BIN" ${command} 2>errors | head -n ${lines}; echo "\${PIPESTATUS[0]}"; cat errors >&2`,
  );
  expect(code).toBe(0);
  const printed = stdout.trimEnd().split('\n');
  expect(printed).toHaveLength(lines + 1);
  expect(printed.at(-1)).toBe('0');
  expect(stderr).not.toContain('error');
});
