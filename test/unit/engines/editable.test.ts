import { describe, expect, test } from 'vitest';
import { moduleFiles } from '../../../src/engines/local/build/editable/installed.ts';
import { importsOf } from '../../../src/engines/local/build/editable/places.ts';
import { readRequirements } from '../../../src/engines/local/build/editable/requirements.ts';

test('a RECORD’s modules and data, without what describes the distribution', () => {
  const record = [
    'thing/__init__.py,sha256=abc,10',
    'thing/data.json,sha256=abc,10',
    '"thing/a,b.txt",sha256=abc,10',
    'thing/__pycache__/__init__.cpython-311.pyc,,',
    'thing-1.0.dist-info/METADATA,sha256=abc,10',
    'thing-1.0.dist-info/RECORD,,',
    '../../../bin/thing,sha256=abc,10',
    '__editable__.thing.pth,sha256=abc,10',
    'module.py,sha256=abc,10\r',
  ];
  expect(moduleFiles(record.join('\n'))).toEqual([
    'thing/__init__.py',
    'thing/data.json',
    'thing/a,b.txt',
    'module.py',
  ]);
});

describe('an editable distribution is imported from', () => {
  const of = (files: string[], paths: string[]) =>
    importsOf([{ name: 'thing', folder: 'p', files }], {
      has: (path) => paths.includes(path),
      within: () => paths,
    });

  test.each([
    [['thing/a.py'], ['/app/src/thing/a.py', '/app/setup.py'], '/app/src'],
    [['thing/a.py', 'more.py'], ['/app/thing/a.py', '/app/more.py', '/app/old/thing/a.py'], '/app'],
    [['thing/a.py', 'thing/b.py'], ['x/thing/a.py', 'x/y/thing/a.py', 'x/y/thing/b.py'], 'x/y'],
    [['thing.py'], ['thing.py'], ''],
    [['thing.py'], ['/thing.py'], '/'],
  ])('%j in %j: %s', (files, paths, folder) => {
    expect(of(files, paths)).toEqual({ folders: [folder], copied: [] });
  });

  test('the environment when some of it is made by its installation', () => {
    const paths = ['/app/thing/a.py'];
    expect(of(['thing/a.py', 'thing/_version.py'], paths)).toEqual({
      folders: [],
      copied: [{ name: 'thing', missing: 'thing/_version.py' }],
    });
  });

  test('nowhere when it has no modules', () => {
    expect(of([], ['/app/thing/a.py'])).toEqual({ folders: [], copied: [] });
  });
});

test('requirements without -e', () => {
  const text =
    '-e .\n  --editable ./lib[extra]  # ours\n-e git+https://host/x.git#egg=x\n-r more.txt\nnumpy\n';
  expect(readRequirements(text)).toEqual({
    plain: '.\n  ./lib[extra]  # ours\ngit+https://host/x.git#egg=x\n-r more.txt\nnumpy\n',
    editable: ['.', './lib'],
    included: ['more.txt'],
  });
});
