import { expect, test } from 'vitest';
import { FILE_MODE, ImageTree, type TreeNode } from '../../../src/dockerfile/tree/image-tree.ts';

const file: TreeNode = { kind: 'file', origin: { kind: 'text', text: '' }, mode: FILE_MODE };
const linkTo = (target: string): TreeNode => ({ kind: 'link', target });

test('what is added goes where links lead at that time', () => {
  const tree = new ImageTree();
  tree.add('/data/first', file);
  tree.remove('/data');
  tree.add('/data', linkTo('/disk'));
  tree.add('/data/second', file);
  expect([...tree.paths()].sort()).toEqual(['/data', '/disk', '/disk/second']);
  tree.put('/data', linkTo('/other'));
  tree.add('/data/third', file);
  expect(tree.has('/other/third')).toBe(true);
  tree.remove('/data');
  tree.add('/data/fourth', file);
  expect([tree.get('/data')?.kind, tree.has('/data/fourth')]).toEqual(['folder', true]);
});

test('what is added into a folder that a file has replaced makes it a folder again', () => {
  const tree = new ImageTree();
  tree.add('/data/first', file);
  tree.add('/data', file);
  tree.add('/data/second', file);
  expect([...tree.entries()].map(([path, { kind }]) => [path, kind])).toEqual([
    ['/data', 'folder'],
    ['/data/second', 'file'],
  ]);
});
