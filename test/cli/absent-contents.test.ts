import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { documentOf, makeProgram, type Program } from './program.ts';

/** Submodules that are not checked out, and pointers of Git LFS, of real repositories. */

let program: Program;
beforeAll(() => {
  program = makeProgram('absent', { GIT_CONFIG_NOSYSTEM: '1' });
  const third = join(program.home, 'third');
  mkdirSync(third);
  writeFileSync(join(third, 'lib.py'), '');
  for (const directory of [third, program.repo]) git(directory, 'init', '--quiet', '-b', 'main');
  commit(third);
  git(program.repo, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', third, 'third');
  writeFileSync(join(program.repo, '.gitattributes'), '*.bin filter=lfs diff=lfs merge=lfs -text\n');
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 4096\n`;
  writeFileSync(join(program.repo, 'model.bin'), pointer);
  commit(program.repo);
  git(program.repo, 'submodule', '--quiet', 'deinit', '--force', 'third');
  git(program.repo, 'remote', 'add', 'origin', program.repo);
});
afterAll(() => program.close());

function git(directory: string, ...words: string[]): void {
  execFileSync(
    'git',
    ['-c', 'filter.lfs.clean=cat', '-c', 'user.name=a', '-c', 'user.email=a@b.c', ...words],
    {
      cwd: directory,
      env: { ...process.env, HOME: program.home, GIT_CONFIG_NOSYSTEM: '1' },
    },
  );
}

function commit(directory: string): void {
  git(directory, 'add', '.');
  git(directory, 'commit', '--quiet', '-m', 'files');
}

const SUBMODULE = 'third is a submodule of which nothing is here';
const POINTER = 'model.bin is a pointer of Git LFS';
const absent = async (id: string) => {
  const { notices } = documentOf(await program.aichor(['experiments', 'get', id]));
  return notices.flatMap(({ code, message }: { code: string; message: string }) =>
    /_absent$/.test(code) && code !== 'python_absent' ? [message] : [],
  );
};

it('of a directory', { timeout: 60_000 }, async () => {
  const dry = await program.submit('--dry-run', '--message', 'x');
  expect(dry.code).toBe(0);
  expect(dry.stderr).toContain(SUBMODULE);
  expect(dry.stderr).toContain(POINTER);
  for (const message of ['first', 'the same again']) {
    const submitted = await program.submit('--message', message);
    expect(submitted.stderr.split(SUBMODULE)).toHaveLength(2);
    const { experiment_id } = documentOf(submitted);
    expect(await absent(experiment_id)).toEqual([
      expect.stringContaining(SUBMODULE),
      expect.stringContaining(POINTER),
    ]);
  }
});

it('of a commit', { timeout: 60_000 }, async () => {
  const words = ['experiments', 'submit', 'commit-sha', 'HEAD', '--message', 'x'];
  const dry = await program.aichor([...words, '--dry-run']);
  expect(dry.stderr).toContain('third is a submodule, and it did not come with the commit');
  const { experiment_id } = documentOf(await program.aichor(words));
  expect(await absent(experiment_id)).toEqual([
    expect.stringContaining('submodules: "true"'),
    expect.stringMatching(/model\.bin is a pointer.*submit the directory/),
  ]);
});
