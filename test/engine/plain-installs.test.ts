import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { findEntrance } from '../../src/engines/local/mounts/enter.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
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
async function build(lines: string, env = shell, place = house) {
  const files = {
    ...Object.fromEntries(['one', 'two', 'three'].flatMap(distribution)),
    'pyproject.toml': '[project]\nname = "x"\nversion = "1"\ndependencies = []\n',
    'a.txt': './one\n',
    'b.txt': './two\n',
    Dockerfile: `FROM python\nWORKDIR /srv/aichor-plain\nCOPY . .\n${lines}\n`,
  };
  const experiment = await place.submit({ ...jobset('true'), files, shell: env });
  const { data, notices } = await experiment.build();
  const [programs = ''] = data['programs'] as string[];
  const [python = ''] = await readdir(join(programs, '../lib'));
  const names = await readdir(join(programs, '../lib', python, 'site-packages'));
  return {
    installed: names.filter((name) => /^(?:one|two|three)\.py$|^wheel-/.test(name)).sort(),
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

const withoutUv = () => {
  const folders = (process.env['PATH'] ?? '').split(':').filter((folder) => !existsSync(`${folder}/uv`));
  return { ...shell, PATH: folders.join(':') };
};

test.each(['uv export -o r.txt', 'uv export > r.txt', 'uv pip compile pyproject.toml -o r.txt'])(
  'without uv it is told that nothing is written: %s',
  async (line) => {
    const { installed, notices } = await build(`RUN ${line}\nRUN pip install ./one`, withoutUv());
    expect(installed).toEqual(['one.py']);
    const [, verb] = /^(uv (?:export|pip compile))/.exec(line) ?? [];
    expect(notices).toContainEqual(expect.stringContaining(`line 4 RUN ${verb} (uv is not in PATH`));
  },
);

const PACK = `import sys, zipfile
with zipfile.ZipFile(sys.argv[1] + "/wheel-99.0-py3-none-any.whl", "w") as z:
    info = "wheel-99.0.dist-info/"
    z.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: wheel\\nVersion: 99.0\\n")
    z.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    z.writestr(info + "RECORD", "")
`;

describe('what is built by the environment’s own packages finds wheel, as in an image', async () => {
  const entrance = await findEntrance(process.env, userInfo());
  test.runIf(entrance !== null).each([
    ['RUN pip install --no-build-isolation ./one', true],
    ['RUN pip install --no-build-isolation ./one | cat', true],
    ['ENV PIP_NO_BUILD_ISOLATION=0\nRUN pip install ./one', true],
    ['RUN pip install ./one', false],
  ])('%s', async (line, isThere) => {
    const links = join(house.folder, 'links');
    await mkdir(links, { recursive: true });
    execFileSync('python3', ['-c', PACK, links]);
    const followed = await createHouse();
    try {
      const env = { ...withoutUv(), PIP_NO_INDEX: '1', PIP_FIND_LINKS: links };
      const { installed } = await build(line, env, followed);
      expect(installed).toEqual(['one.py', ...(isThere ? ['wheel-99.0.dist-info'] : [])]);
    } finally {
      await followed.leave();
    }
  });
});
