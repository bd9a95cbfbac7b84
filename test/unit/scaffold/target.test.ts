import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { inspectTarget } from '../../../src/scaffold/place/target.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aichor-target-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a folder with something in it is refused, unless forced', () => {
  writeFileSync(join(folder, 'main.py'), '');
  expect(() => inspectTarget(folder, [], 'refuse')).toThrow(/is not empty/);
  expect(inspectTarget(folder, ['main.py', 'README.md'], 'replace').collisions).toEqual(['main.py']);
});

test('the clone of an empty repository counts as empty', () => {
  mkdirSync(join(folder, '.git'));
  expect(inspectTarget(folder, ['README.md'], 'refuse')).toEqual({
    path: folder,
    exists: true,
    collisions: [],
  });
});
