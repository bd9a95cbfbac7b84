import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { filtersOf, parametersOf, type Filters } from '../../../src/api/console/list-filters.ts';
import { filtersOfText, searchOf, textOf, toggled } from '../../../src/console/list/filters.ts';
import { STATUSES } from '../../../src/experiment/status.ts';

const word = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9=/._-]{0,12}$/);
const filters: fc.Arbitrary<Filters> = fc.record(
  {
    status: fc.uniqueArray(fc.constantFrom(...STATUSES)),
    label: fc.uniqueArray(word),
    project: word,
    engine: word,
    submitted_by: word,
    branch: word,
    sweep: word,
    since: fc.constantFrom('7d', '2026-05-01'),
    until: fc.constantFrom('1d', '2026-05-02'),
    message: fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => words.join(' ')),
    sort: fc.constantFrom('metric.loss', '-metric.loss'),
  },
  { requiredKeys: ['status', 'label'] },
);

describe('filters of the list', () => {
  it('come back from an address as they were', () => {
    fc.assert(
      fc.property(filters, (wanted) => {
        expect(filtersOf(new URLSearchParams(searchOf(wanted)))).toEqual(wanted);
      }),
    );
  });

  it('come back from the field as they were', () => {
    fc.assert(
      fc.property(filters, (wanted) => {
        expect(filtersOfText(textOf(wanted))).toEqual(wanted);
      }),
    );
  });

  it.each<[string, Partial<Filters>]>([
    ['', {}],
    ['loss too high', { message: 'loss too high' }],
    ['status:failed', { status: ['Failed'] }],
    ['status:nonsense', { message: 'status:nonsense' }],
    ['by:anna engine:gpu', { submitted_by: 'anna', engine: 'gpu' }],
    ['message:x', { message: 'message:x' }],
    ['label:note="two words"', { label: ['note="two'], message: 'words"' }],
    ['label:"note=two words"', { label: ['note=two words'] }],
    ['project:"two words" x', { project: 'two words', message: 'x' }],
    ['engine: x', { message: 'engine: x' }],
    ['http://a.test/b', { message: 'http://a.test/b' }],
    ['constructor:x', { message: 'constructor:x' }],
  ])('of %j', (text, wanted) => {
    expect(filtersOfText(text)).toEqual({ status: [], label: [], ...wanted });
  });

  it('leave out what an address of another version says', () => {
    expect(filtersOf(new URLSearchParams('status=Failed&status=Gone&nope=1&label='))).toEqual({
      status: ['Failed'],
      label: [],
    });
  });

  it('ask for a time where they say how far back', () => {
    const now = Date.parse('2026-05-08T00:00:00.000Z');
    const asked = (since: string) => parametersOf({ status: [], label: [], since }, now)['since'];
    expect(asked('7d')).toBe('2026-05-01T00:00:00.000Z');
    expect(asked('2026-05-02')).toBe('2026-05-02T00:00:00.000Z');
    expect(asked('yesterday-ish')).toBeUndefined();
    const both = filtersOfText('since:7d until:1d words');
    expect(parametersOf(both, now)).toEqual({
      since: '2026-05-01T00:00:00.000Z',
      until: '2026-05-07T00:00:00.000Z',
      message: 'words',
    });
  });

  it('take a status on and off', () => {
    const on = toggled({ status: [], label: [] }, 'Failed');
    expect(on.status).toEqual(['Failed']);
    expect(toggled(on, 'Failed').status).toEqual([]);
  });
});
