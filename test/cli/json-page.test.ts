import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { documentOf, makeProgram, type Program } from './program.ts';

/** What docs/json.md says that commands print is what they print. */

const page = readFileSync(join(import.meta.dirname, '../../docs/json.md'), 'utf8');
const sections = new Map(
  page.split(/^### /m).map((text) => [/^\w+/.exec(text)?.[0], text.split(/^## /m)[0] ?? ''] as const),
);

interface Told {
  always: string[];
  sometimes: string[];
}

/** The names at the top of a document, those of its base among them. */
function toldOf(name: string): Told {
  const text = sections.get(name) ?? '';
  const base = /All fields of \[(\w+)\]/.exec(text)?.[1];
  const rows = Array.from(text.matchAll(/^\| `([^`.]+)` \| (.*?) \| /gm), ([, field = '', type = '']) => ({
    field,
    isSure: !type.includes('may be missing'),
  }));
  const before = base === undefined ? { always: [], sometimes: [] } : toldOf(base);
  return {
    always: [...before.always, ...rows.filter(({ isSure }) => isSure).map(({ field }) => field)],
    sometimes: [...before.sometimes, ...rows.filter(({ isSure }) => !isSure).map(({ field }) => field)],
  };
}

/** The document that a command prints, by the table of commands. */
function documentNamed(command: string): string {
  const row = page.split('\n').find((line) => line.startsWith(`| \`${command}\` |`)) ?? '';
  return /\[(\w+)\]\(#/.exec(row)?.[1] ?? '';
}

function expectTold(printed: Record<string, unknown>, name: string): void {
  const { always, sometimes } = toldOf(name);
  expect(always.length, name).toBeGreaterThan(0);
  const keys = Object.keys(printed).filter((key) => !sometimes.includes(key));
  expect(keys.toSorted(), name).toEqual(always.toSorted());
}

let program: Program;
let ended: string;
beforeAll(async () => {
  program = makeProgram('json-page');
  ended = documentOf(await program.submit('--wait', '--output', 'json')).experiment_id;
  const sweep = ['experiments', 'sweep', '--name', 'told', '--grid', 'RATE=1,2', '--wait'];
  documentOf(await program.aichor(sweep));
}, 60_000);
afterAll(() => program.close());

describe('docs/json.md', () => {
  it.each([
    ['experiments list'],
    ['experiments get'],
    ['experiments note', 'latest', 'seen'],
    ['sweeps list'],
    ['sweeps get', 'told'],
    ['sweeps results', 'told'],
    ['sweeps resume', 'told'],
    ['sweeps wait', 'told'],
    ['engines list'],
    ['engines get', 'local'],
    ['engines check', 'local'],
    ['storage list'],
    ['manifest validate'],
    ['manifest render'],
    ['manifest explain'],
    ['commits explain', 'EXP: it'],
    ['context show'],
    ['auth status'],
    ['server status'],
    ['projects list'],
    ['audit'],
  ])('tells what `%s` prints', async (command, ...more) => {
    const outcome = await program.aichor([...command.split(' '), ...more, '--output', 'json']);
    expectTold(documentOf(outcome), documentNamed(command));
  });

  it('tells what a submission, a dry run and a failure print', async () => {
    expectTold(documentOf(await program.submit('--dry-run', '--output', 'json')), 'DryRun');
    const submitted = documentOf(await program.submit('--output', 'json'));
    const row = page.split('\n').find((line) => line.startsWith('| `experiments submit local` |')) ?? '';
    const named = Array.from((row.split('With `--wait`')[0] ?? '').matchAll(/`(\w+)`/g), ([, name]) => name);
    expect(Object.keys(submitted).toSorted()).toEqual(named.toSorted());
    expectTold(submitted.upload, 'Upload');
    const { code, stdout, stderr } = await program.aichor(['experiments', 'get', 'ffff', '--output', 'json']);
    expect([code, stdout]).toEqual([5, '']);
    expectTold(JSON.parse(stderr), 'Error');
  });

  it('tells of lines of logs and of changes', async () => {
    for (const [command, ...more] of [['experiments logs', ended], ['events']] as const) {
      const { stdout } = await program.aichor([...command.split(' '), ...more, '--output', 'json']);
      for (const line of stdout.trim().split('\n')) expectTold(JSON.parse(line), documentNamed(command));
    }
  });
});
