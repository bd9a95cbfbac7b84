import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { expand } from '../../../src/operators/command/expand.ts';
import { LAUNCHER, quoteForShell } from '../../../src/operators/command/launcher.ts';

const bin = mkdtempSync(join(tmpdir(), 'aichor-launcher-'));
afterAll(() => rmSync(bin, { recursive: true, force: true }));
symlinkSync(execFileSync('sh', ['-c', 'command -v sh'], { encoding: 'utf8' }).trim(), join(bin, 'sh'));

function launch(command: string, path = process.env['PATH'] ?? '') {
  return spawnSync('/bin/sh', ['-c', LAUNCHER], {
    env: { PATH: path, AICHOR_COMMAND: command, RANK: '1' },
    encoding: 'utf8',
  });
}

describe('the launcher', () => {
  test('hands the command to the shell unchanged: quotes, newlines, pipes, dollars', () => {
    const { stdout, status } = launch(
      `printf '%s|' "a b" 'c "d"' $RANK "$(echo e)" | tr a A\necho; false || exit 5`,
    );
    expect(stdout).toBe('A b|c "d"|1|e|\n');
    expect(status).toBe(5);
  });

  test('uses bash where there is one', () => {
    const { stdout } = launch('[[ -n $BASH_VERSION ]] && echo bash');
    expect(stdout).toBe('bash\n');
  });

  test('falls back to sh where there is none', () => {
    const { stdout, status } = launch('echo "<$BASH_VERSION>"; exit 3', bin);
    expect(stdout).toBe('<>\n');
    expect(status).toBe(3);
  });

  test('means the same after Kubernetes has read it', () => {
    expect(expand(LAUNCHER, () => 'replaced')).toBe(LAUNCHER);
  });
});

test('a quoted word is one word for a shell', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.string({ unit: 'grapheme' }).filter((word) => !word.includes('\0')),
        { maxLength: 5 },
      ),
      (words) => {
        const script = `printf '%s\\0' ${words.map(quoteForShell).join(' ')} end`;
        expect(execFileSync('sh', ['-c', script], { encoding: 'utf8' })).toBe(
          [...words, 'end', ''].join('\0'),
        );
      },
    ),
    { numRuns: 30 },
  );
});
