import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nameProblem, projectNames } from '../../../src/scaffold/answers/names.ts';

describe('projectNames', () => {
  test.each([
    ['My Exp_a', 'my-exp-a', 'my_exp_a'],
    ['lr.sweep--3', 'lr-sweep-3', 'lr_sweep_3'],
    ['  Café Über  ', 'cafe-uber', 'cafe_uber'],
    ['a', 'a', 'a'],
    ['日本', '', ''],
  ])('%j', (text, distribution, module) => {
    expect(projectNames(text)).toEqual({ distribution, module });
  });

  test('any text that is no problem gives names that Python tools take', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        fc.pre(nameProblem(text) === null);
        const { distribution, module } = projectNames(text);
        // PEP 508, already in the normal form of PEP 503; an identifier for Python.
        expect(distribution).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
        expect(module).toMatch(/^[a-z][a-z0-9_]*$/);
        expect(projectNames(distribution)).toEqual({ distribution, module });
      }),
    );
  });
});

describe('nameProblem', () => {
  test.each([
    ['', 'needs at least one letter'],
    ['---', 'needs at least one letter'],
    ['3d unet', 'exp-3d-unet'],
    ['class', 'word of the Python language'],
    ['None', 'word of the Python language'],
    ['x'.repeat(64), 'at most 63'],
  ])('%j', (text, sentence) => {
    expect(nameProblem(text)).toContain(sentence);
  });

  test('a project cannot be called like what it depends on', () => {
    expect(nameProblem('JAX', ['jax'])).toContain('jax-exp');
    expect(nameProblem('jax')).toBeNull();
  });
});
