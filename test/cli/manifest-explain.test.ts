import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BIN } from './program.ts';

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'aichor-explain-'));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

function explain(...words: string[]) {
  const env = { HOME: home, AICHOR_HOME: join(home, 'state'), PATH: process.env['PATH'] };
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, 'manifest', 'explain', ...words], {
    env,
    cwd: home,
    encoding: 'utf8',
  });
  return { code: status, stdout, stderr };
}

describe('manifest explain', () => {
  test('for people: the field, what it is here, and the fields in it', () => {
    const { code, stdout, stderr } = explain('spec.types.worker.resources', '--output', 'table');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^spec\.types\.worker\.resources <map> required\n/);
    expect(stdout).toContain('\nFIELDS\n  cpus <number> required\n    CPUs of each pod.\n');
    const gpu = explain('gpu.count', '--output', 'table').stdout;
    expect(gpu).toContain('example          count: 1\n');
    expect(gpu).toContain('on this machine  GPUs of this machine');
    for (const line of gpu.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  test('in a pipe: JSON; every field with --recursive', () => {
    const document = JSON.parse(explain('--recursive').stdout);
    expect(document.fields.length).toBeGreaterThan(150);
    expect(document.fields).toContainEqual(
      expect.objectContaining({ path: 'spec.timeout', type: 'text', required: false, example: '"1d 12h"' }),
    );
  });

  test('no such field: exit 5, and the one that was meant', () => {
    const { code, stdout, stderr } = explain('spec.tensorbord');
    expect({ code, stdout }).toEqual({ code: 5, stdout: '' });
    expect(JSON.parse(stderr).error.hint).toBe('did you mean spec.tensorboard?');
  });
});
