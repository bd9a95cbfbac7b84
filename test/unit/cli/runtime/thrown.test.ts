import { describe, expect, it } from 'vitest';
import { reportThrown } from '../../../../src/cli/runtime/thrown.ts';

const typed = { command: 'context set engine', flags: [] };

function systemError(code: string, syscall: string): Error {
  return Object.assign(new Error(`${code}: no such luck, ${syscall} '/state/x'`), {
    ...{ code, syscall, path: '/state/x' },
  });
}

describe('reportThrown', () => {
  it.each([
    ['EROFS', 'open'],
    ['EACCES', 'mkdir'],
    ['ENOTDIR', 'open'],
    ['ENOSPC', 'write'],
    ['ENOENT', 'mkdir'],
  ])('takes %s at %s for the state of the machine, and names the place and a cure', (code, syscall) => {
    const { error, stack } = reportThrown(systemError(code, syscall), typed);
    expect(stack).toBeNull();
    expect(error).toMatchObject({ code: 'usage', hint: expect.stringMatching(/AICHOR_HOME|free space/) });
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
