import { describe, expect, test } from 'vitest';
import {
  absentContents,
  lfsPatterns,
  submodulePaths,
  type Arrival,
  type RepositoryContents,
} from '../../../src/repository/git-contents.ts';

const POINTER = `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 132735\n`;
const DIRECTORY: Arrival = { clone: null, context: '.' };
const COMMIT: Arrival = { clone: { submodules: 'false' }, context: '.' };

/** A path that ends in `/` is an empty folder. */
function repository(tree: Record<string, string>, read: string[] = []): RepositoryContents {
  const files = Object.keys(tree).filter((path) => !path.endsWith('/'));
  return {
    has: (path) => files.includes(path),
    hasFolder: (path) => Object.keys(tree).some((each) => each.startsWith(`${path}/`)),
    list: () => files,
    files: () => files.map((path) => ({ path, bytes: Buffer.byteLength(tree[path] ?? '') })),
    read: async (path) => {
      read.push(path);
      return Buffer.from(tree[path] ?? '');
    },
  };
}

const told = async (tree: Record<string, string>, origin: Arrival) =>
  (await absentContents(repository(tree), origin)).map(({ code, message }) => `${code}: ${message}`);

const THIRD = '[submodule "third"]\n\tpath = third\n\turl = ../third.git\n';

describe('submodules', () => {
  test.each<[string, Record<string, string>, Arrival, string[]]>([
    ['none are named', { 'third/': '' }, DIRECTORY, []],
    ['it is checked out', { '.gitmodules': THIRD, 'third/lib.py': '' }, DIRECTORY, []],
    [
      'its folder is empty',
      { '.gitmodules': THIRD, 'third/': '' },
      DIRECTORY,
      [
        'submodules_absent: third is a submodule of which nothing is here; bring it with: git submodule update --init --recursive',
      ],
    ],
    ['its folder is gone', { '.gitmodules': THIRD }, DIRECTORY, [expect.stringContaining('third')]],
    ['it was left out on purpose', { '.gitmodules': THIRD, '.aichorignore': '/third/\n' }, DIRECTORY, []],
    ['a commit names what is none any longer', { '.gitmodules': THIRD }, COMMIT, []],
    [
      'a commit without them',
      { '.gitmodules': THIRD, 'third/': '' },
      COMMIT,
      [
        'submodules_absent: third is a submodule, and it did not come with the commit; in the manifest write clone: {includeDotGit: true, submodules: "true"}',
      ],
    ],
    [
      'those of a submodule',
      {
        '.gitmodules': THIRD,
        'third/.gitmodules': '[submodule "a"]\npath = "in ner/"\n',
        'third/in ner/': '',
      },
      { clone: { submodules: 'true' }, context: '.' },
      [expect.stringMatching(/third\/in ner is a submodule.*submodules: "recursive"/)],
    ],
    [
      'many',
      {
        '.gitmodules': ['a', 'b', 'c', 'd', 'e'].map((path) => `path=${path}\n`).join(''),
        ...{ 'a/': '', 'b/': '', 'c/': '', 'd/': '', 'e/x': '' },
      },
      DIRECTORY,
      [expect.stringContaining('a, b, c and 1 more are submodules')],
    ],
  ])('%s', async (_, tree, origin, expected) => {
    expect(await told(tree, origin)).toEqual(expected);
  });

  test('paths that lead out are none', () => {
    expect(submodulePaths('path = ../x\npath = /y\npath = .\n\tpath = a/b/\r\nurl = path = c\n')).toEqual([
      'a/b',
    ]);
  });
});

describe('pointers of Git LFS', () => {
  const BINARY = '*.bin filter=lfs diff=lfs merge=lfs -text\n';
  test.each<[string, Record<string, string>, Arrival, string[]]>([
    [
      'one',
      { '.gitattributes': BINARY, 'models/m.bin': POINTER },
      DIRECTORY,
      [
        'lfs_contents_absent: models/m.bin is a pointer of Git LFS, not what it stands for; bring it with: git lfs pull',
      ],
    ],
    ['its content', { '.gitattributes': BINARY, 'm.bin': '\0'.repeat(130) }, DIRECTORY, []],
    ['no pattern is about it', { '.gitattributes': BINARY, 'm.txt': POINTER }, DIRECTORY, []],
    ['too long to be one', { '.gitattributes': BINARY, 'm.bin': POINTER + ' '.repeat(1024) }, DIRECTORY, []],
    [
      'several, of a commit',
      { '.gitattributes': BINARY, 'a.bin': POINTER, 'b.bin': POINTER },
      COMMIT,
      [
        expect.stringMatching(
          /^lfs_contents_absent: 2 files are pointers of Git LFS.*: a\.bin, b\.bin; .*commit/,
        ),
      ],
    ],
    [
      'as the context says',
      {
        'src/app/.gitattributes': '/data/** filter=lfs\n',
        'src/app/data/x/y.npz': POINTER,
        'data/z': POINTER,
      },
      { clone: null, context: 'src/app' },
      [expect.stringContaining('src/app/data/x/y.npz is a pointer')],
    ],
    [
      'more than are looked into',
      {
        '.gitattributes': BINARY,
        ...Object.fromEntries(Array.from({ length: 1001 }, (_, index) => [`${index}.bin`, POINTER])),
      },
      DIRECTORY,
      [expect.stringContaining('at least 1000 files')],
    ],
  ])('%s', async (_, tree, origin, expected) => {
    expect(await told(tree, origin)).toEqual(expected);
  });

  test('patterns as they are written', () => {
    const text = [
      '# *.no filter=lfs',
      '[attr]big filter=lfs -text',
      '*.pt big',
      '"a b.bin" filter=lfs',
      'my[[:space:]]model.bin\tfilter=lfs diff=lfs',
      '*.py text',
    ].join('\r\n');
    expect(lfsPatterns(text)).toEqual(['*.pt', 'a b.bin', 'my[[:space:]]model.bin']);
  });

  test('nothing else is read', async () => {
    const read: string[] = [];
    const tree = {
      '.gitattributes': BINARY,
      'main.py': POINTER,
      'big.bin': 'x'.repeat(5000),
      'm.bin': POINTER,
    };
    await absentContents(repository(tree, read), DIRECTORY);
    expect(read).toEqual(['.gitattributes', 'm.bin']);
    await absentContents(repository({ 'main.py': POINTER }, read), DIRECTORY);
    expect(read).toHaveLength(2);
  });
});
