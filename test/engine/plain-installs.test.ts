import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createHouse, jobset, type House } from './house.ts';
import { projectFiles, smallUvShell } from './small-uv.ts';

let house: House;
let shell: Record<string, string>;
beforeAll(async () => {
  house = await createHouse({ entrance: () => Promise.resolve(null) });
  shell = await smallUvShell(house.folder);
});
afterAll(() => house.leave());

function distribution(name: string): [string, string][] {
  const files = projectFiles(name, '1.0', `[("${name}.py", "")]`);
  return Object.entries(files).map(([path, text]) => [`${name}/${path}`, text]);
}

/** Where no shell follows: what is installed, and what is told. */
async function build(lines: string, env = shell) {
  const files = {
    ...Object.fromEntries(['one', 'two', 'three'].flatMap(distribution)),
    'pyproject.toml': '[project]\nname = "x"\nversion = "1"\ndependencies = []\n',
    'a.txt': './one\n',
    'b.txt': './two\n',
    Dockerfile: `FROM python\nWORKDIR /srv/aichor-plain\nCOPY . .\n${lines}\n`,
  };
  const experiment = await house.submit({ ...jobset('true'), files, shell: env });
  const { data, notices } = await experiment.build();
  const [programs = ''] = data['programs'] as string[];
  const [python = ''] = await readdir(join(programs, '../lib'));
  const names = await readdir(join(programs, '../lib', python, 'site-packages'));
  return {
    installed: names.filter((name) => /^(?:one|two|three)\.py$/.test(name)).sort(),
    notices: notices.map(({ message }) => message),
  };
}

test.each([
  'COPY a.txt r.txt\nRUN pip install -r r.txt\nCOPY b.txt r.txt\nRUN pip install -r r.txt',
  'RUN echo ./one > r.txt && pip install -r r.txt && echo ./two > r.txt && pip install -r r.txt',
  'RUN echo ./one > r.txt\nRUN pip install -r r.txt\nRUN echo ./two > r.txt\nRUN pip install -r r.txt\nRUN echo ./three > r.txt',
])('an install reads the requirements that were there when it stood: %s', async (lines) => {
  expect(await build(lines)).toEqual({ installed: ['one.py', 'two.py'], notices: [] });
});

test.each(['uv export -o r.txt', 'uv export > r.txt', 'uv pip compile pyproject.toml -o r.txt'])(
  'without uv it is told that nothing is written: %s',
  async (line) => {
    const withUv = (folder: string) => existsSync(`${folder}/uv`);
    const path = (process.env['PATH'] ?? '').split(':').filter((folder) => !withUv(folder));
    const env = { ...shell, PATH: path.join(':') };
    const { installed, notices } = await build(`RUN ${line}\nRUN pip install ./one`, env);
    expect(installed).toEqual(['one.py']);
    const [, verb] = /^(uv (?:export|pip compile))/.exec(line) ?? [];
    expect(notices).toContainEqual(expect.stringContaining(`line 4 RUN ${verb} (uv is not in PATH`));
  },
);
