import { Parser } from '@oclif/core';
import { describe, expect, it } from 'vitest';
import { oneOf } from '../../../../src/cli/runtime/flags.ts';
import { reportThrown } from '../../../../src/cli/runtime/thrown.ts';

const typed = { command: 'context set engine', flags: [] };

function systemError(code: string, syscall: string): Error {
  return Object.assign(new Error(`${code}: no such luck, ${syscall} '/state/x'`), {
    ...{ code, syscall, path: '/state/x' },
  });
}

describe('reportThrown', () => {
  it.each(['failled', 'moon'])(
    'says of the value %s what the parser was told, without its words',
    async (word) => {
      const flags = { status: oneOf('--status', ['Failed', 'Running'], 'Those') };
      const thrown: unknown = await Parser.parse(['--status', word], { flags }).catch(
        (error: unknown) => error,
      );
      const { error, stack } = reportThrown(thrown, typed);
      expect(stack).toBeNull();
      expect(error.code).toBe('usage');
      expect(error.message).toBe(`--status "${word}" is not one of its values`);
      expect(error.hint).toContain('Failed');
    },
  );

  it('says of a file that stands in the place of a folder that it does, and nothing of rights', () => {
    const { error } = reportThrown(systemError('ENOTDIR', 'mkdir'), typed);
    expect(error.message).toMatch(/^\/state\/x: a file stands where/);
    expect(error.hint).not.toContain('readable');
  });

  it.each([
    ['EROFS', 'open'],
    ['EACCES', 'mkdir'],
    ['ENOTDIR', 'open'],
    ['ENOSPC', 'write'],
    ['ENOENT', 'mkdir'],
  ])('takes %s at %s for the state of the machine, and names the place and a cure', (code, syscall) => {
    const { error, stack } = reportThrown(systemError(code, syscall), typed);
    expect(stack).toBeNull();
    expect(error).toMatchObject({
      code: 'usage',
      hint: expect.stringMatching(/AICHOR_HOME|free space|another place/),
    });
    expect(error.message).toContain('/state/x');
    expect(error.message).toContain(code);
  });

  it.each([systemError('ENOENT', 'open'), new TypeError('x is not a function')])(
    'takes anything else for a bug, with its stack: %s',
    (thrown) => {
      const { error, stack } = reportThrown(thrown, typed);
      expect(error.code).toBe('internal');
      expect(stack).toContain(thrown.message);
    },
  );
});
