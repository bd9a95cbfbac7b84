import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nameMistake, projectFolder } from '../../../src/experiment/project-name.ts';

describe('a name', () => {
  it.each(['default', 'Protein folding', '../x', 'données', '蛋白质', 'a/b', '.'])('may be %j', (name) => {
    expect(nameMistake(name)).toBeNull();
  });

  it.each([
    ['', /empty/],
    [' x', /blank/],
    ['x\n', /blank/],
    ['a\nb', /printed/],
    ['a\u0000b', /printed/],
    ['\uD800', /printed/],
    ['x'.repeat(101), /longer than 100/],
  ])('is not %j', (name, mistake) => {
    expect(nameMistake(name)).toMatch(mistake);
  });
});

describe('its folder', () => {
  it.each([
    ['default', /^default$/],
    ['v1.2_a-b', /^v1\.2_a-b$/],
    ['Protein folding', /^Protein-folding-[0-9a-f]{8}$/],
    ['données', /^donnees-[0-9a-f]{8}$/],
    ['蛋白质', /^project-[0-9a-f]{8}$/],
    ['..', /^project-[0-9a-f]{8}$/],
    ['../x', /^x-[0-9a-f]{8}$/],
    ['-rf', /^rf-[0-9a-f]{8}$/],
  ])('%j has %s', (name, folder) => {
    expect(projectFolder(name)).toMatch(folder);
  });

  it('needs no quoting, stays where it is, fits every file system, and is another for another name', () => {
    const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 100 });
    fc.assert(
      fc.property(name, name, (a, b) => {
        const folder = projectFolder(a);
        expect(folder).toMatch(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/);
        expect(projectFolder(a)).toBe(folder);
        if (a !== b) expect(projectFolder(b)).not.toBe(folder);
      }),
    );
  });
});
