import picocolors from 'picocolors';
import { describe, expect, it } from 'vitest';
import { columnNames, columnValues, sorted } from '../../../../../src/cli/print/experiments/columns.ts';
import { experimentsTable } from '../../../../../src/cli/print/experiments/list.ts';
import { listConditionFlags } from '../../../../../src/cli/experiments/list-flags.ts';
import { watchedScreen } from '../../../../../src/cli/experiments/watch-list.ts';
import { aSummary } from '../../../../fixtures/summary.ts';

const screen = { width: 80, height: 10, colors: picocolors.createColors(false) };
const now = new Date('2026-05-01T12:00:00.000Z');
const trial = (lr: string | null, number: number) =>
  aSummary({
    experiment_id: `0000000${number}-0000-4000-8000-000000000000`,
    env: lr === null ? {} : { LR: lr },
    labels: { sweep: 'a' },
    message: `trial ${number}`,
    status: number % 2 === 0 ? 'Running' : 'Succeeded',
    created_at: `2026-05-01T11:00:0${number % 10}.000Z`,
  });

describe('columns of a list', () => {
  it('shows what is asked for, values of variables and labels too', () => {
    const drawn = experimentsTable([trial('0.1', 1), trial(null, 2)], now, screen, 'id,env.LR,label.sweep');
    expect(drawn.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['ID', 'LR', 'sweep'],
      ['00000001', '0.1', 'a'],
      ['00000002', '-', 'a'],
    ]);
  });

  it('shows whatever a list can be asked for', () => {
    const asked = Object.keys(listConditionFlags).map((flag) => flag.replaceAll('-', '_'));
    const otherwise = ['label', 'since', 'until'];
    expect(columnNames()).toEqual(
      expect.arrayContaining(asked.filter((condition) => !otherwise.includes(condition))),
    );
  });

  it('shows where an experiment is from, cut for people and whole for scripts', () => {
    const commit_sha = 'c'.repeat(40);
    const source = { ...aSummary().source, branch: 'try/1', commit_sha };
    const resubmit_of = '0000000a-0000-4000-8000-000000000000';
    const both = [aSummary({ source, submitted_by: 'anna', resubmit_of }), aSummary()];
    const names = 'branch,commit,submitted_by,resubmit_of';
    const drawn = experimentsTable(both, now, screen, names);
    expect(drawn.split('\n').map((line) => line.trimEnd().split(/ {2,}/))).toEqual([
      ['BRANCH', 'COMMIT', 'SUBMITTED BY', 'RESUBMIT OF'],
      ['try/1', 'c'.repeat(12), 'anna', '0000000a'],
      ['-', '-', '-', '-'],
    ]);
    expect(columnValues({ experiments: both }, names).experiments).toEqual([
      { branch: 'try/1', commit: commit_sha, submitted_by: 'anna', resubmit_of },
      { branch: null, commit: null, submitted_by: null, resubmit_of: null },
    ]);
  });

  it('names the column that was meant', () => {
    const wrong = (columns: string) => () => experimentsTable([trial('1', 1)], now, screen, columns);
    expect(wrong('stats')).toThrow(expect.objectContaining({ code: 'usage', hint: 'did you mean status?' }));
    expect(wrong('env.')).toThrow(expect.objectContaining({ hint: expect.stringContaining('label.NAME') }));
  });

  it('sorts numbers as numbers, and what is not there last, in either direction', () => {
    const all = [trial('0.1', 1), trial('10', 2), trial('9', 3), trial(null, 4)];
    const order = (by: string) => sorted(all, by).map(({ env }) => env['LR'] ?? null);
    expect(order('env.LR')).toEqual(['0.1', '9', '10', null]);
    expect(order('-env.LR')).toEqual(['10', '9', '0.1', null]);
  });
});

describe('a list that is watched', () => {
  const many = Array.from({ length: 9 }, (_, index) => trial('1', index));
  // oxlint-disable-next-line no-control-regex
  const shown = (text: string) => text.replace(/\u001B\[[0-9;?]*[A-Za-z]/g, '').split('\r\n');

  it('never takes more lines than the screen, what runs first, with totals of all', () => {
    for (const height of [3, 6, 10, 24]) {
      const lines = shown(watchedScreen(many, { now, screen: { ...screen, height }, columns: undefined }));
      expect(lines.length).toBe(Math.min(height, many.length + 2));
      expect(lines[1]).toContain('Running');
      expect(lines.at(-1)).toMatch(/^5 running, 4 succeeded/);
    }
    expect(
      shown(watchedScreen(many, { now, screen: { ...screen, height: 5 }, columns: undefined })).at(-1),
    ).toContain('6 not shown');
  });
});
