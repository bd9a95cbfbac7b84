import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isAichorError } from '../../../src/errors.ts';
import { parseEngines, readEnginesFile, writeEnginesFile } from '../../../src/server/engines/engines-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aichor-engines-'));
});
afterEach(() => rm(folder, { recursive: true }));

const PATH = '/config/engines.json';
const GOOD = {
  kind: 'kubernetes',
  connection: { kind: 'reference', file: '/home/me/.kube/config', context: 'lab' },
  namespace: 'team',
  settings: { gpu: { mig: 'mixed' } },
};

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (isAichorError(error)) return error.message;
    throw error;
  }
  return 'taken';
}

test('none is there at first', () => {
  expect(readEnginesFile(folder)).toEqual({ entries: [], broken: [] });
});

test('what is written is read again, by its owner only, and may be moved', async () => {
  const stored = { kind: 'stored', file: join(folder, 'kubeconfigs', 'b-1'), context: 'x' } as const;
  const { connection } = GOOD;
  const entries = [
    { name: 'a', connection: { ...connection, kind: 'reference' as const }, namespace: 'team', settings: {} },
    { name: 'b', connection: stored, namespace: 'team', settings: { queue: 'q' } },
    { name: 'c', connection: { kind: 'in-cluster' as const }, namespace: 'other', settings: {} },
  ];
  await writeEnginesFile(folder, { entries, broken: [] });
  expect(readEnginesFile(folder)).toEqual({ entries, broken: [] });
  expect((await stat(join(folder, 'engines.json'))).mode & 0o777).toBe(0o600);
  expect(await readFile(join(folder, 'engines.json'), 'utf8')).not.toContain(folder);
});

test('an entry that cannot be understood stands in nobody’s way, and stays as it is', async () => {
  const engines = { good: GOOD, bad: { ...GOOD, settings: { gpu: { mgi: 'mixed' } } } };
  await writeFile(join(folder, 'engines.json'), JSON.stringify({ engines }));
  const file = readEnginesFile(folder);
  expect(file.entries.map(({ name }) => name)).toEqual(['good']);
  expect(file.broken).toMatchObject([{ name: 'bad', value: engines.bad }]);
  expect(file.broken[0]?.error).toMatchObject({
    message: `${join(folder, 'engines.json')}, "engines.bad.settings": there is no setting "gpu.mgi"`,
    hint: 'did you mean "gpu.mig"?',
  });
  await writeEnginesFile(folder, file);
  expect(JSON.parse(await readFile(join(folder, 'engines.json'), 'utf8')).engines).toEqual(engines);
});

describe('by file and key', () => {
  test.each([
    ['{', 'is not valid JSON'],
    ['[]', 'is not a JSON object'],
    ['{"engine": {}}', 'has the unknown key "engine"; there is only "engines"'],
    ['{"engines": []}', 'has no object at "engines"'],
  ])('a file %s is refused', (text, said) => {
    expect(refusal(() => parseEngines(text, PATH))).toBe(`the file of engines, ${PATH}, ${said}`);
  });

  test.each([
    ['x', 'has no object at "engines.lab"'],
    [{ ...GOOD, kind: 'slurm' }, 'has "slurm" at "engines.lab.kind", where "kubernetes" belongs'],
    [
      { ...GOOD, token: 'x' },
      'has the unknown key "engines.lab.token"; there are kind, connection, namespace, settings',
    ],
    [{ ...GOOD, namespace: 7 }, 'has no text at "engines.lab.namespace", where one belongs'],
    [{ kind: 'kubernetes', connection: { kind: 'in-cluster' } }, 'lacks "engines.lab.namespace"'],
    [
      { ...GOOD, connection: {} },
      'has undefined at "engines.lab.connection.kind", where "reference", "stored" or "in-cluster" belongs',
    ],
    [{ ...GOOD, connection: { kind: 'reference', file: '/x' } }, 'lacks "engines.lab.connection.context"'],
  ])('an entry %j is broken', (value, said) => {
    const { broken } = parseEngines(JSON.stringify({ engines: { lab: value } }), PATH);
    expect(broken.map(({ error }) => error.message)).toEqual([`the file of engines, ${PATH}, ${said}`]);
  });
});
