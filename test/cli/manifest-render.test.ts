import { spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';

const bin = join(import.meta.dirname, '../../bin/aichor.js');
const manifests = join(import.meta.dirname, '../fixtures/manifests');

let home: string;
let repository: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'aichor-render-'));
  repository = join(home, 'repository');
  mkdirSync(join(repository, 'aichor_manifests'), { recursive: true });
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function use(name: string, path = 'aichor_manifests/manifest.yaml'): void {
  copyFileSync(join(manifests, `${name}.yaml`), join(repository, path));
}

interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** The built program in the repository, not on a terminal. */
function render(args: string[] = [], env: Record<string, string> = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [bin, 'manifest', 'render', ...args], {
      cwd: repository,
      env: { HOME: home, AICHOR_HOME: join(home, 'state'), PATH: '/usr/bin:/bin', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const outcome = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (outcome.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (outcome.stderr += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...outcome }));
  });
}

describe('manifest render', () => {
  test('--set shows what a submission with the change would make', async () => {
    use('jobset-two-groups');
    const { stdout } = await render(['--set', 'spec.command=python other.py']);
    expect(JSON.parse(stdout).pods[0].command).toBe('python other.py');
    const { code, stderr } = await render(['--set', 'spec.comand=x']);
    expect([code, JSON.parse(stderr).error.code]).toEqual([3, 'manifest_invalid']);
  });

  test('prints the plan of the repository as one line of JSON, and starts nothing', async () => {
    use('jobset-two-groups');
    const { code, stdout, stderr } = await render();
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.trim().split('\n')).toHaveLength(1);
    const document = JSON.parse(stdout);
    expect(document).toMatchObject({ engine: 'local', operator: 'jobset', totals: { pods: 5 } });
    expect(document.pods.map(({ pod }: { pod: string }) => pod)).toEqual([
      'master-0-0',
      'worker-0-0',
      'worker-1-0',
      'worker-2-0',
      'worker-3-0',
    ]);
    expect(existsSync(join(home, 'state'))).toBe(false);
    expect(readdirSync(repository)).toEqual(['aichor_manifests']);
  });

  test('takes variables, secrets, message and project like a submission', async () => {
    use('jobset-one-group-one-job');
    writeFileSync(join(repository, 'vars.env'), 'A=file\nB=file\n');
    const args = ['--env', 'A=flag', '--env', 'SHELL_ONE', '--env-file', 'vars.env', '--secret', 'TOKEN'];
    const { code, stdout } = await render([...args, '--message', 'lr sweep', '--project', 'p'], {
      SHELL_ONE: 'here',
      TOKEN: 'hidden',
    });
    expect(code).toBe(0);
    expect(stdout).not.toContain('hidden');
    expect(JSON.parse(stdout).pods[0].env).toEqual(
      expect.arrayContaining([
        { name: 'A', value: 'flag', source: 'submission' },
        { name: 'B', value: 'file', source: 'submission' },
        { name: 'SHELL_ONE', value: 'here', source: 'submission' },
        { name: 'TOKEN', value: '***', source: 'secret' },
        { name: 'AICHOR_EXPERIMENT_MESSAGE', value: 'lr sweep', source: 'aichor' },
        { name: 'AICHOR_PROJECT_ID', value: 'p', source: 'aichor' },
      ]),
    );
  });

  test('gives Kubernetes objects, as JSON and as YAML documents', async () => {
    use('example-kuberay');
    const [json, yaml] = await Promise.all([
      render(['--engine', 'kubernetes']),
      render(['--engine', 'kubernetes', '--output', 'yaml']),
    ]);
    const { engine, objects } = JSON.parse(json.stdout);
    expect(engine).toBe('kubernetes');
    expect(objects.map(({ kind }: { kind: string }) => kind)).toEqual([
      'Job',
      'RayJob',
      'Deployment',
      'Service',
    ]);
    expect(parseAllDocuments(yaml.stdout).map((document) => document.toJS())).toEqual(objects);
  });

  test('takes the path of a manifest anywhere', async () => {
    use('example-jax', 'elsewhere.yml');
    const { stdout } = await render(['elsewhere.yml']);
    expect(JSON.parse(stdout).operator).toBe('jax');
    rmSync(join(repository, 'elsewhere.yml'));
    use('example-xgboost', 'manifest.yaml');
    expect(JSON.parse((await render([repository])).stdout).operator).toBe('xgboost');
  });

  test.each([
    ['no manifest', [], 3, 'repository_invalid'],
    ['no such file', ['nope.yaml'], 3, 'repository_invalid'],
    ['a bad variable', ['--env', '1X=2'], 2, 'usage'],
  ])('%s: nothing on stdout, the error says what to do', async (_title, args, exitCode, errorCode) => {
    const { code, stdout, stderr } = await render(args);
    const { error } = JSON.parse(stderr);
    expect([stdout, code, error.code, error.exit_code]).toEqual(['', exitCode, errorCode, exitCode]);
    expect(error.hint).toEqual(expect.any(String));
  });

  test('an invalid manifest: every mistake with its place', async () => {
    writeFileSync(
      join(repository, 'manifest.yaml'),
      'kind: AIchorManifest\napiVersion: 0.2.3\nspec: {operator: jaxx}\n',
    );
    const { code, stdout, stderr } = await render();
    const { error } = JSON.parse(stderr);
    expect([code, stdout, error.code]).toEqual([3, '', 'manifest_invalid']);
    expect(error.diagnostics[0]).toMatchObject({ file: 'manifest.yaml', line: expect.any(Number) });
  });

  test('a protected variable is refused by name', async () => {
    use('example-pytorch');
    const { code, stdout, stderr } = await render(['--env', 'RANK=3']);
    expect([code, stdout]).toEqual([3, '']);
    expect(JSON.parse(stderr).error).toMatchObject({
      code: 'manifest_invalid',
      message: expect.stringContaining('RANK'),
    });
  });
});
