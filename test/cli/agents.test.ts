import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { BIN, makeProgram, type Program } from './program.ts';

let program: Program;
beforeAll(() => {
  program = makeProgram('agents');
});
afterAll(() => program.close());

it('what AGENTS.md tells to type works in the new repository, in its order', async () => {
  const folder = join(program.home, 'my-exp');
  const init = ['local-repo', 'init', folder, '--name', 'my-exp', '--operator', 'jobset'];
  const made = JSON.parse((await program.aichor([...init, '--agents'])).stdout);
  expect(made.files).toContain('AGENTS.md');
  const page = readFileSync(join(folder, 'AGENTS.md'), 'utf8');
  const block = /```sh\n([^]*?)```/.exec(page)?.[1] ?? '';
  expect(block.split('\n').length).toBeGreaterThan(6);
  const bin = join(program.home, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'aichor'), `#!/bin/sh\nexec '${process.execPath}' '${BIN}' "$@"\n`);
  chmodSync(join(bin, 'aichor'), 0o755);
  const env = { ...program.env, PATH: `${bin}:${program.env['PATH'] ?? ''}` };
  const printed = execFileSync('sh', ['-e', '-c', block], { cwd: folder, env, encoding: 'utf8' });
  expect(printed).toContain('"status":"Succeeded"');
  expect(existsSync(join(folder, 'results'))).toBe(true);
  const file = /`(src\/\S+main\.py)`/.exec(page)?.[1] ?? '';
  expect(existsSync(join(folder, file))).toBe(true);
}, 120_000);

it('is not written unless it is asked for', async () => {
  const folder = join(program.home, 'other');
  const init = ['local-repo', 'init', folder, '--name', 'other', '--operator', 'jobset'];
  const made = JSON.parse((await program.aichor(init)).stdout);
  expect(made.files).not.toContain('AGENTS.md');
});
