import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const BIN = fileURLToPath(new URL('../../bin/aichor.js', import.meta.url));
const GOOD = `kind: AIchorManifest
apiVersion: 0.2.3
builder: {image: a, dockerfile: Dockerfile}
spec:
  operator: jobset
  image: a
  command: python main.py
  types: {worker: {resources: {cpus: 1, memory: 1}}}
`;
const BAD = GOOD.replace('command', 'comand');

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'aichor-validate-'));
  for (const each of ['aichor_manifests', 'empty', '.git']) mkdirSync(join(folder, each));
  writeFileSync(join(folder, 'aichor_manifests/manifest.yaml'), GOOD);
  writeFileSync(join(folder, 'aichor_manifests/bad.yml'), BAD);
  writeFileSync(join(folder, 'aichor_manifests/wrong-kind.yaml'), GOOD.replace('AIchor', 'Aichor'));
  writeFileSync(join(folder, 'elsewhere.yaml'), 'kind: Deployment\n');
  writeFileSync(join(folder, 'Dockerfile'), 'FROM scratch\n');
  writeFileSync(join(folder, 'main.py'), '');
});
afterAll(() => rmSync(folder, { recursive: true }));

function aichor(args: string[], input?: string) {
  return aichorTop(['manifest', ...args], input);
}

function aichorTop(args: string[], input?: string) {
  const env = { ...process.env, AICHOR_HOME: join(folder, 'home') };
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...args], {
    cwd: folder,
    env,
    input,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

describe('aichor manifest validate', () => {
  test('checks the manifest that would be submitted from here', () => {
    const { status, stdout, stderr } = aichor(['validate']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({
      valid: true,
      files: [
        {
          path: 'aichor_manifests/manifest.yaml',
          valid: true,
          operator: 'jobset',
          diagnostics: [],
          repository: [],
        },
      ],
    });
  });

  test('checks every manifest of a folder; the verdict is exit code, document and error', () => {
    const { status, stdout, stderr } = aichor(['validate', 'aichor_manifests']);
    expect(status).toBe(3);
    const document = JSON.parse(stdout);
    expect(document.files.map(({ path, valid }: { path: string; valid: boolean }) => [path, valid])).toEqual([
      ['aichor_manifests/bad.yml', false],
      ['aichor_manifests/manifest.yaml', true],
      ['aichor_manifests/wrong-kind.yaml', false],
    ]);
    expect(document.files[2].diagnostics).toMatchObject([{ path: 'kind', line: 1, severity: 'error' }]);
    expect(document.files[0].diagnostics).toMatchObject([
      { code: 'unknown-key', line: 7, column: 3, hint: 'did you mean "command"?' },
    ]);
    expect(JSON.parse(stderr).error).toMatchObject({ code: 'manifest_invalid', exit_code: 3 });
  });

  test('reads patterns, standard input and several files, each once', () => {
    const { status, stdout } = aichor(
      ['validate', '-', 'aichor_manifests/m*.{yaml,yml}', 'aichor_manifests/manifest.yaml'],
      GOOD,
    );
    expect(status).toBe(0);
    expect(JSON.parse(stdout).files.map(({ path }: { path: string }) => path)).toEqual([
      '-',
      'aichor_manifests/manifest.yaml',
    ]);
  });

  test('strict refuses what is only deprecated, and --ignore silences', () => {
    const old = `${GOOD}engineName: kyber\n`;
    expect(aichor(['validate', '-'], old).status).toBe(0);
    expect(aichor(['validate', '-', '--strict'], old).status).toBe(3);
    const ignored = JSON.parse(aichor(['validate', '-', '--ignore', 'deprecated-key'], old).stdout);
    expect(ignored.files[0].diagnostics).toEqual([]);
  });

  test.each([
    [['validate', 'nowhere.yaml'], 2, 'usage'],
    [['validate', 'nowhere/*.yaml'], 2, 'usage'],
    [['validate', '--ignore', 'nothing'], 2, 'usage'],
    [['validate', 'empty'], 3, 'repository_invalid'],
  ])('%j ends with %d', (args, status, code) => {
    const ended = aichor(args);
    expect({ status: ended.status, stdout: ended.stdout }).toEqual({ status, stdout: '' });
    const { error } = JSON.parse(ended.stderr);
    expect(error).toMatchObject({ code, hint: expect.any(String) });
  });

  test('what the repository lacks is told at its line, by submitting as by checking', () => {
    const elsewhere = GOOD.replace('dockerfile: Dockerfile', 'dockerfile: Dockerfile, context: nowhere');
    writeFileSync(join(folder, 'aichor_manifests/nowhere.yaml'), elsewhere);
    const path = 'aichor_manifests/nowhere.yaml';
    const { stdout } = aichor(['validate', path]);
    const submit = ['experiments', 'submit', 'local', '--manifest-path', path];
    const refused = aichorTop([...submit, '--dry-run']);
    rmSync(join(folder, path));
    expect(refused).toMatchObject({ status: 3, stdout: '' });
    const { diagnostics } = JSON.parse(refused.stderr.trimEnd().split('\n').at(-1) ?? '').error;
    expect(diagnostics).toMatchObject([{ code: 'context-missing', file: path, line: 3, column: 54 }]);
    expect(diagnostics).toEqual(JSON.parse(stdout).files[0].repository);
  });

  test('what no image build accepts of the Dockerfile is a finding of its line', () => {
    const elsewhere = GOOD.replace('dockerfile: Dockerfile', 'dockerfile: Dockerfile.refused');
    writeFileSync(
      join(folder, 'Dockerfile.refused'),
      'FROM scratch AS First\nCOPY "my file" d/\nFROM First\n',
    );
    const { status, stdout } = aichor(['validate', '-'], elsewhere);
    expect(status).toBe(0);
    expect(JSON.parse(stdout).files[0].repository).toMatchObject([
      { code: 'dockerfile-refused', file: 'Dockerfile.refused', line: 2, severity: 'warning' },
      { code: 'dockerfile-refused', line: 3, message: expect.stringContaining('must be lowercase') },
    ]);
  });

  test('a Dockerfile that is there and cannot be read is a finding, not silence', () => {
    const elsewhere = GOOD.replace('dockerfile: Dockerfile', 'dockerfile: Dockerfile.closed');
    // Root reads whatever its mode is, but not this.
    symlinkSync('/proc/self/mem', join(folder, 'Dockerfile.closed'));
    const { status, stdout } = aichor(['validate', '-'], elsewhere);
    rmSync(join(folder, 'Dockerfile.closed'));
    expect(status).toBe(0);
    expect(JSON.parse(stdout).files[0].repository).toMatchObject([
      { code: 'dockerfile-unreadable', file: 'Dockerfile.closed', severity: 'error' },
    ]);
  });

  test('a Dockerfile that no build can read is one finding, not none', () => {
    const elsewhere = GOOD.replace('dockerfile: Dockerfile', 'dockerfile: Dockerfile.utf16');
    writeFileSync(join(folder, 'Dockerfile.utf16'), Buffer.from('\uFEFFFROM scratch\nRUN true\n', 'utf16le'));
    const { status, stdout } = aichor(['validate', '-'], elsewhere);
    rmSync(join(folder, 'Dockerfile.utf16'));
    expect(status).toBe(0);
    expect(JSON.parse(stdout).files[0].repository).toMatchObject([
      {
        code: 'dockerfile-refused',
        file: 'Dockerfile.utf16',
        line: 1,
        severity: 'warning',
        message: expect.stringContaining('UTF-16'),
      },
    ]);
  });

  test('outside of Git the repository is what was named, or what has the manifest', () => {
    const plain = mkdtempSync(join(tmpdir(), 'aichor-no-git-'));
    try {
      const put = (path: string, text: string) => {
        mkdirSync(join(plain, path, '..'), { recursive: true });
        writeFileSync(join(plain, path), text);
      };
      for (const one of ['one', 'two'])
        for (const name of ['manifest.yaml', 'jobs/more.yaml', 'main.py', 'Dockerfile'])
          put(`${one}/${name}`, name.endsWith('.yaml') ? GOOD : 'FROM scratch\n');
      put('three/aichor_manifests/manifest.yaml', GOOD);
      for (const name of ['Dockerfile', 'main.py']) put(`three/${name}`, 'FROM scratch\n');
      put('four/any.yaml', GOOD);
      for (const name of ['Dockerfile', 'main.py']) put(`four/${name}`, 'FROM scratch\n');
      const named = ['one', 'two', 'three', 'three/aichor_manifests', 'four', 'two/manifest.yaml'];
      for (const args of [...named.map((each) => [each]), [join(plain, 'four')], ['one', 'two', 'three']]) {
        const env = { ...process.env, AICHOR_HOME: join(folder, 'home') };
        const argv = [BIN, 'manifest', 'validate', ...args];
        const { stdout, stderr } = spawnSync(process.execPath, argv, { cwd: plain, env, encoding: 'utf8' });
        const { files } = JSON.parse(stdout || stderr);
        expect(files.length, args.join(' ')).toBeGreaterThan(0);
        expect(
          files.flatMap(({ repository }: { repository: object[] }) => repository),
          args.join(' '),
        ).toEqual([]);
      }
    } finally {
      rmSync(plain, { recursive: true });
    }
  });

  test('a missing Dockerfile does not change the verdict', () => {
    const elsewhere = GOOD.replace('dockerfile: Dockerfile', 'dockerfile: Dockerfile.gpu');
    const { status, stdout } = aichor(['validate', '-'], elsewhere);
    expect(status).toBe(0);
    expect(JSON.parse(stdout).files[0].repository).toMatchObject([
      { code: 'dockerfile-missing', severity: 'warning' },
    ]);
  });

  test('too much on standard input is refused, not read', () => {
    const { status, stdout } = aichor(['validate', '-'], 'x'.repeat(200_000));
    expect(status).toBe(3);
    expect(JSON.parse(stdout).files[0].diagnostics).toMatchObject([{ code: 'too-large' }]);
  });
});

test('aichor manifest schema prints the schema', () => {
  const { status, stdout } = aichor(['schema']);
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ title: 'AIchor manifest', type: 'object' });
});

describe('for an engine', () => {
  afterAll(() => aichorTop(['server', 'stop']));

  test('an operator that it cannot run is a mistake, at its line', () => {
    const types = 'types:\n    workerPoolSpecs: [{ machineSpec: { machineType: n1-standard-4 } }]\n';
    const vertex = GOOD.replace('jobset', 'vertexai').replace(/types:[^]*$/, types);
    const { status, stdout } = aichor(['validate', '--engine', 'local', '-'], vertex);
    const [file] = JSON.parse(stdout).files;
    expect({ status, valid: file.valid }).toEqual({ status: 3, valid: false });
    expect(file.diagnostics).toMatchObject([
      { severity: 'error', code: 'engine-operator', path: 'spec.operator', line: 5, column: 13 },
    ]);
  });

  test('more CPUs than there are is a warning, which can be left out', () => {
    const large = GOOD.replace('cpus: 1', 'cpus: 100000');
    const { status, stdout } = aichor(['validate', '--engine', 'local', '-'], large);
    expect(status).toBe(0);
    expect(JSON.parse(stdout).files[0].diagnostics).toMatchObject([
      { severity: 'warning', code: 'engine-capacity', line: 8 },
    ]);
    const quiet = aichor(['validate', '--engine', 'local', '--ignore', 'engine-capacity', '-'], large);
    expect(JSON.parse(quiet.stdout).files[0].diagnostics).toEqual([]);
    const said = large.replace(/(cpus: 100000.*)/, '$1 # aichor: ignore engine-capacity');
    const silenced = aichor(['validate', '--engine', 'local', '-'], said);
    expect(JSON.parse(silenced.stdout).files[0].diagnostics).toEqual([]);
  });

  test('that does not exist: the names there are', () => {
    const { status, stdout, stderr } = aichor(['validate', '--engine', 'kyber', '-'], GOOD);
    expect({ status, stdout }).toEqual({ status: 7, stdout: '' });
    expect(JSON.parse(stderr).error).toMatchObject({
      code: 'engine_unavailable',
      hint: 'the engines there are: local',
    });
  });
});
