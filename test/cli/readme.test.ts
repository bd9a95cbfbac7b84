import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BIN, makeProgram, type Program } from './program.ts';

/** What README tells people to type is typed here, in its order, on the embedded engine. */

const root = join(import.meta.dirname, '../..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const blocksOf = (language: string) =>
  Array.from(
    readme.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm')),
    ([, text = '']) => text,
  );
const linesOf = (text: string) => text.split('\n').filter((line) => line.trim() !== '');
/** `npm …` is what this suite itself was started by, and what test/package does. */
const isNpm = (block: string) => linesOf(block).every((line) => line.startsWith('npm '));

let program: Program;
beforeAll(() => {
  program = makeProgram('readme');
});
afterAll(() => program.close());

/** Without jq on the machine, what a command gives to it is not looked at; that is said. */
function withoutJq(script: string): string {
  if (spawnSync('jq', ['--version']).status === 0) return script;
  process.stderr.write('README: jq is not on this machine: what goes to it is thrown away\n');
  return script.replaceAll(/\| jq .*$/gm, '> /dev/null');
}

/** Runs a script in an empty folder, where `aichor` is the built program. */
function bash(script: string): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const [bin, folder] = [join(program.home, 'bin'), join(program.home, 'work')];
  for (const each of [bin, folder]) mkdirSync(each);
  symlinkSync(BIN, join(bin, 'aichor'));
  const env = { ...program.env, PATH: `${bin}:${program.env['PATH']}` };
  const child = spawn('bash', ['-c', script], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (piece) => (stdout += piece));
  child.stderr.on('data', (piece) => (stderr += piece));
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

describe('README', () => {
  it('every block of commands works, one after the other', async () => {
    const blocks = blocksOf('sh').filter((block) => !isNpm(block));
    expect(blocks.length).toBeGreaterThan(10);
    const script = ['set -euo pipefail', ...blocks.flatMap((block, at) => [`echo "block ${at}" >&2`, block])];
    const { code, stdout, stderr } = await bash(withoutJq(script.join('\n')));
    expect(code, stderr.slice(-2000)).toBe(0);
    const work = join(program.home, 'work', 'digits');
    const sweep = JSON.parse(
      stdout.split('\n').find((line) => line.startsWith('{"experiments"') && line.includes('"LR":"0.01"')) ??
        '{}',
    );
    expect(sweep.experiments.length).toBeGreaterThanOrEqual(3);
    expect(existsSync(join(work, 'results', 'model.json'))).toBe(true);
    expect(existsSync(join(work, 'kept'))).toBe(true);
    expect(existsSync(join(program.home, 'work', 'pi', 'pyproject.toml'))).toBe(true);
  }, 180_000);

  it('what npm is asked for there is there', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const asked = blocksOf('sh').filter(isNpm).flatMap(linesOf);
    const named = asked.flatMap((line) => /^npm (?:run )?(quickstart|test)\b/.exec(line)?.[1] ?? []);
    expect(named).toEqual(['quickstart', 'test']);
    for (const name of named) expect(scripts).toHaveProperty(name);
  });

  it('what is shown as typed is typed in a block of commands', () => {
    const typed = new Set(blocksOf('sh').flatMap(linesOf));
    const shown = blocksOf('console').flatMap((block) =>
      Array.from(block.matchAll(/^\$ (.*)$/gm), ([, line]) => line),
    );
    expect(shown.filter((line) => !typed.has(line ?? ''))).toEqual([]);
  });

  it('is short, and its links lead somewhere', () => {
    expect(readme.split('\n').length).toBeLessThanOrEqual(300);
    for (const page of [
      'README.md',
      'docs/submitting.md',
      'docs/checking.md',
      'docs/json.md',
      'docs/dockerfile.md',
      'docs/debugging.md',
    ]) {
      const text = readFileSync(join(root, page), 'utf8');
      const links = Array.from(text.matchAll(/\]\(([^)#:]+)\)/g), ([, link = '']) => link);
      const lost = links.filter((link) => !existsSync(join(root, dirname(page), link)));
      expect(lost, page).toEqual([]);
    }
  });
});
