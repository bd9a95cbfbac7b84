import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { refuseMisplaced } from '../../src/server/process/state-folders.ts';
import { BIN } from '../cli/program.ts';

// Two programs each, of which one starts another: on a busy machine that is no matter of seconds.
vi.setConfig({ testTimeout: 60_000 });

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'aichor-misplaced-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** What stands in the wrong place, and what is said of it. */
const KINDS = {
  'a file': (path: string) => writeFileSync(path, 'mine'),
  'a link to no folder': (path: string) => symlinkSync('/nowhere-at-all', path),
  'a folder': (path: string) => mkdirSync(path),
} satisfies Record<string, (path: string) => void>;

const folders = [
  'snapshots',
  'blobs',
  'experiments',
  'environments',
  'inputs',
  'outputs',
  'volumes',
  'cache',
];
const files = [
  'control-plane.sqlite',
  'private-values.sqlite',
  'server.lock.sqlite',
  'server.json',
  'keys.json',
];
const cases: [keyof typeof KINDS, string][] = [
  ...folders.map((name): [keyof typeof KINDS, string] => ['a file', name]),
  ['a link to no folder', 'repositories'],
  ...files.map((name): [keyof typeof KINDS, string] => ['a folder', name]),
];

test('a link that leads in a circle is one to no folder, and what may not be looked at is left to others', () => {
  const folder = (data: string) => ({ data, config: data, cache: join(data, 'cache') });
  symlinkSync('blobs', join(home, 'blobs'));
  const told = { code: 'server_error', message: expect.stringContaining('blobs cannot be made: a link') };
  expect(() => refuseMisplaced(folder(home))).toThrow(expect.objectContaining(told));
  // No path may be that long: one of the errors that are not about what is there.
  expect(() => refuseMisplaced(folder(join(home, 'x'.repeat(300))))).not.toThrow();
});

test.each(cases)('%s in the place of %s is told by its path, with the cure', (kind, name) => {
  const path = join(home, name);
  KINDS[kind](path);
  for (const command of [
    ['experiments', 'list'],
    ['server', 'doctor'],
  ]) {
    const env = { ...process.env, AICHOR_HOME: home };
    const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...command], {
      env,
      encoding: 'utf8',
    });
    expect({ status, stdout }, stderr).toEqual({ status: 7, stdout: '' });
    const { code, message, hint } = JSON.parse(stderr.trim().split('\n').at(-1) ?? '').error;
    expect(code).toBe('server_error');
    expect(message).toContain(path);
    expect(message).toContain(`${kind} is there`);
    expect(hint).toBe(`move ${path} away, or set AICHOR_HOME to another folder`);
  }
});
