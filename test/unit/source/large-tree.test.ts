/** A commit whose list of files is longer than what is taken of a program's output at once. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readTree } from '../../../src/source/cache/tree.ts';

const SIDE = 360;
const LONG = 'n'.repeat(245);

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'aichor-large-tree-'));
  git(['init', '--quiet', '--bare', '--initial-branch=main']);
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function git(args: readonly string[], input = ''): string {
  const who = {
    GIT_AUTHOR_NAME: 'a',
    GIT_AUTHOR_EMAIL: 'a@b',
    GIT_COMMITTER_NAME: 'a',
    GIT_COMMITTER_EMAIL: 'a@b',
  };
  const env = { PATH: process.env['PATH'], HOME: directory, ...who };
  return execFileSync('git', args, { cwd: directory, input, encoding: 'utf8', env }).trim();
}

/** A folder in which one thing stands under many names. */
function folderOf(mode: string, kind: string, oid: string): string {
  const names = Array.from({ length: SIDE }, (_, at) => `${LONG}${String(at).padStart(3, '0')}`);
  return git(['mktree'], names.map((name) => `${mode} ${kind} ${oid}\t${name}\n`).join(''));
}

it('is read as it comes, whole', async () => {
  const file = git(['hash-object', '-w', '--stdin'], 'the same everywhere');
  const tree = folderOf('040000', 'tree', folderOf('100644', 'blob', file));
  const sha = git(['commit-tree', tree, '-m', 'many']);
  const listing = (await readTree(sha, { directory }))?.listing;
  expect(listing?.entries).toHaveLength(SIDE * SIDE);
  expect(listing?.entries.at(-1)).toMatchObject({
    kind: 'file',
    path: `${LONG}${SIDE - 1}/${LONG}${SIDE - 1}`,
    bytes: 19,
  });
});

it('that is not there is nothing', async () => {
  expect(await readTree('0'.repeat(40), { directory })).toBeNull();
});

it('ends when nobody wants it any more', async () => {
  const file = git(['hash-object', '-w', '--stdin'], 'x');
  const sha = git(['commit-tree', folderOf('100644', 'blob', file), '-m', 'some']);
  const reason = new Error('not wanted');
  await expect(readTree(sha, { directory, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});
