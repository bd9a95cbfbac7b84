import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isIgnored, noRules, withRules } from '../../../../src/snapshot/packaging/selection/rules.ts';
import { git, temporaryFolders, writeTree } from './tree.ts';

const newFolder = temporaryFolders();

const SEED = 20_261_122;

const name = fc.constantFrom(
  'a',
  'b',
  'ab',
  'a.py',
  'x.log',
  'A',
  'foo',
  'foo bar',
  '#c',
  '!d',
  'a[1]',
  'ä',
  '.env',
  '-z',
  'a*b',
);
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));

const glob = fc.constantFrom(
  'a',
  'b',
  '*',
  '?',
  '*.py',
  '*.log',
  'foo',
  'foo*',
  '[ab]',
  '[!a]',
  '[^b]*',
  '[a-c]?',
  'a\\\\*b',
  '\\\\#c',
  '\\\\!d',
  'foo bar',
  'foo\\\\ bar',
  '.*',
  'A',
  'ä',
  'a.?y',
  '-z',
  'a\\\\[1\\\\]',
);
const pattern = fc
  .record({
    negated: fc.boolean(),
    anchored: fc.boolean(),
    parts: fc.array(fc.oneof({ weight: 4, arbitrary: glob }, { weight: 1, arbitrary: fc.constant('**') }), {
      minLength: 1,
      maxLength: 3,
    }),
    folder: fc.boolean(),
    trailing: fc.constantFrom('', '', '', ' ', '  '),
  })
  .map(
    ({ negated, anchored, parts, folder, trailing }) =>
      `${negated ? '!' : ''}${anchored ? '/' : ''}${parts.join('/')}${folder ? '/' : ''}${trailing}`,
  );
const rules = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: pattern },
    { weight: 1, arbitrary: fc.constantFrom('', '# note', '/', '!') },
  ),
  { minLength: 1, maxLength: 6 },
);

/** What a walk finds, going down from the root and entering no ignored folder. */
function isLeftOut(file: string, outer: string, inner: string): boolean {
  const rules = withRules(noRules(), outer, { file: '.gitignore' });
  const parts = file.split('/');
  return parts.some((_, index) => {
    const path = parts.slice(0, index + 1).join('/');
    return isIgnored(
      path,
      index < parts.length - 1,
      path.startsWith('a/') ? withRules(rules, inner, { file: 'a/.gitignore', folder: 'a' }) : rules,
    );
  });
}

describe('ignore rules', () => {
  it('say what git check-ignore says, for random rules in two files and random paths', () => {
    const root = newFolder();
    git(root, ['init', '--quiet']);
    let pairs = 0;
    fc.assert(
      fc.property(
        rules,
        rules,
        fc.array(path, { minLength: 20, maxLength: 40 }),
        (outer, inner, candidates) => {
          writeTree(root, { '.gitignore': `${outer.join('\n')}\n`, 'a/.gitignore': `${inner.join('\n')}\n` });
          const unique = [...new Set(candidates)].filter((one) => one !== 'a');
          const said = checkIgnore(root, unique);
          pairs += unique.length;
          for (const one of unique)
            expect([one, isLeftOut(one, outer.join('\n'), inner.join('\n'))]).toEqual([one, said.has(one)]);
        },
      ),
      { seed: SEED, numRuns: 300 },
    );
    expect(pairs).toBeGreaterThan(5000);
  });
});

/** The paths need not exist: Git takes them for files, and what is above them for folders. */
function checkIgnore(root: string, paths: readonly string[]): Set<string> {
  mkdirSync(dirname(join(root, 'a', 'x')), { recursive: true });
  const input = paths.map((one) => `./${one}\0`).join('');
  try {
    const found = git(root, ['check-ignore', '--no-index', '-z', '--stdin'], input);
    return new Set(
      found
        .split('\0')
        .filter(Boolean)
        .map((one) => one.slice(2)),
    );
  } catch (error) {
    if (error instanceof Error && 'status' in error && error.status === 1) return new Set();
    throw error;
  }
}
