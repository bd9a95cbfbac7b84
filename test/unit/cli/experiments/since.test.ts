import { describe, expect, it } from 'vitest';
import { secondsFlag, sinceFlag } from '../../../../src/cli/experiments/since.ts';

const NOW = new Date(2026, 4, 10, 15, 30);
const local = (...parts: [number, number, number, number?, number?]) => new Date(...parts).toISOString();
const ago = (seconds: number) => new Date(NOW.getTime() - seconds * 1000).toISOString();

describe('--since', () => {
  it.each([
    ['90s', ago(90)],
    ['1.5h', ago(5400)],
    ['2 hours ago', ago(7200)],
    ['90 min', ago(5400)],
    ['1d 12h', ago(129_600)],
    ['3 days', ago(259_200)],
    ['today', local(2026, 4, 10)],
    ['Yesterday', local(2026, 4, 9)],
    ['2026-05-01', local(2026, 4, 1)],
    ['2026-05-01 08:15', local(2026, 4, 1, 8, 15)],
    ['2026-05-01T12:00:00Z', '2026-05-01T12:00:00.000Z'],
    ['2026-05-01T12:00:00+02:00', '2026-05-01T10:00:00.000Z'],
  ])('%s', (text, time) => {
    expect(sinceFlag(text, NOW)).toBe(time);
  });

  it.each(['2026-04-31', '2026-13-01', '2026-02-29T10:00:00Z', '2026-05-01T25:00', 'soon', '', '5 moons'])(
    'refuses %s',
    (text) => {
      expect(() => sinceFlag(text, NOW)).toThrow(
        expect.objectContaining({ code: 'usage', hint: expect.stringContaining('yesterday') }),
      );
    },
  );
});

it('takes a number alone for seconds where one waits', () => {
  expect(secondsFlag('5', '--timeout')).toBe(5);
  expect(secondsFlag('2h', '--timeout')).toBe(7200);
  expect(() => secondsFlag('x', '--timeout')).toThrow(expect.objectContaining({ code: 'usage' }));
});
