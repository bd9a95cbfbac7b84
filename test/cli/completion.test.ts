import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const bin = join(import.meta.dirname, '../../bin/aichor.js');

describe('shell completion', () => {
  let home: string;
  let env: NodeJS.ProcessEnv;

  const aichor = (...args: string[]) =>
    execFileSync(process.execPath, [bin, ...args], {
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });

  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'aichor-completion-'));
    env = { PATH: process.env['PATH'], HOME: home, AICHOR_HOME: join(home, 'state') };
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  it('completes commands and flags in bash after the line that `script` prints', () => {
    expect(aichor('autocomplete', 'bash')).toContain('autocomplete script bash');
    const answers = (words: string[]) => {
      const complete = [
        aichor('autocomplete', 'script', 'bash'),
        `COMP_WORDS=(${words.map((word) => JSON.stringify(word)).join(' ')}); COMP_CWORD=${words.length - 1}`,
        '_aichor_autocomplete',
        'printf "%s\\n" "${COMPREPLY[@]}"',
      ].join('\n');
      const said = execFileSync('bash', ['--norc', '-c', complete], { env, encoding: 'utf8' });
      return [...new Set(said.trim().split(/\s+/))];
    };
    expect(answers(['aichor', 'exp'])).toEqual(['experiments']);
    expect(answers(['aichor', 'experiments', 'can'])).toEqual(['cancel']);
    expect(answers(['aichor', 'experiments', 'list', '--wa'])).toEqual(['--watch']);
  });

  it('names the shells it knows', () => {
    expect(() => aichor('autocomplete', 'script', 'tcsh')).toThrow(/zsh, bash, powershell/);
  });
});
