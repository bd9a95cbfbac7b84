import { describe, expect, it } from 'vitest';
import { spelledOut } from '../../../../src/cli/main.ts';
import { reportThrown } from '../../../../src/cli/runtime/thrown.ts';
import { unknownCommand } from '../../../../src/cli/runtime/unknown-command.ts';
import { AichorError } from '../../../../src/errors.ts';

const COMMANDS = [
  'auth key',
  'context set project',
  'experiments get',
  'experiments list',
  'experiments logs',
  'experiments submit commit-sha',
  'experiments submit local',
  'local-repo init',
];
const answer = (...argv: string[]) => {
  const { code, message, hint } = unknownCommand(argv, COMMANDS);
  return { code, message, hint };
};

describe('a command line that names no command', () => {
  it.each([
    [['submit', 'local', 'experiment', '--repo-dir', '.'], 'experiments submit local'],
    [['get', 'experiments', '--output', 'json'], 'experiments list'],
    [['get', 'experiment', '--experiment-id', 'x'], 'experiments get'],
    [['logs', '--experiment-id', 'x'], 'experiments logs'],
    [['submit', 'commit', 'abc'], 'experiments submit commit-sha'],
    [['init'], 'local-repo init'],
  ])('of version 2, %j, is told its present form', (argv, present) => {
    const { code, message, hint } = answer(...argv);
    expect(code).toBe('usage');
    expect(message).toContain('version 2');
    expect(hint).toContain(`aichor ${present}`);
  });

  it.each([
    [['ls'], 'experiments list'],
    [['ps'], 'experiments list --status running'],
    [['status'], 'experiments get'],
    [['describe', '9b2f41'], 'experiments get'],
    [['run'], 'experiments submit local'],
    [['experiments', 'stop', 'latest'], 'experiments cancel'],
    [['experiments', 'ls'], 'experiments list'],
  ])('of another program, %j, is told the word here', (argv, here) => {
    expect(answer(...argv)).toMatchObject({ code: 'usage', hint: expect.stringContaining(`aichor ${here}`) });
  });

  it('is not sent to a command that does not exist yet', () => {
    expect(answer('storage', 'cloud', 'download').hint).not.toContain('storage download');
  });

  it.each([
    [['experiments', 'lst'], 'experiments list'],
    [['experimets', 'list'], 'experiments list'],
    [['experiments', 'sumbit', 'local'], 'experiments submit local'],
    [['auth', 'kye'], 'auth key'],
  ])('%j gets the nearest one', (argv, near) => {
    expect(answer(...argv).hint).toBe(`did you mean \`aichor ${near}\`?`);
  });

  it('has an argument too many', () => {
    expect(answer('experiments', 'submit', 'local', 'here', '--quiet')).toMatchObject({
      message: 'unexpected argument here',
    });
  });

  it('is far from everything: the help of its topic, or of all', () => {
    expect(answer('experiments', 'quux').hint).toBe('see `aichor experiments --help`');
    expect(answer('quux').hint).toBe('see `aichor --help`');
    expect(answer('--json', 'context', 'show').message).toContain('must stand before --json');
  });
});

it('takes help and -h for --help, but not behind --', () => {
  expect(spelledOut(['help', 'context'])).toEqual(['context', '--help']);
  expect(spelledOut(['experiments', '-h'])).toEqual(['experiments', '--help']);
  expect(spelledOut(['x', '--', '-h'])).toEqual(['x', '--', '-h']);
});

describe('reportThrown', () => {
  const typed = { command: 'experiments list', flags: ['status', 'label'] };
  const parseError = (message: string, more: object = {}) =>
    Object.assign(new Error(message), { oclif: { exit: 2 } }, more);

  it('makes usage of what the parser throws, in words of our own', () => {
    expect(reportThrown(parseError('x', { flags: ['--statsu'] }), typed)).toMatchObject({
      error: {
        code: 'usage',
        message: 'unknown flag --statsu',
        hint: expect.stringContaining('did you mean `--status`'),
      },
      stack: null,
    });
    expect(reportThrown(parseError('x', { args: [{ name: 'id' }] }), typed).error.message).toBe(
      'missing argument ID',
    );
    expect(reportThrown(parseError('x', { args: ['a', 'b'] }), typed).error.message).toBe(
      'unexpected arguments a, b',
    );
    const raw = 'Parsing --limit \n\tExpected an integer\nSee more help with --help';
    expect(reportThrown(parseError(raw), typed).error.message).toBe('--limit: Expected an integer');
  });

  it('passes our errors on, and calls everything else a bug with its stack', () => {
    const ours = new AichorError('not_found', 'no such thing');
    expect(reportThrown(ours, typed)).toEqual({ error: ours, stack: null });
    const bug = new TypeError('x is not a function');
    expect(reportThrown(bug, typed)).toMatchObject({
      error: { code: 'internal', message: bug.message },
      stack: bug.stack,
    });
    expect(reportThrown('text', typed).error.code).toBe('internal');
    expect(reportThrown(parseError('x', { code: 'MODULE_NOT_FOUND' }), typed).error.code).toBe('internal');
  });

  it('takes a prompt that was left for an interruption', () => {
    const left = Object.assign(new Error('User force closed the prompt'), { name: 'ExitPromptError' });
    expect(reportThrown(left, typed)).toMatchObject({ error: { code: 'interrupted' }, stack: null });
  });
});
