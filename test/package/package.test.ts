import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const PATIENCE_MS = 300_000;

/** What is packed, installed for all of a user who has nothing else. */
describe('the package', () => {
  let folder: string;
  let env: NodeJS.ProcessEnv;
  let packed: string[];

  const aichor = (...args: string[]) =>
    execFileSync(join(folder, 'prefix', 'bin', 'aichor'), args, {
      cwd: folder,
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'aichor-package-'));
    env = { PATH: [dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter), HOME: folder };
    const npm = {
      cwd: root,
      encoding: 'utf8' as const,
      stdio: ['ignore', 'pipe', 'pipe'] as ['ignore', 'pipe', 'pipe'],
    };
    const answer = execFileSync(
      'npm',
      ['pack', '--ignore-scripts', '--json', '--pack-destination', folder],
      npm,
    );
    const [{ filename, files }] = JSON.parse(answer);
    packed = files.map((file: { path: string }) => file.path);
    execFileSync(
      'npm',
      [
        'install',
        '--global',
        '--no-audit',
        '--no-fund',
        '--prefix',
        join(folder, 'prefix'),
        join(folder, filename),
      ],
      npm,
    );
  }, PATIENCE_MS);

  afterAll(() => {
    aichor('server', 'stop');
    rmSync(folder, { recursive: true, force: true });
  }, PATIENCE_MS);

  test('holds the program, its templates and its papers, and nothing else', () => {
    const allowed =
      /^(bin\/|dist\/[\w.-]+\.(?:c?js|cache)$|dist\/console\/[\w.-]+$|templates\/|oclif\.manifest\.json$|package\.json$|README\.md$|LICENSE$|CHANGELOG\.md$)/;
    expect(packed.filter((path) => !allowed.test(path))).toEqual([]);
    for (const path of [
      'LICENSE',
      'dist/cli.cjs',
      'dist/console/index.html',
      'dist/server.cjs',
      'dist/reading-thread.cjs',
      'templates/main/jobset.py.eta',
    ]) {
      expect(packed).toContain(path);
    }
  });

  test('says its version and its commands', () => {
    expect(aichor('--version')).toMatch(/^aichor\/\d+\.\d+\.\d+ \S+ node-v\d+/);
    expect(aichor('--help')).toContain('experiments');
    expect(aichor('completion', 'bash')).toContain('complete -F _aichor aichor');
  });

  test(
    'runs a repository it has written itself, and a shipped example',
    () => {
      aichor('local-repo', 'init', '--name', 'mine', '--operator', 'jobset', '--profile', 'multi-pod');
      const own = JSON.parse(
        aichor('experiments', 'submit', 'local', '--repo-dir', 'mine', '--message', 'own', '--wait'),
      );
      expect(own).toMatchObject({ status: 'Succeeded', resources: { pods: 4 } });

      cpSync(join(root, 'examples', 'parameter-server'), join(folder, 'example'), { recursive: true });
      const example = JSON.parse(
        aichor('experiments', 'submit', 'local', '--repo-dir', 'example', '--message', 'example', '--wait'),
      );
      expect(example).toMatchObject({ status: 'Succeeded', operator: 'jobset' });
    },
    PATIENCE_MS,
  );
});
