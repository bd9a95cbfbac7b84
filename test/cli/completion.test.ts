import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BIN, documentOf, makeProgram, type Program } from './program.ts';

/** The tab key, in the shells themselves. */

let program: Program;
let env: NodeJS.ProcessEnv;
let id: string;

beforeAll(async () => {
  program = makeProgram('completion');
  // Shells ask the program that is on PATH.
  const folder = join(program.home, 'bin');
  mkdirSync(folder);
  symlinkSync(BIN, join(folder, 'aichor'));
  env = { ...program.env, PATH: `${folder}:${program.env['PATH']}`, TERM: 'dumb' };
  const submitted = await program.submit(
    '--label',
    'sweep=lr',
    '--project',
    'vision',
    '--message',
    'one: two',
  );
  id = documentOf(submitted).experiment_id.slice(0, 8);
  await program.aichor(['experiments', 'wait', 'latest']);
}, 60_000);
afterAll(() => program.close());

const has = (shell: string) => spawnSync(shell, ['--version']).status === 0;

/** The same lines for every shell: what is typed, and what must be among the answers. */
const LINES: [line: string, among: () => string][] = [
  ['aichor exp', () => 'experiments'],
  ['aichor experiments can', () => 'cancel'],
  ['aichor experiments list --wa', () => '--watch'],
  ['aichor experiments list --output t', () => 'table'],
  ['aichor experiments list --status run', () => 'running'],
  ['aichor experiments get ', () => id],
  ['aichor experiments delete ', () => id],
  ['aichor experiments logs --label swe', () => 'sweep=lr'],
  ['aichor experiments list --project v', () => 'vision'],
  ['aichor experiments submit local --engine l', () => 'local'],
  ['aichor experiments submit local --set spec.command', () => 'spec.command='],
  ['aichor context set engine ', () => 'local'],
  ['aichor experiments open latest tens', () => 'tensorboard'],
  ['aichor experiments exec latest work', () => 'worker-0-0'],
  ['aichor experiments logs latest --pod work', () => 'worker-0-0'],
  ['aichor manifest validate mani', () => 'manifest.yaml'],
  ['aichor manifest explain spec.types.worker.resources.sh', () => 'spec.types.worker.resources.shmSizeGB'],
  ['aichor manifest explain spec.ty', () => 'spec.types.'],
  ['aichor experiments submit local --set spec.types.trial.c', () => 'spec.types.trial.count='],
];

/** Lines that each shell is tried on: each kind of answer once. */
const SOME = LINES.filter((_line, index) => [1, 5, 7, 10, 13].includes(index));

interface Driver {
  /** Runs once, with the lines as arguments. */
  shell: readonly string[];
  /** Prints what is offered for `$LINE`. */
  script: string;
  /** The word of a line that is printed. */
  word(line: string): string;
}

/** What a shell offers for each of the lines, all in one process of it. */
function offered({ shell: [command = '', ...args], script, word }: Driver, lines: readonly string[]) {
  const options = { env, cwd: program.repo, encoding: 'utf8' } as const;
  const said = execFileSync(command, [...args, script, command, ...lines], options);
  const parts = said.split('---\n').slice(1);
  return new Map(lines.map((line, at) => [line, (parts[at] ?? '').trim().split('\n').map(word)]));
}

const BASH: Driver = {
  shell: ['bash', '--norc', '-c'],
  script: [
    'eval "$(aichor completion bash)"',
    'for LINE in "$@"; do echo ---; COMP_LINE="$LINE"; COMP_POINT=${#COMP_LINE}',
    // As readline cuts it: at blanks and at `=`.
    'read -ra COMP_WORDS <<<"${LINE//=/ = }"; [[ $LINE == *" " ]] && COMP_WORDS+=("")',
    'COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _aichor; printf "%s\\n" "${COMPREPLY[@]}"; done',
  ].join('\n'),
  word: (line) => line,
};
const FISH: Driver = {
  shell: ['fish', '--no-config', '-c'],
  script: 'aichor completion fish | source; for line in $argv[2..]; echo ---; complete -C "$line"; end',
  word: (line) => line.split('\t', 1)[0] ?? '',
};
const ZSH: Driver = {
  shell: ['zsh', '-f', '-c'],
  // Zsh completes at a terminal only; what its script gives to the builtins is what it would offer.
  script: [
    'compdef() { : }; _describe() { printf "%s\\n" "${(@P)2}" }; _files() { ls }',
    'compadd() { shift 3; printf "%s\\n" "$@" }',
    'eval "$(aichor completion zsh)"',
    'for LINE in "$@"; do echo ---; words=(${(z)LINE}); [[ $LINE == *" " ]] && words+=("")',
    'CURRENT=${#words}; _aichor; done; true',
  ].join('\n'),
  word: (line) => line.split(':', 1)[0] ?? '',
};

function expectAnswers(driver: Driver, lines: typeof LINES): void {
  const answers = offered(
    driver,
    lines.map(([line]) => line),
  );
  for (const [line, among] of lines) expect(answers.get(line), line).toContain(among());
}

describe('the tab key', () => {
  it.skipIf(!has('bash'))('in bash', () => expectAnswers(BASH, LINES), 60_000);
  it.skipIf(!has('fish'))('in fish', () => expectAnswers(FISH, SOME), 60_000);
  it.skipIf(!has('zsh'))('in zsh', () => expectAnswers(ZSH, SOME), 60_000);

  it('replaces what stands behind the last = alone, where the shell cuts words there', () => {
    const line = 'aichor experiments get --label sweep=l';
    expect(offered(BASH, [line]).get(line)).toEqual(['lr']);
  });

  it('offers to cancel only what runs, and never starts a server', () => {
    const line = 'aichor experiments cancel ';
    expect(offered(BASH, [line]).get(line)).toEqual(['']);
    const elsewhere = { ...env, AICHOR_HOME: join(program.home, 'other') };
    const asked = spawnSync(process.execPath, [BIN, 'complete', '--', 'experiments', 'get', ''], {
      env: elsewhere,
    });
    expect(asked).toMatchObject({ status: 0, stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) });
    const status = spawnSync(process.execPath, [BIN, 'server', 'status'], {
      env: elsewhere,
      encoding: 'utf8',
    });
    expect(JSON.parse(status.stdout).running).toBe(false);
  });
});

it('says how to set it up, for the shell of whoever asks', async () => {
  const asked = await program.aichor(['completion'], { more: { SHELL: '/usr/bin/zsh' } });
  expect(asked).toMatchObject({ code: 2, stdout: '' });
  expect(asked.stderr).toContain('aichor completion zsh');
  expect((await program.aichor(['completion', 'fihs'])).stderr).toContain('did you mean fish?');
  expect((await program.aichor(['autocomplete'])).stderr).toContain('aichor completion bash');
});
