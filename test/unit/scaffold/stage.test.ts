import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createStage } from '../../../src/scaffold/place/stage.ts';
import { inspectTarget } from '../../../src/scaffold/place/target.ts';

let parent: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'aichor-stage-'));
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

const files = new Map([
  ['a.txt', 'new a'],
  ['b/c.txt', 'new c'],
]);
const paths = [...files.keys()];
const tree = (folder = parent) => readdirSync(folder, { recursive: true }).map(String).sort();

describe('createStage', () => {
  test('nothing stands in the place before commit, everything after, nothing beside', () => {
    const place = join(parent, 'deep', 'er', 'x');
    const stage = createStage(inspectTarget(place, paths, 'refuse'), files);
    expect(tree().filter((path) => path === 'deep/er/x' || path.startsWith('deep/er/x/'))).toEqual([]);
    stage.commit(paths);
    expect(tree()).toEqual([
      'deep',
      'deep/er',
      'deep/er/x',
      'deep/er/x/a.txt',
      'deep/er/x/b',
      'deep/er/x/b/c.txt',
    ]);
  });

  test('discard takes back every folder it made', () => {
    createStage(inspectTarget(join(parent, 'deep', 'er', 'x'), paths, 'refuse'), files).discard();
    expect(tree()).toEqual([]);
  });

  test('an empty folder is filled and stays the same folder', () => {
    const place = join(parent, 'x');
    mkdirSync(place);
    createStage(inspectTarget(place, paths, 'refuse'), files).commit(paths);
    expect(tree()).toEqual(['x', 'x/a.txt', 'x/b', 'x/b/c.txt']);
  });

  test('with force, what is in the way is set aside, and the rest is kept', () => {
    const place = join(parent, 'x');
    mkdirSync(place);
    writeFileSync(join(place, 'a.txt'), 'old a');
    writeFileSync(join(place, 'mine.txt'), 'mine');
    const target = inspectTarget(place, paths, 'replace');
    expect(target.collisions).toEqual(['a.txt']);
    const aside = createStage(target, files).commit(paths);
    expect(aside).toEqual([{ file: 'a.txt', kept: 'a.txt.orig' }]);
    expect(readFileSync(join(place, 'a.txt.orig'), 'utf8')).toBe('old a');
    expect(readFileSync(join(place, 'a.txt'), 'utf8')).toBe('new a');
    expect(readFileSync(join(place, 'mine.txt'), 'utf8')).toBe('mine');
    expect(tree()).toEqual(['x', 'x/a.txt', 'x/a.txt.orig', 'x/b', 'x/b/c.txt', 'x/mine.txt']);
  });

  test('a move that fails puts everything back', () => {
    const place = join(parent, 'x');
    mkdirSync(place);
    writeFileSync(join(place, 'a.txt'), 'old a');
    const stage = createStage(inspectTarget(place, paths, 'replace'), files);
    mkdirSync(join(place, 'b', 'c.txt', 'in-the-way'), { recursive: true });
    expect(() => stage.commit(['a.txt', 'not-staged.txt'])).toThrow(
      expect.objectContaining({ code: 'ENOENT' }),
    );
    stage.discard();
    expect(readFileSync(join(place, 'a.txt'), 'utf8')).toBe('old a');
    expect(tree(place)).toEqual(['a.txt', 'b', 'b/c.txt', 'b/c.txt/in-the-way']);
    expect(readdirSync(parent)).toEqual(['x']);
  });

  test('where nothing can be written, the error says where', () => {
    const place = join(parent, 'file', 'x');
    const target = { path: place, exists: false, collisions: [] };
    writeFileSync(join(parent, 'file'), '');
    expect(() => createStage(target, files)).toThrow(expect.objectContaining({ code: 'usage' }));
    expect(tree()).toEqual(['file']);
  });
});

describe('inspectTarget', () => {
  test('a folder with something in it is a conflict, with force only what is in the way', () => {
    const place = join(parent, 'x');
    mkdirSync(place);
    writeFileSync(join(place, 'mine.txt'), '');
    expect(() => inspectTarget(place, paths, 'refuse')).toThrow(
      expect.objectContaining({ code: 'conflict' }),
    );
    expect(inspectTarget(place, paths, 'replace').collisions).toEqual([]);
  });

  test.each([
    ['a link where a file should be', (place: string) => symlinkSync('/nowhere', join(place, 'a.txt'))],
    ['a folder where a file should be', (place: string) => mkdirSync(join(place, 'a.txt'))],
    ['a file where a folder should be', (place: string) => writeFileSync(join(place, 'b'), '')],
    ['a link where a folder should be', (place: string) => symlinkSync('/tmp', join(place, 'b'))],
  ])('%s is a conflict also with force', (_, make) => {
    const place = join(parent, 'x');
    mkdirSync(place);
    make(place);
    expect(() => inspectTarget(place, paths, 'replace')).toThrow(
      expect.objectContaining({ code: 'conflict' }),
    );
  });

  test('a file in the place itself is a conflict', () => {
    writeFileSync(join(parent, 'x'), '');
    expect(() => inspectTarget(join(parent, 'x'), paths, 'replace')).toThrow(
      expect.objectContaining({ code: 'conflict' }),
    );
  });
});
