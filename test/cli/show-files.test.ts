import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { documentOf, errorOf, makeProgram, type Program } from './program.ts';

let program: Program;
beforeAll(() => {
  program = makeProgram('show-files');
  const files = {
    '.gitignore': 'data/\n*.tmp\n',
    '.aichorignore': '# ours\nnotes.md\n!kept.tmp\n',
    'data/big.bin': 'x',
    'a.tmp': '',
    'sub/b.tmp': '',
    'kept.tmp': '1234',
    'notes.md': '',
    '.venv/bin/python': '',
    'strange\u001b[2J.pyc': '',
    '.git/config': '',
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(program.repo, path)), { recursive: true });
    writeFileSync(join(program.repo, path), text);
  }
  mkdirSync(join(program.repo, 'empty'));
});
afterAll(() => program.close());

const SENT = ['.aichorignore', '.gitignore', 'empty/', 'kept.tmp', 'main.sh', 'manifest.yaml'];
const LEFT_OUT = [
  { file: '.gitignore', line: 2, pattern: '*.tmp', count: 2, paths: ['a.tmp', 'sub/b.tmp'] },
  { file: null, line: null, pattern: '.git', count: 1, paths: ['.git/'] },
  { file: null, line: null, pattern: '.venv', count: 1, paths: ['.venv/'] },
  { file: '.gitignore', line: 1, pattern: 'data/', count: 1, paths: ['data/'] },
  { file: '.aichorignore', line: 2, pattern: 'notes.md', count: 1, paths: ['notes.md'] },
  { file: null, line: null, pattern: '*.pyc', count: 1, paths: ['strange\u001b[2J.pyc'] },
];

const experiments = async () => documentOf(await program.aichor(['experiments', 'list'])).experiments;

test.each([
  ['submit local', ['submit', 'local']],
  ['sweep', ['sweep', '--grid', 'RATE=1,2']],
])('%s --dry-run: the document has each path, and the rule of each that stays', async (_what, command) => {
  const asked = ['experiments', ...command, '--dry-run'];
  const document = documentOf(await program.aichor([...asked, '--show-files']));
  expect(document.files_sent.map(({ path }: { path: string }) => path)).toEqual(SENT);
  expect(document.files_sent).toContainEqual({ path: 'kept.tmp', bytes: 4 });
  expect(document.files_sent).toContainEqual({ path: 'empty/', bytes: 0 });
  expect(document.left_out).toEqual(LEFT_OUT);
  expect(documentOf(await program.aichor(asked)).files_sent).toBeNull();
  const { stdout } = await program.aichor([...asked, '--show-files', '--output', 'table']);
  for (const line of [
    'sent: 5 files, ',
    '4 B  kept.tmp',
    '  by .gitignore:2 *.tmp\n    a.tmp\n    sub/b.tmp\n',
    '  always (.venv)\n    .venv/\n',
    '  by .aichorignore:2 notes.md\n    notes.md\n',
  ])
    expect(stdout).toContain(line);
  expect(stdout).not.toContain('\u001b');
});

test('without --dry-run they are on stderr, and the submission goes on', async () => {
  expect(await experiments()).toEqual([]);
  const { code, stdout, stderr } = await program.submit('--show-files', '--quiet', '--wait');
  expect(code, stderr).toBe(0);
  expect((await experiments()).map((one: { experiment_id: string }) => one.experiment_id)).toEqual([
    stdout.trim(),
  ]);
  for (const path of SENT) expect(stderr).toContain(`B  ${path}\n`);
  expect(stderr).toContain('  always (.git)\n    .git/\n');
  const swept = await program.aichor([
    ...['experiments', 'sweep', '--grid', 'RATE=1', '--show-files', '--name', 'one'],
  ]);
  expect(documentOf(swept).experiments).toHaveLength(1);
  expect(swept.stderr).toContain('  by .gitignore:1 data/\n    data/\n');
});

test('a commit is fetched by the server: nothing of a directory is sent', async () => {
  const outcome = await program.aichor([
    ...['experiments', 'sweep', '--grid', 'RATE=1', '--commit-sha', 'HEAD', '--show-files', '--dry-run'],
  ]);
  expect(outcome).toMatchObject({ code: 2, stdout: '' });
  expect(errorOf(outcome).code).toBe('usage');
});
