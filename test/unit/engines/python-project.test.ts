import { describe, expect, test } from 'vitest';
import {
  InvalidPyproject,
  toPythonProject,
} from '../../../src/engines/local/build/project/python-project.ts';
import { failureReason } from '../../../src/engines/local/build/failure-reason.ts';
import { uvCommands } from '../../../src/engines/local/build/project/uv.ts';
import { venvCommands } from '../../../src/engines/local/build/project/venv.ts';

const PROJECT = '[project]\nname = "x"\nversion = "1"\n';
const SYSTEM = '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n';

describe('what decides the Python environment', () => {
  test.each<[string, Record<string, string>, object]>([
    ['nothing', {}, { kind: 'none' }],
    ['settings of tools only', { 'pyproject.toml': '[tool.ruff]\n' }, { kind: 'none' }],
    ['a project without dependencies', { 'pyproject.toml': PROJECT }, { kind: 'none' }],
    ['the same with a lock', { 'pyproject.toml': PROJECT, 'uv.lock': '' }, { kind: 'none' }],
    [
      'dependencies',
      { 'pyproject.toml': `${PROJECT}dependencies = ["jax"]\n` },
      { kind: 'project', locked: false, isPackage: false, usesSources: false },
    ],
    [
      'a lock',
      { 'pyproject.toml': `${PROJECT}dependencies = ["jax"]\n`, 'uv.lock': 'source = { virtual = "." }\n' },
      { kind: 'project', locked: true, usesSources: false },
    ],
    [
      'a lock that names folders',
      {
        'pyproject.toml': `${PROJECT}dependencies = ["a"]\n`,
        'uv.lock': 'source = { editable = "libs/a" }\n',
      },
      { usesSources: true },
    ],
    [
      'a package',
      { 'pyproject.toml': PROJECT + SYSTEM },
      { kind: 'project', isPackage: true, usesSources: true },
    ],
    [
      'a project that uv is told not to package',
      { 'pyproject.toml': `${PROJECT}dependencies = ["a"]\n${SYSTEM}[tool.uv]\npackage = false\n` },
      { isPackage: false, usesSources: false },
    ],
    [
      'a dependency in a folder',
      { 'pyproject.toml': `${PROJECT}dependencies = ["a"]\n[tool.uv.sources]\na = { path = "libs/a" }\n` },
      { usesSources: true },
    ],
    [
      'dynamic dependencies',
      { 'pyproject.toml': '[project]\nname = "x"\ndynamic = ["version", "dependencies"]\n' },
      { kind: 'project' },
    ],
    [
      'requirements',
      { 'requirements.txt': '# a comment\njax>=0.4 # why\n' },
      { kind: 'requirements', usesSources: false },
    ],
    ['requirements that hold nothing', { 'requirements.txt': '\n# none\n' }, { kind: 'none' }],
    [
      'requirements beside a project that declares none',
      { 'pyproject.toml': PROJECT, 'requirements.txt': 'jax\n' },
      { kind: 'requirements' },
    ],
    ['requirements in other files', { 'requirements.txt': '-r base.txt\n' }, { usesSources: true }],
    ['requirements from a folder', { 'requirements.txt': './libs/a\n' }, { usesSources: true }],
    [
      'both: the project',
      { 'pyproject.toml': `${PROJECT}dependencies = ["a"]\n`, 'requirements.txt': 'b\n' },
      { kind: 'project' },
    ],
  ])('%s', (_name, files, expected) => {
    expect(toPythonProject(files)).toMatchObject(expected);
  });

  test('a pyproject.toml that is no TOML is refused with its line', () => {
    expect(() => toPythonProject({ 'pyproject.toml': '[project]\nname = \n' })).toThrow(InvalidPyproject);
    expect(() => toPythonProject({ 'pyproject.toml': '[project]\nname = \n' })).toThrow(/line 2/);
  });
});

describe('the commands', () => {
  const project = (files: Record<string, string>) => {
    const found = toPythonProject(files);
    if (found.kind === 'none') throw new Error('nothing to install');
    return found;
  };

  test.each([
    [
      { 'pyproject.toml': PROJECT + SYSTEM, 'uv.lock': '' },
      [['uv', 'sync', '--locked', '--no-dev', '--no-editable']],
    ],
    [{ 'pyproject.toml': `${PROJECT}dependencies = ["a"]\n` }, [['uv', 'sync', '--no-dev']]],
    [
      { 'requirements.txt': 'a\n' },
      [
        ['uv', 'venv', '--no-project', '/e'],
        ['uv', 'pip', 'install', '--python', '/e/bin/python', '-r', 'requirements.txt'],
      ],
    ],
  ])('of uv %#', (files, expected) => {
    expect(uvCommands('uv', '/e', project(files))).toEqual(expected);
  });

  test.each([
    [{ 'pyproject.toml': PROJECT + SYSTEM }, ['.']],
    [{ 'pyproject.toml': `${PROJECT}dependencies = ["a>1", "b"]\n` }, ['a>1', 'b']],
    [{ 'requirements.txt': 'a\n' }, ['-r', 'requirements.txt']],
  ])('of pip %#', (files, expected) => {
    expect(venvCommands('/p', '/e', project(files))).toEqual([
      ['/p', '-m', 'venv', '/e'],
      ['/e/bin/python', '-m', 'pip', 'install', ...expected],
    ]);
  });
});

describe('the reason of a failed build', () => {
  test.each([
    ['', null],
    [
      'Resolved 3 packages\nerror: No solution found\n  cause: Because a depends on b\n',
      'error: No solution found cause: Because a depends on b',
    ],
    [
      'ERROR: Could not find a version\nERROR: No matching distribution found for a\n',
      'ERROR: Could not find a version ERROR: No matching distribution found for a',
    ],
    ['one\ntwo\nthree\nfour\n', 'two three four'],
  ])('%j', (output, expected) => {
    expect(failureReason(output)).toBe(expected);
  });

  test('says with pip that its index does not answer', () => {
    const broken = `WARNING: Retrying (Retry(total=0)) after connection broken by 'ProxyError('Cannot connect to proxy.', NewConnectionError('<x at 0x1>: Failed to establish a new connection: [Errno 111] Connection refused'))': /simple/x/`;
    const none = 'ERROR: Could not find a version that satisfies the requirement x (from versions: none)';
    expect(failureReason(`${broken}\n${none}\n`)).toBe(
      `${none} (the package index cannot be reached: [Errno 111] Connection refused)`,
    );
    expect(failureReason(`${none}\n`)).toBe(none);
  });

  test('quotes the last line of a traceback, and what to set for a version that comes from Git', () => {
    const frames = Array.from({ length: 40 }, (_, at) => `    File "/x/${at}.py", line ${at}, in f`).join(
      '\n',
    );
    const output = [
      'error: Failed to build `thing @ file:///x`',
      '  × The build backend returned an error',
      '      [stderr]',
      '      Traceback (most recent call last):',
      frames,
      '      LookupError: setuptools-scm was unable to detect version for /x.',
      '',
      "      Make sure you're either building from a fully intact git repository or PyPI tarballs.",
    ].join('\n');
    const said = failureReason(output) ?? '';
    expect(said).toContain('LookupError: setuptools-scm was unable to detect version for /x.');
    expect(said).toContain('SETUPTOOLS_SCM_PRETEND_VERSION');
    expect(said).not.toContain('File "');
    expect(said.length).toBeLessThanOrEqual(600);
  });

  test.each([
    [
      'in its box',
      [
        '  error: subprocess-exited-with-error',
        '  × Preparing metadata (pyproject.toml) did not run successfully.',
        '  ╰─> [2 lines of output]',
        '      running bdist_wheel',
        "      error: invalid command 'bdist_wheel'",
        '      [end of output]',
        'error: metadata-generation-failed',
        '× Encountered error while generating package metadata.',
        '╰─> See above for output.',
        'note: This is an issue with the package mentioned above, not pip.',
      ],
      "× Encountered error while generating package metadata. error: invalid command 'bdist_wheel'",
    ],
    [
      'before it',
      [
        "  fatal: unable to access 'http://git.example/x.git/': Failed to connect",
        '  error: subprocess-exited-with-error',
        '  × git clone --quiet http://git.example/x.git did not run successfully.',
        '  ╰─> See above for output.',
        'error: subprocess-exited-with-error',
        '× git clone --quiet http://git.example/x.git did not run successfully.',
        '│ exit code: 128',
        '╰─> See above for output.',
      ],
      "× git clone --quiet http://git.example/x.git did not run successfully. fatal: unable to access 'http://git.example/x.git/': Failed to connect",
    ],
  ])('quotes the last line of what pip started, %s', (_, lines, expected) => {
    expect(failureReason(lines.join('\n'))).toBe(expected);
  });

  test('is never endless', () => {
    expect(failureReason(`error: ${'x'.repeat(10_000)}`)).toHaveLength(600);
  });
});
