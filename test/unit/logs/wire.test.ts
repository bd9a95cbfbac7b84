import { expect, it } from 'vitest';
import { endLine, LINE_START, tailLine } from '../../../src/logs/wire.ts';

it('speaks of itself in lines that cannot be taken for log lines', () => {
  expect(JSON.parse(endLine(9))).toEqual({ end: 9 });
  expect(JSON.parse(tailLine(9))).toEqual({ tail_at: 9 });
  expect(endLine(9).startsWith(LINE_START) || tailLine(9).startsWith(LINE_START)).toBe(false);
});
