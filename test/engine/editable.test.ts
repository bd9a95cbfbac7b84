import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ExperimentFact } from '../../src/experiment/event.ts';
import { planPeak } from '../../src/experiment/plan/totals.ts';
import { createHouse, jobset, type House, type Submission } from './house.ts';
import { projectFiles, smallUvShell } from './small-uv.ts';

let house: House;
let shell: Record<string, string>;
beforeAll(async () => {
  house = await createHouse();
  shell = await smallUvShell(house.folder);
});
afterAll(() => house.leave());

/** A project with its code in `src`, whose backend packs that and, if asked, a file that it makes. */
const PROJECT = {
  ...projectFiles(
    'thing',
    '1.0',
    '[("thing/" + n, open("src/thing/" + n).read()) for n in os.listdir("src/thing")] + ([("thing/_version.py", "MADE = True\\n")] if os.path.exists("generate") else [])',
  ),
  'src/thing/__init__.py': [
    'import pathlib',
    'ROOT = pathlib.Path(__file__).resolve().parents[2]',
    'def setting(): return (ROOT / "configs" / "a.txt").read_text()',
    '',
  ].join('\n'),
  'configs/a.txt': 'from the repository',
  'scripts/train.py': 'import thing; print(thing.setting())\n',
};

async function run(files: Record<string, string>, more: Partial<Submission> = {}) {
  const experiment = await house.submit({
    ...jobset('cd scripts && python train.py'),
    files,
    shell,
    ...more,
  });
  const build = await experiment.build();
  const facts: ExperimentFact[] = [];
  const context = await experiment.context();
  const run = { ...context, build, admitted: planPeak(experiment.plan) };
  for await (const fact of house.engine.run(run)) facts.push(fact);
  return {
    codes: facts.flatMap((fact) => (fact.type === 'notice' ? [fact.code] : [])),
    printed: `${await experiment.printed('worker-0-0')}${await experiment.printed('worker-0-0', 'stderr')}`,
  };
}

const dockerfile = (install: string) => `FROM python\nWORKDIR /srv/aichor-test\nCOPY . .\nRUN ${install}\n`;
const good = { printed: 'from the repository', codes: [] };

test.each(['pip install -e .', 'uv pip install --system -e .', 'pip install -r editable.txt', 'uv sync'])(
  'what an image has editable (%s) is imported from the pod’s own sources',
  async (install) => {
    const files = { ...PROJECT, Dockerfile: dockerfile(install), 'editable.txt': '-e .\n' };
    expect(await run(files)).toEqual(good);
  },
);

test('so is a project that only its pyproject.toml describes', async () => {
  expect(await run(PROJECT)).toEqual(good);
  const inside = Object.fromEntries(Object.entries(PROJECT).map(([path, text]) => [`demo/${path}`, text]));
  expect(await run(inside, { builder: { context: 'demo' } })).toEqual(good);
  expect(await run({ ...PROJECT, Dockerfile: 'FROM python\nCOPY . /srv/x\nWORKDIR /srv/x\n' })).toEqual(good);
});

test.each(['pip install .', 'uv sync --no-editable'])(
  'an ordinary installation (%s) is not',
  async (install) => {
    expect((await run({ ...PROJECT, Dockerfile: dockerfile(install) })).printed).toContain(
      'FileNotFoundError',
    );
  },
);

test('nor one with files that are made meanwhile, and that is said', async () => {
  const train = 'import thing._version; print(thing._version.MADE)\n';
  const made = { ...PROJECT, generate: '', 'scripts/train.py': train };
  const files = { ...made, Dockerfile: dockerfile('pip install -e .') };
  expect(await run(files)).toEqual({ printed: 'True', codes: ['editable_copied'] });
});

test('a variable of the manifest goes before it', async () => {
  const files = { ...PROJECT, 'other/thing.py': 'def setting(): return "from the other"\n' };
  expect(await run(files, { env: { PYTHONPATH: '../other' } })).toMatchObject({ printed: 'from the other' });
});
