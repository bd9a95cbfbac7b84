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
