import { expect, test } from 'vitest';
import { drawAttention } from '../../../../src/cli/notify/attention.ts';

const ID = '9b2f41aa-0000-4000-8000-000000000000';

function drawn(
  more: { ids?: string[]; exitCode?: number; seconds?: number } = {},
  env: Record<string, string> = {},
  tty: [stderr: boolean, stdout: boolean] = [true, true],
): [stderr: string, stdout: string] {
  const written: [string, string] = ['', ''];
  const terminals = tty.map((isTTY, index) => ({
    isTTY,
    write: (text: string) => (written[index] += text),
  }));
  drawAttention({ ids: [ID], exitCode: 0, seconds: 31, ...more }, { terminals, env });
  return written;
}

test('the end of what was followed for long rings, with words for terminals that show them', () => {
  const text = 'experiment 9b2f41aa succeeded';
  const codes = `\u0007\u001B]9;aichor: ${text}\u0007\u001B]777;notify;aichor;${text}\u0007`;
  expect(drawn()).toEqual([codes, '']);
  expect(drawn({ exitCode: 8 })[0]).toContain('experiment 9b2f41aa failed');
  expect(drawn({ exitCode: 9 })[0]).toContain('was cancelled');
  expect(drawn({ exitCode: 124 })[0]).toContain('has not ended, the time is up'.replace(',', ':'));
  expect(drawn({ ids: [ID, ID], exitCode: 8 })[0]).toContain('of 2 experiments one failed');
});

test('never what was short, in a pipe, or where nobody wants it', () => {
  expect(drawn({ seconds: 30 })).toEqual(['', '']);
  expect(drawn({}, {}, [false, false])).toEqual(['', '']);
  expect(drawn({}, {}, [false, true])[0]).toBe('');
  for (const env of [{ NO_BELL: '1' }, { TERM: 'dumb' }, { CI: 'true' }] as Record<string, string>[])
    expect(drawn({}, env), JSON.stringify(env)).toEqual(['', '']);
  expect(drawn({ seconds: 3 }, { AICHOR_BELL_SECONDS: '2' })[0]).not.toBe('');
  expect(drawn({ seconds: 31 }, { AICHOR_BELL_SECONDS: '60' })[0]).toBe('');
});
