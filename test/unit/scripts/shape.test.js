import { describe, expect, it } from 'vitest';
import { readSource } from '../../../scripts/check/imports.js';
import { shapeFindings } from '../../../scripts/check/shape.js';

const read = (files) => Object.entries(files).map(([path, source]) => readSource(path, source));
const findings = (files) => shapeFindings(read(files));
const from = (other) => `import { x } from './${other}.ts';\n`;
const type = (other) => `import type { X } from './${other}.ts';\n`;

describe('circles', () => {
  it.each([
    ['of values', { a: from('b'), b: from('c'), c: from('a') }, ['cli/b.ts, cli/c.ts']],
    ['of a type on one side', { a: from('b'), b: type('a') }, ['cli/b.ts']],
    ['of `import(…)` in a type', { a: from('b'), b: `export { type X } from './a.ts';\n` }, ['cli/b.ts']],
    ['that meet are one', { a: from('b'), b: type('a') + from('c'), c: type('b') }, ['cli/b.ts, cli/c.ts']],
    [
      'that do not meet are two',
      { a: from('b'), b: from('a'), c: from('d'), d: from('c') },
      ['cli/b.ts', 'cli/d.ts'],
    ],
    ['through a lazy import are none', { a: from('b'), b: `export const a = () => import('./a.ts');\n` }, []],
    ['are none where two need the same', { a: from('c') + from('b'), b: from('c'), c: 'export {};\n' }, []],
  ])('%s', (_what, files, groups) => {
    const named = Object.fromEntries(
      Object.entries(files).map(([name, source]) => [`cli/${name}.ts`, source]),
    );
    expect(findings(named).map((finding) => finding.replace(/^.*with /, ''))).toEqual(groups);
  });
});

it.each([
  [
    'two types of one name',
    { 'a/x.ts': 'export interface Place {}\n', 'b/y.ts': 'export type Place = string;\n' },
    ['a/x.ts: the type Place is another one in b/y.ts'],
  ],
  [
    'a class and a type',
    { 'a/x.ts': 'export abstract class Place {}\n', 'b/y.ts': 'export interface Place<T> {}\n' },
    ['a/x.ts: the type Place is another one in b/y.ts'],
  ],
  [
    'a type that is given on',
    { 'a/x.ts': 'export interface Place {}\n', 'a/y.ts': `export type { Place } from './x.ts';\n` },
    [],
  ],
  ['a type of a file of its own', { 'a/x.ts': 'interface Place {}\n', 'b/y.ts': 'interface Place {}\n' }, []],
  [
    'a code of the system',
    { 'cli/x.ts': `\nif (code === 'ENOSPC') stop();\n`, 'base/io/x.ts': `'ENOENT'` },
    ['cli/x.ts:2: names a code that base/io has a word for'],
  ],
  ['a code in a comment', { 'cli/x.ts': '// ENOENT\n' }, []],
  [
    'a program',
    { 'cli/x.ts': `import { spawn } from 'node:child_process';\n` },
    ['cli/x.ts:1: imports node:child_process; programs are run by base/io'],
  ],
  [
    'the type of a program, and base/io itself',
    {
      'cli/x.ts': `import type { ChildProcess } from 'node:child_process';\n`,
      'base/io/run.ts': `import('execa')`,
    },
    [],
  ],
  ['a protected layout', { 'cli/x.ts': '\nlong(); // prettier-ignore\n' }, ['cli/x.ts:2: prettier-ignore']],
  [
    'an object that is spread at once',
    { 'cli/x.ts': 'const a = { ...{ b, c }, d };\n' },
    ['cli/x.ts:1: spreads a literal'],
  ],
  [
    'a list that is spread at once',
    { 'cli/x.ts': 'const a = [...[b, c], d];\n' },
    ['cli/x.ts:1: spreads a literal'],
  ],
  ['what is spread when it is there', { 'cli/x.ts': 'const a = { ...(b && { b }), ...[c].map(d) };\n' }, []],
])('%s', (_what, files, expected) => {
  expect(findings(files)).toEqual(expected);
});

it('a folder of thirteen files, whatever its folders hold', () => {
  const many = (count) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`cli/f${at}.ts`, '']));
  expect(findings({ ...many(13), 'cli/deep/x.ts': '' })).toEqual(['cli: 13 loose files; at most 12']);
  expect(findings({ ...many(12), 'cli/deep/x.ts': '' })).toEqual([]);
});
