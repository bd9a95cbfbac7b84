import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { interfaceFields, withMeanings } from '../../../scripts/check/json/fields.js';
import { jsonPage } from '../../../scripts/check/json/page.js';

const root = join(import.meta.dirname, '../../..');

vi.mock('../../../scripts/check/json/words-of-fields.js', () => ({
  FIELDS: { 'Usage.nothing': 'Of no field' },
}));

describe('comments become what fields mean', () => {
  it('of a schema, on one line, on several, and of a name alone', () => {
    const text = [
      'export const a = z.object({',
      '  /** Seconds. */',
      '  left_s: z.number(),',
      '  /** The files. */',
      '  files: z',
      '    .array(z.object({ path: z.string() }))',
      '    .nullable(),',
      '  /** Where. */',
      '  place,',
      '  other: z.string(),',
      '});',
    ].join('\n');
    expect(withMeanings(text)).toContain(
      [
        '  left_s: told(z.number(), "Seconds."),',
        '  /** The files. */',
        '  files: told(z',
        '    .array(z.object({ path: z.string() }))',
        '    .nullable(), "The files."),',
        '  /** Where. */',
        '  place: told(place, "Where."),',
        '  other: z.string(),',
      ].join('\n'),
    );
  });

  it('of an interface', () => {
    const text =
      'export interface A extends B {\n  /** How many. */\n  count: number;\n  name?: string | null;\n}\n';
    expect(interfaceFields(text, 'A')).toEqual({
      base: 'B',
      fields: [
        { name: 'count', type: 'number', optional: false, comment: 'How many.' },
        { name: 'name', type: 'string | null', optional: true, comment: null },
      ],
    });
    expect(interfaceFields(text, 'C')).toBeNull();
  });
});

describe('docs/json.md', () => {
  it('is never half: what has no words, and words for nothing, are found', async () => {
    const { findings } = await jsonPage(root, { 'new:one': { id: 'new:one' } });
    expect(findings).toEqual(
      expect.arrayContaining([
        'scripts/check/json: no words for the command new one',
        'scripts/check/json: there is no command experiments get',
        'docs/json.md: what is ExperimentSummary.experiment_id? Say it in a comment beside the field',
        'docs/json.md: what is Copied.bytes? Say it in a comment beside the field',
        'scripts/check/json/words-of-fields.js: nothing is called Usage.nothing',
      ]),
    );
    expect(findings.some((finding) => finding.includes('ExperimentSummary.note'))).toBe(false);
  });

  it('shows only fields that there are', () => {
    const page = readFileSync(join(root, 'docs/json.md'), 'utf8');
    const [, shown = ''] = /^```sh\n([^]*?)^```$/m.exec(page) ?? [];
    const named = Array.from(shown.matchAll(/\.([a-z_]+)/g), ([, name]) => name);
    expect(named.length).toBeGreaterThan(8);
    // `loss` is the name of a metric.
    const lost = named.filter(
      (name) => name !== 'loss' && !new RegExp(`\\| \`(?:\\S+\\.)?${name}\``).test(page),
    );
    expect(lost).toEqual([]);
  });
});
