import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createHouse, jobset, type House, type Submission } from './house.ts';
import { projectFiles, smallUvShell } from './small-uv.ts';

let house: House;
let shell: Record<string, string>;
beforeAll(async () => {
  house = await createHouse();
  shell = await smallUvShell(house.folder);
});
afterAll(() => house.leave());

const BARE = {
  ...projectFiles('thing', '1.0', '[("thing/__init__.py", open("thing/__init__.py").read())]'),
  'thing/__init__.py': 'VERSION = 1\n',
  'train.py': 'import thing\n',
};
const PROJECT = { ...BARE, Dockerfile: 'FROM python\nWORKDIR /app\nCOPY . .\nRUN pip install .\n' };

async function built(files: Record<string, string>, more: Partial<Submission> = {}): Promise<boolean> {
  const experiment = await house.submit({ ...jobset('true'), files, shell, ...more });
  return (await experiment.build()).message.startsWith('environment built');
}

test.each<[string, number, Record<string, string>]>([
  ['an install line', 30, PROJECT],
  ['its pyproject.toml alone', 3, BARE],
])(
  'a project that %s installs is, in %i submits, built once, whatever stands beside what its build reads',
  { timeout: 120_000 },
  async (_, submits, files) => {
    expect(await built(files)).toBe(true);
    for (let submit = 1; submit < submits; submit++) {
      const beside = { 'ids.txt': 'x\n'.repeat(submit), 'notes.ipynb': `{"cells": [${submit}]}` };
      expect(await built({ ...files, ...beside })).toBe(false);
    }
    expect(await built({ ...files, 'thing/__init__.py': 'VERSION = 2\n' })).toBe(true);
    expect(await built({ ...files, 'thing/more.py': '' })).toBe(true);
    // What was built first is still there.
    expect(await built(files)).toBe(false);
  },
);

test('several submits at the same moment build one', { timeout: 60_000 }, async () => {
  const files = { ...PROJECT, 'thing/__init__.py': 'VERSION = 3\n' };
  const submits = [1, 2, 3, 4].map((each) => built({ ...files, 'ids.txt': String(each) }));
  expect((await Promise.all(submits)).filter((isNew) => isNew)).toEqual([true]);
});

test('--rebuild builds anew, and the next takes that', { timeout: 60_000 }, async () => {
  const files = { ...PROJECT, 'thing/__init__.py': 'VERSION = 4\n' };
  expect(await built(files)).toBe(true);
  expect(await built(files, { rebuild: true })).toBe(true);
  expect(await built(files)).toBe(false);
});

/** A repository with a package, which gets further commits. */
async function packageInGit(): Promise<{ folder: string; commit: (value: string) => string }> {
  const folder = await mkdtemp(join(house.folder, 'git-'));
  const git = (...words: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b.c', ...words], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null' },
    }).trim();
  git('init', '--quiet', '-b', 'main');
  const commit = (value: string) => {
    const files = projectFiles('thing', value, `[("thing.py", "VALUE = ${value}")]`);
    for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text);
    git('add', '.');
    git('commit', '--quiet', '-m', value);
    return git('rev-parse', 'HEAD');
  };
  return { folder, commit };
}

test(
  'an environment of a branch says how old it is, and --rebuild brings the branch up to date',
  { timeout: 120_000 },
  async () => {
    const { folder, commit } = await packageInGit();
    const first = commit('1');
    const submit = async (revision: string, more: Partial<Submission> = {}) => {
      const files = { 'requirements.txt': `git+file://${folder}@${revision}\n` };
      const experiment = await house.submit({ ...jobset('true'), files, shell, ...more });
      const { message, notices } = await experiment.build();
      const told = notices.filter(({ code }) => code === 'environment_not_pinned');
      return { isNew: message.startsWith('environment built'), told: told.map((each) => each.message) };
    };
    expect(await submit('main')).toEqual({ isNew: true, told: [] });
    const second = commit('2');
    expect(await submit('main')).toEqual({
      isNew: false,
      told: [expect.stringMatching(`old.*thing \\(main, ${first.slice(0, 8)}\\); --rebuild`)],
    });
    expect(await submit('main', { rebuild: true })).toEqual({ isNew: true, told: [] });
    expect(await submit('main')).toMatchObject({ told: [expect.stringContaining(second.slice(0, 8))] });
    expect(await submit(first)).toEqual({ isNew: true, told: [] });
    expect(await submit(first)).toEqual({ isNew: false, told: [] });
  },
);
