import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LogFilter } from '../../../../src/logs/line.ts';
import { createFixture, ERR, OTHER, OUT, read, type Fixture } from './fixture.ts';

let fixture: Fixture;
beforeEach(async () => {
  fixture = await createFixture();
  // Lines 1 to 30 in records of 3, from three sources in turn.
  for (let record = 0; record < 10; record++) {
    const source = [OUT, ERR, OTHER][record % 3] ?? OUT;
    await fixture.print(source, [1, 2, 3].map((at) => `Line ${record * 3 + at} é\n`).join(''));
    await fixture.logs.appended([source]);
  }
});
afterEach(() => fixture.remove());

const numbers = async (filter: LogFilter) =>
  (await read(fixture.logs, filter)).lines.map(({ sequence }) => sequence);

describe('a window of lines', () => {
  const all = Array.from({ length: 30 }, (_, at) => at + 1);
  it.each([
    [0, 5],
    [4, 1],
    [2, 10],
    [29, 10],
    [30, 10],
    [0, 1000],
  ])('passes over %i and gives %i', async (offset, limit) => {
    expect(await numbers({ offset, limit })).toEqual(all.slice(offset, offset + limit));
  });

  it('is one of the lines that the filter leaves', async () => {
    const pod = OTHER.pod ?? '';
    const theirs = await numbers({ pod });
    expect(theirs.length).toBe(9);
    expect(await numbers({ pod, offset: 4, limit: 3 })).toEqual(theirs.slice(4, 7));
  });
});

describe('an outline', () => {
  it('counts lines, of the filter and of each source, and tells where a line stands', async () => {
    const whole = await fixture.logs.outline({}, 17);
    expect(whole).toMatchObject({ lines: 30, last_sequence: 30, position: 16 });
    expect(whole.sources.reduce((sum, { lines }) => sum + lines, 0)).toBe(30);
    const pod = OTHER.pod ?? '';
    const theirs = await numbers({ pod });
    for (const [place, sequence] of theirs.entries())
      expect((await fixture.logs.outline({ pod }, sequence)).position).toBe(place);
    expect((await fixture.logs.outline({}, undefined)).position).toBeNull();
  });
});

describe('a search', () => {
  const { signal } = new AbortController();
  const find = (text: string, filter: LogFilter = {}, limit = 100) =>
    fixture.logs.matches({ text, filter, limit, signal });

  it('finds lines by a text of them, whatever the case unless a large letter asks for it', async () => {
    expect((await find('line 2')).matches.map(({ sequence }) => sequence)).toEqual([
      2, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29,
    ]);
    expect((await find('LINE 2')).matches).toEqual([]);
    expect((await find('Line 30 é')).matches).toEqual([{ sequence: 30, position: 29 }]);
    expect((await find('ã©')).matches).toEqual([]);
    expect((await find('\n')).matches).toEqual([]);
  });

  it('tells places among the lines that the filter leaves, and whether that is all', async () => {
    const pod = OTHER.pod ?? '';
    const theirs = await numbers({ pod });
    const { matches, is_whole } = await find('line', { pod });
    expect(matches).toEqual(theirs.map((sequence, position) => ({ sequence, position })));
    expect(is_whole).toBe(true);
    const few = await find('line', { pod }, 2);
    expect([few.matches.length, few.is_whole]).toEqual([2, false]);
  });
});

describe('lines that are chosen', () => {
  const all = Array.from({ length: 30 }, (_, at) => at + 1);
  it('stop before a number, and the last ones of each pod are counted from there', async () => {
    expect(await numbers({ before: 8 })).toEqual(all.slice(0, 7));
    expect(await numbers({ after: 3, before: 6 })).toEqual([4, 5]);
    expect(await numbers({ before: 1 })).toEqual([]);
    const pod = OTHER.pod ?? '';
    const theirs = await numbers({ pod });
    const before = theirs[5] ?? 0;
    expect(await numbers({ pod, before, tail: 2 })).toEqual(theirs.slice(3, 5));
  });

  it('were read before a time', async () => {
    const [first = ''] = (await read(fixture.logs, {})).lines.map(({ time }) => time);
    expect(await numbers({ until: first })).toEqual([]);
    const later = new Date(Date.parse(first) + 3_600_000).toISOString();
    expect(await numbers({ until: later })).toEqual(all);
    expect(await numbers({ until: first, tail: 3 })).toEqual([]);
  });

  it('hold a text, whole and with their numbers; a window is one of those', async () => {
    const { lines } = await read(fixture.logs, { grep: 'line 1' });
    const wanted = all.filter((line) => String(line).startsWith('1'));
    expect(lines.map(({ sequence }) => sequence)).toEqual(wanted);
    expect(lines.map(({ text }) => text)).toEqual(wanted.map((line) => `Line ${line} é`));
    expect(await numbers({ grep: 'LINE' })).toEqual([]);
    expect(await numbers({ grep: 'É' })).toEqual([]);
    expect(await numbers({ grep: '1', offset: 2, limit: 3 })).toEqual([11, 12, 13]);
    expect(await numbers({ grep: '3', tail: 3 })).toEqual([30]);
    expect(await numbers({ grep: 'line', after: 27 })).toEqual([28, 29, 30]);
  });
});
